//! What stays of our own on a database that a fence closed: the right to write there what its successor
//! sends back.

use transhume_core::{sequence::Sequence, table::Table};
use transhume_wire::ident::quote_identifier;

use crate::{
    connection::{error::PgError, session::Session},
    state::{rights::Lockable, undo::Undo},
};

/// Statements that let our role write tables and set sequences, and what takes it back; none for a superuser,
/// who needs no grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnGrants {
    pub role: String,
    pub grant: Vec<String>,
    pub revoke: Vec<Undo>,
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
    let of_tables = tables.iter().map(|table| table.name.clone()).collect::<Vec<_>>();
    let of_sequences = sequences.iter().map(|sequence| sequence.name.clone()).collect();
    let (grant, revoke) = [(Lockable::Table, of_tables), (Lockable::Sequence, of_sequences)]
        .into_iter()
        .filter(|(_, objects)| !objects.is_empty())
        .map(|(on, objects)| {
            let names: Vec<String> = objects.iter().map(ToString::to_string).collect();
            let (writing, word, names) = (on.writing(), on.word(), names.join(", "));
            let role = role.clone();
            (
                format!("grant {writing} on {word} {names} to {quoted}"),
                Undo::Revoke { on, objects, role },
            )
        })
        .unzip();
    Ok(Some(OwnGrants { role, grant, revoke }))
}
