//! What stays of our own on a database that a fence closed: the right to write there what its successor
//! sends back.

use transhume_core::table::Table;
use transhume_wire::ident::quote_identifier;

use crate::{error::PgError, session::Session};

/// Statements that let our role write these tables, and those that take it back; none for a superuser, who
/// needs no grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnGrants {
    pub role: String,
    pub grant: String,
    pub revoke: String,
}

/// Grants are given in the name of the tables' owners, whose member our role is.
pub async fn own_grants(session: &Session, tables: &[Table]) -> Result<Option<OwnGrants>, PgError> {
    let row = session.query_one(include_str!("sql/own_role.sql"), &[]).await?;
    let (role, superuser): (String, bool) = (row.get("role"), row.get("superuser"));
    if superuser || tables.is_empty() {
        return Ok(None);
    }
    let list: Vec<String> = tables.iter().map(|table| table.name.to_string()).collect();
    let (list, quoted) = (list.join(", "), quote_identifier(&role));
    Ok(Some(OwnGrants {
        grant: format!("grant insert, update, delete, truncate on table {list} to {quoted}"),
        revoke: format!("revoke insert, update, delete, truncate on table {list} from {quoted}"),
        role,
    }))
}
