//! `transhume.history`: the story of a migration, for `status` and the reports.

use crate::connection::error::PgError;

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
