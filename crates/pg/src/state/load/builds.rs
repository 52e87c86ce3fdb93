//! Claiming builds (indexes, constraints, ANALYZE …), and marking them done in the transaction that
//! ran their statements.

use super::TextRow;
use crate::{error::PgError, raw::RawConnection};

/// A build that this transaction holds.
#[derive(Debug, Clone)]
pub struct ClaimedBuild {
    pub id: i64,
    pub kind: String,
    /// What it makes, for people.
    pub name: String,
    pub statements: Vec<String>,
}

/// Takes a build whose table is loaded and whose lower ranks are done. Runs inside the caller's transaction.
pub async fn claim(target: &mut RawConnection) -> Result<Option<ClaimedBuild>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/claim_build.sql"), &[])
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = TextRow::new(row);
    Ok(Some(ClaimedBuild {
        id: row.parse()?,
        kind: row.text()?.to_owned(),
        name: row.text()?.to_owned(),
        statements: row.list()?,
    }))
}

/// False when it was already done, in which case the transaction must not be committed.
pub async fn mark_done(
    target: &mut RawConnection,
    id: i64,
    seconds: f64,
    builder: &str,
) -> Result<bool, PgError> {
    let (id, seconds) = (id.to_string(), seconds.to_string());
    let marked = target
        .execute(
            include_str!("../sql/load/build_done.sql"),
            &[Some(&id), Some(&seconds), Some(builder)],
        )
        .await?;
    Ok(marked == 1)
}
