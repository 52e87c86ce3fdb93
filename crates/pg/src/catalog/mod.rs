//! What the catalogs say of a database, as values of core.
//!
//! Every query is set-based: the number of round trips does not grow with the number of tables.
//! Everything here reads only and runs inside whatever transaction is open on the session, so that
//! a caller under a snapshot sees that snapshot. Expects a session with `search_path = ''`.

pub mod activity;
pub mod altered;
pub mod archive_facts;
pub mod build_definitions;
pub mod collations;
pub mod database;
pub mod emptying;
pub mod evaluations;
pub mod extensions;
pub(crate) mod extent;
pub mod identities;
pub mod inherited_checks;
pub mod instance;
pub mod integer_keys;
pub mod objects;
pub mod ours;
pub mod ownership;
mod partition_trees;
pub mod rights;
pub mod sequences;
pub mod surroundings;
pub mod table_facts;
pub mod tables;
pub mod type_facts;
pub mod value_encoding;
pub mod wide_rows;

use tokio_postgres::Row;
use transhume_wire::ident::QualifiedName;

use crate::connection::error::PgError;

/// A name from the columns `schema_name` and `name_column`.
pub(crate) fn qualified_name(row: &Row, name_column: &str) -> Result<QualifiedName, PgError> {
    Ok(QualifiedName::new(
        row.try_get::<_, String>("schema_name")?,
        row.try_get::<_, String>(name_column)?,
    ))
}
