//! The databases of a server.
//!
//! Reads only. Owns which of them this role may connect to, and whether one holds anything of its users.

use crate::connection::{error::PgError, session::Session};

/// A database as the server's list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedDatabase {
    pub name: String,
    pub may_connect: bool,
}

/// All that are no templates, by name.
pub async fn databases(session: &Session) -> Result<Vec<ListedDatabase>, PgError> {
    let rows = session
        .query(include_str!("sql/databases_of_instance.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ListedDatabase {
                name: row.try_get("name")?,
                may_connect: row.try_get("may_connect")?,
            })
        })
        .collect()
}

/// Tables, views and sequences of the database of this session that are its users'.
pub async fn own_relations(session: &Session) -> Result<i64, PgError> {
    let row = session
        .query_one(include_str!("sql/own_relations.sql"), &[])
        .await?;
    Ok(row.try_get(0)?)
}
