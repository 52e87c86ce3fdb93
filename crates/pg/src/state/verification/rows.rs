//! Rows that differed.

use transhume_core::verify::rows::DifferenceKind;
use transhume_wire::ident::QualifiedName;

use crate::connection::{error::PgError, session::Session};

/// One row, or several equal ones of a table without a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRow {
    /// 0 until it is recorded.
    pub id: i64,
    pub table: QualifiedName,
    pub difference: DifferenceKind,
    /// None: the row is known by its hash only.
    pub key_columns: Vec<String>,
    pub key: Vec<String>,
    /// Of the source's row, or of the target's where it is there only.
    pub hash: i64,
    pub rows: i64,
    /// Columns that differ.
    pub columns: Vec<String>,
    /// Of those columns, where values were asked for.
    pub source_values: Option<Vec<Option<String>>>,
    pub target_values: Option<Vec<Option<String>>>,
    pub is_repaired: bool,
}

/// Inside the caller's transaction.
pub async fn record_rows(target: &Session, verification: i64, rows: &[RecordedRow]) -> Result<(), PgError> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = target
        .prepare(include_str!("../sql/verification/record_rows.sql"))
        .await?;
    for row in rows {
        target
            .execute(
                &statement,
                &[
                    &verification,
                    &row.table.schema,
                    &row.table.name,
                    &row.difference.name(),
                    &row.key_columns,
                    &row.key,
                    &row.hash,
                    &row.rows,
                    &row.columns,
                    &row.source_values,
                    &row.target_values,
                ],
            )
            .await?;
    }
    Ok(())
}

pub async fn rows(target: &Session, verification: i64) -> Result<Vec<RecordedRow>, PgError> {
    let rows = target
        .query(include_str!("../sql/verification/rows.sql"), &[&verification])
        .await?;
    Ok(rows
        .iter()
        .filter_map(|row| {
            Some(RecordedRow {
                id: row.get("id"),
                table: QualifiedName::new(row.get::<_, String>(1), row.get::<_, String>(2)),
                difference: DifferenceKind::parse(row.get("difference"))?,
                key_columns: row.get("key_columns"),
                key: row.get("key"),
                hash: row.get("hash"),
                rows: row.get("row_count"),
                columns: row.get("columns"),
                source_values: row.get("source_values"),
                target_values: row.get("target_values"),
                is_repaired: row.get("is_repaired"),
            })
        })
        .collect())
}

/// Inside the transaction that mended them.
pub async fn repaired(target: &Session, ids: &[i64]) -> Result<(), PgError> {
    target
        .execute(include_str!("../sql/verification/repaired.sql"), &[&ids])
        .await?;
    Ok(())
}
