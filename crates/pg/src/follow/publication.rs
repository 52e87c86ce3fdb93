//! The publication on the source: an explicit list of tables, made before the slot.
//!
//! A publication that the slot's history does not know makes every decode fail, so it always comes
//! first. Tables are named with ONLY: each table of the selection is listed by itself.

use transhume_core::table::Table;
use transhume_wire::ident::{QualifiedName, quote_identifier};

use crate::connection::{error::PgError, session::Session};

/// Creates it for exactly these tables.
pub async fn create(source: &Session, name: &str, tables: &[&Table]) -> Result<(), PgError> {
    let list = tables
        .iter()
        .map(|table| format!("only {}", table.name))
        .collect::<Vec<_>>()
        .join(", ");
    let members = if list.is_empty() {
        String::new()
    } else {
        format!(" for table {list}")
    };
    let statement = format!(
        "create publication {}{members} with (publish = 'insert, update, delete, truncate')",
        quote_identifier(name)
    );
    Ok(source.batch_execute(&statement).await?)
}

/// How long the lock on a table that becomes a member may be waited for; its writers queue behind it meanwhile.
const LOCK_TIMEOUT_MILLISECONDS: u32 = 2_000;

/// Makes this table a member, while no transaction that wrote to it is open.
///
/// Without the lock, a transaction that began before and writes on after would be decoded with the former
/// membership, and on servers before the corrections of 2025 (13.21, 14.18, 15.13, 16.9, 17.5) make the stream
/// forget the new one for everybody. One table at a time: who holds one lock and waits for another can meet a
/// transaction that does the same the other way round, and the server might choose the application's to fail.
pub async fn add_table(source: &mut Session, name: &str, table: &Table) -> Result<(), PgError> {
    let transaction = source.transaction().await?;
    transaction
        .batch_execute(&format!(
            "set local lock_timeout = {LOCK_TIMEOUT_MILLISECONDS};
             lock table only {table} in share row exclusive mode;
             alter publication {} add table only {table}",
            quote_identifier(name),
            table = table.name,
        ))
        .await?;
    Ok(transaction.commit().await?)
}

/// Its member tables; none when there is no such publication.
pub async fn tables(source: &Session, name: &str) -> Result<Option<Vec<QualifiedName>>, PgError> {
    let rows = source
        .query(include_str!("sql/publication_tables.sql"), &[&name])
        .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        rows.iter()
            .filter_map(|row| {
                let schema: Option<String> = row.get("schema_name");
                Some(QualifiedName::new(schema?, row.get::<_, String>("table_name")))
            })
            .collect(),
    ))
}
