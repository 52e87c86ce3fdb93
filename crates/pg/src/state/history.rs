//! `transhume.history`: the story of a migration, for `status` and the reports.

use serde::Serialize;

use crate::connection::{error::PgError, session::Session};

/// One line of the story.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Line {
    /// RFC 3339, by the target's clock.
    pub at: String,
    /// The same in seconds since 1970.
    pub epoch: f64,
    pub step: String,
    /// Figures and names.
    pub detail: serde_json::Value,
}

/// Adds one line; `detail` holds figures and names.
pub async fn add(
    target: &impl tokio_postgres::GenericClient,
    step: &str,
    detail: &serde_json::Value,
) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/history/add.sql"), &[&step, detail])
        .await?;
    Ok(())
}

/// The newest lines, the newest first.
pub async fn latest(target: &Session, limit: i64) -> Result<Vec<Line>, PgError> {
    lines(
        target
            .query(include_str!("sql/history/latest.sql"), &[&limit])
            .await?,
    )
}

/// The newest rehearsals and cutovers with their reports, those that came to no end too.
pub async fn switches(target: &Session, limit: i64) -> Result<Vec<Line>, PgError> {
    lines(
        target
            .query(include_str!("sql/history/switches.sql"), &[&limit])
            .await?,
    )
}

/// The newest line with this step.
pub async fn latest_of(target: &Session, step: &str) -> Result<Option<Line>, PgError> {
    let rows = target
        .query(include_str!("sql/history/latest_of.sql"), &[&step])
        .await?;
    Ok(lines(rows)?.pop())
}

/// What begins or ends a phase, in order.
pub async fn phases(target: &Session) -> Result<Vec<Line>, PgError> {
    lines(target.query(include_str!("sql/history/phases.sql"), &[]).await?)
}

fn lines(rows: Vec<tokio_postgres::Row>) -> Result<Vec<Line>, PgError> {
    let line = |row: tokio_postgres::Row| {
        Ok(Line {
            at: row.try_get("at")?,
            epoch: row.try_get("epoch")?,
            step: row.try_get("step")?,
            detail: row.try_get("detail")?,
        })
    };
    rows.into_iter().map(line).collect()
}
