//! What stays of our own on a database that a fence closed: the right to write there what its successor
//! sends back.

use transhume_core::{sequence::Sequence, table::Table};
use transhume_wire::ident::quote_identifier;

use crate::connection::{error::PgError, session::Session};

/// Statements that let our role write tables and set sequences, and those that take it back; none for a superuser,
/// who needs no grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnGrants {
    pub role: String,
    pub grant: Vec<String>,
    pub revoke: Vec<String>,
}

/// Grants are given in the name of the owners, whose member our role is.
pub async fn own_grants(
    session: &Session,
    tables: &[Table],
    sequences: &[Sequence],
) -> Result<Option<OwnGrants>, PgError> {
    let row = session.query_one(include_str!("sql/own_role.sql"), &[]).await?;
    let (role, superuser): (String, bool) = (row.get("role"), row.get("superuser"));
    if superuser || tables.is_empty() && sequences.is_empty() {
        return Ok(None);
    }
    let quoted = quote_identifier(&role);
    let names = [
        (
            "insert, update, delete, truncate on table",
            tables
                .iter()
                .map(|table| table.name.to_string())
                .collect::<Vec<_>>(),
        ),
        (
            "usage, update on sequence",
            sequences
                .iter()
                .map(|sequence| sequence.name.to_string())
                .collect(),
        ),
    ];
    let granted = names.iter().filter(|(_, names)| !names.is_empty());
    let (grant, revoke) = granted
        .map(|(what, names)| {
            let names = names.join(", ");
            (
                format!("grant {what} {names} to {quoted}"),
                format!("revoke {what} {names} from {quoted}"),
            )
        })
        .unzip();
    Ok(Some(OwnGrants { role, grant, revoke }))
}
