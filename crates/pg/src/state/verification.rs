//! `transhume.verification`: what was compared, when, at which consistent point, with what result.

use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use crate::{error::PgError, session::Session};

/// One table's line of a verification.
#[derive(Debug, Clone)]
pub struct TableResult<'a> {
    pub name: &'a QualifiedName,
    pub source_rows: Option<i64>,
    pub target_rows: Option<i64>,
    pub equal: bool,
    pub note: &'a str,
}

/// The newest verification.
#[derive(Debug, Clone)]
pub struct LastVerification {
    pub lsn: Lsn,
    pub ended_at: Option<String>,
    /// equal, different or incomplete.
    pub result: String,
}

pub async fn begin(target: &Session, lsn: Lsn) -> Result<i64, PgError> {
    let row = target
        .query_one(include_str!("sql/verification/begin.sql"), &[&lsn.to_string()])
        .await?;
    Ok(row.get(0))
}

pub async fn add_table(target: &Session, id: i64, result: &TableResult<'_>) -> Result<(), PgError> {
    target
        .execute(
            include_str!("sql/verification/table.sql"),
            &[
                &id,
                &result.name.schema,
                &result.name.name,
                &result.source_rows,
                &result.target_rows,
                &result.equal,
                &result.note,
            ],
        )
        .await?;
    Ok(())
}

pub async fn end(target: &Session, id: i64, result: &str) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/verification/end.sql"), &[&id, &result])
        .await?;
    Ok(())
}

/// Completes the newest verification: so many findings about objects must be acted upon.
pub async fn add_objects(target: &Session, blockers: usize) -> Result<(), PgError> {
    let blockers = i32::try_from(blockers).unwrap_or(i32::MAX);
    target
        .execute(include_str!("sql/verification/add_objects.sql"), &[&blockers])
        .await?;
    Ok(())
}

pub async fn last(target: &Session) -> Result<Option<LastVerification>, PgError> {
    let row = target
        .query_opt(include_str!("sql/verification/last.sql"), &[])
        .await?;
    Ok(row.map(|row| LastVerification {
        lsn: row
            .get::<_, &str>("lsn")
            .parse()
            .expect("the server prints pg_lsn as X/Y"),
        ended_at: row.get("ended_at"),
        result: row.get("result"),
    }))
}
