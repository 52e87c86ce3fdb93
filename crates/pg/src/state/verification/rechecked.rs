//! What a recheck makes of rows that differed at first sight.

use std::collections::HashSet;

use transhume_wire::ident::QualifiedName;

use super::{RecordedRow, record_rows};
use crate::connection::{error::PgError, session::Session};

/// A table whose rows were read again.
#[derive(Debug, Clone, Default)]
pub struct Rechecked {
    /// Named rows that differ.
    pub different: Vec<RecordedRow>,
    /// Named rows that were never seen at rest.
    pub undecided: Vec<RecordedRow>,
    /// All of them, also those that are not named.
    pub differences: i64,
    pub undecided_rows: i64,
    pub note: String,
}

/// Replaces what the first sight had recorded, all or nothing.
pub async fn record_rechecked(
    target: &Session,
    verification: i64,
    table: &QualifiedName,
    rechecked: &Rechecked,
) -> Result<(), PgError> {
    target.batch_execute("begin").await?;
    target
        .execute(
            include_str!("../sql/verification/forget_rows.sql"),
            &[&verification, &table.schema, &table.name],
        )
        .await?;
    record_rows(target, verification, &rechecked.different).await?;
    for row in &rechecked.undecided {
        target
            .execute(
                include_str!("../sql/verification/record_undecided.sql"),
                &[
                    &verification,
                    &table.schema,
                    &table.name,
                    &row.difference.name(),
                    &row.key_columns,
                    &row.key,
                    &row.hash,
                    &row.rows,
                ],
            )
            .await?;
    }
    target
        .execute(
            include_str!("../sql/verification/rechecked_table.sql"),
            &[
                &verification,
                &table.schema,
                &table.name,
                &rechecked.differences,
                &rechecked.undecided_rows,
                &rechecked.note,
            ],
        )
        .await?;
    Ok(target.batch_execute("commit").await?)
}

/// Numbers of the rows that were never seen at rest.
pub async fn undecided(target: &Session, verification: i64) -> Result<HashSet<i64>, PgError> {
    let rows = target
        .query(
            include_str!("../sql/verification/undecided.sql"),
            &[&verification],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
