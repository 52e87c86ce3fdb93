//! Emptying and dropping tables of the target that this migration created.
//!
//! Invariant: nothing else is ever touched: there is no CASCADE, and what refers to a table keeps its rows.

use tokio_postgres::GenericClient;
use transhume_wire::ident::{QualifiedName, quote_literal};

use super::extent::rows_of;
use crate::connection::{error::PgError, raw::RawConnection, session::Session};

/// A table of the target that is to be emptied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Emptied {
    pub(crate) table: QualifiedName,
    /// Its rows are in its partitions.
    pub(crate) is_partitioned: bool,
}

/// Empties tables that this migration created; no CASCADE, so nothing else is ever touched.
pub(crate) fn truncate(tables: &[Emptied]) -> String {
    let names: Vec<_> = tables
        .iter()
        .map(|emptied| rows_of(&emptied.table, emptied.is_partitioned))
        .collect();
    format!("truncate table {}", names.join(", "))
}

/// Whether a foreign key of another table points to this one, so that it cannot be truncated alone; and whether it
/// is partitioned.
fn how_to_empty(table: &QualifiedName) -> String {
    format!(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confrelid <> conrelid \
         AND confrelid = c.oid), c.relkind = 'p' \
         FROM pg_catalog.pg_class c WHERE c.oid = {}::pg_catalog.regclass",
        quote_literal(&table.lookup())
    )
}

/// Empties a table that another one references, without what its foreign keys would do. Such keys are
/// on the target only where this setting is allowed: elsewhere they are held until the cutover.
fn delete_all(emptied: &Emptied) -> String {
    let rows = rows_of(&emptied.table, emptied.is_partitioned);
    format!("set local session_replication_role = replica; delete from {rows}")
}

/// Empties one table inside the caller's transaction, whether others reference it or not.
pub(crate) async fn empty_one(target: &mut RawConnection, table: &QualifiedName) -> Result<(), PgError> {
    let (is_referenced, emptied) = emptied(target, table).await?;
    let statement = if is_referenced {
        delete_all(&emptied)
    } else {
        truncate(&[emptied])
    };
    target.simple_query(&statement).await.map(drop)
}

/// Whether others reference it, and what it is.
pub(crate) async fn emptied(
    target: &mut RawConnection,
    table: &QualifiedName,
) -> Result<(bool, Emptied), PgError> {
    let rows = target.simple_query(&how_to_empty(table)).await?;
    let answer = |column: usize| rows.first().and_then(|row| row.get(column)?.as_deref());
    let emptied = Emptied {
        table: table.clone(),
        is_partitioned: answer(1) == Some("t"),
    };
    Ok((answer(0) != Some("f"), emptied))
}

/// Empties tables of this migration inside the caller's transaction, whether others reference them or not.
pub async fn empty(target: &impl GenericClient, tables: &[QualifiedName]) -> Result<(), PgError> {
    let mut truncated = Vec::with_capacity(tables.len());
    for table in tables {
        let row = target.query_one(&how_to_empty(table), &[]).await?;
        let emptied = Emptied {
            table: table.clone(),
            is_partitioned: row.try_get(1)?,
        };
        if row.try_get(0)? {
            target.batch_execute(&delete_all(&emptied)).await?;
        } else {
            truncated.push(emptied);
        }
    }
    if !truncated.is_empty() {
        target.batch_execute(&truncate(&truncated)).await?;
    }
    Ok(())
}

/// Drops a table that this migration created and has not filled; false where it has rows all the same, or the server refuses it
/// for what rests on it.
pub async fn drop_empty(target: &mut Session, table: &QualifiedName) -> Result<bool, PgError> {
    let transaction = target.transaction().await?;
    let dropping = async {
        transaction
            .batch_execute(&format!("lock table {table} in access exclusive mode"))
            .await?;
        let rows = format!("select exists (select from {table})");
        let has_rows: bool = transaction.query_one(&rows, &[]).await?.try_get(0)?;
        if !has_rows {
            transaction.batch_execute(&format!("drop table {table}")).await?;
        }
        Ok::<_, PgError>(!has_rows)
    };
    match dropping.await {
        Ok(true) => Ok(transaction.commit().await.map(|()| true)?),
        Ok(false) => Ok(false),
        Err(error) if error.refusal().is_some() => Ok(false),
        Err(error) => Err(error),
    }
}
