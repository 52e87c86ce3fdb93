//! The reverse migration's state, on the old source, where its rows are written.
//!
//! Same schema as a forward one's. Invariants: it exists whole before anything is changed for it; its
//! frontier is set once, to a position of the target that nothing written by the forward stream follows.

use tokio_postgres::types::Type;
use transhume_core::table::Table;
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use super::{
    load::plan,
    migration::{self, NewMigration},
};
use crate::connection::{error::PgError, session::Session};

/// Creates it with these tables of the reverse stream's source, in one transaction.
pub async fn create(old_source: &mut Session, new: &NewMigration, tables: &[&Table]) -> Result<(), PgError> {
    let transaction = old_source.build_transaction().read_only(false).start().await?;
    migration::create_within(&transaction, new).await?;
    transaction
        .batch_execute(include_str!("sql/way_back/mark_reverse.sql"))
        .await?;
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let schemas: Vec<&str> = tables.iter().map(|table| table.name.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|table| table.name.name.as_str()).collect();
    let columns: Vec<Vec<&str>> = tables
        .iter()
        .map(|table| {
            table
                .written_columns()
                .map(|column| column.name.as_str())
                .collect()
        })
        .collect();
    let columns = serde_json::to_value(columns).expect("lists of names are plain data");
    transaction
        .execute(
            include_str!("sql/way_back/insert_relations.sql"),
            &[&oids, &schemas, &names, &columns],
        )
        .await?;
    plan::insert_partitions(&transaction, tables).await?;
    Ok(transaction.commit().await?)
}

/// From here on the reverse stream may be followed; false when it was begun before.
pub async fn begin(old_source: &Session, start: Lsn) -> Result<bool, PgError> {
    let moved = old_source
        .execute_typed(
            include_str!("sql/way_back/begin.sql"),
            &[(&start.to_string(), Type::TEXT)],
        )
        .await?;
    Ok(moved == 1)
}

/// Where the WAL of this server ends now, written out or not.
pub async fn insert_position(session: &Session) -> Result<Lsn, PgError> {
    let row = session
        .query_typed_one(include_str!("sql/way_back/insert_position.sql"), &[])
        .await?;
    Ok(row
        .get::<_, &str>(0)
        .parse()
        .expect("the server prints pg_lsn as X/Y"))
}

/// Part of the transaction that opens the target: a reverse stream comes with it.
pub async fn set_open(target: &impl tokio_postgres::GenericClient) -> Result<(), PgError> {
    Ok(target
        .batch_execute(include_str!("sql/way_back/set_open.sql"))
        .await?)
}

/// Foreign keys that these tables have or are referenced by.
pub async fn foreign_keys(session: &Session, tables: &[Table]) -> Result<Vec<QualifiedName>, PgError> {
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let rows = session
        .query(include_str!("sql/way_back/foreign_keys.sql"), &[&oids])
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            QualifiedName::new(
                row.get::<_, String>("schema_name"),
                row.get::<_, String>("constraint_name"),
            )
        })
        .collect())
}
