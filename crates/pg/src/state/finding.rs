//! `transhume.finding`: what the operator should know, current per origin, code and object. What a remedy says to run is marked
//! in its text.

use tokio_postgres::{GenericClient, types::Type};
use transhume_core::finding::{Finding, Remedy, Severity};

use crate::connection::error::PgError;

/// Records a finding; an earlier one of the same origin, code and object is replaced.
pub async fn replace(target: &impl GenericClient, origin: &str, finding: &Finding) -> Result<(), PgError> {
    target
        .execute(
            include_str!("sql/finding/replace.sql"),
            &[
                &origin,
                &finding.code,
                &finding.severity.name(),
                &finding.object,
                &finding.message,
                &finding.remedy.marked(),
            ],
        )
        .await?;
    Ok(())
}

/// The findings of a code that stand.
pub async fn current(target: &impl GenericClient, origin: &str, code: &str) -> Result<Vec<Finding>, PgError> {
    let rows = target
        .query(include_str!("sql/finding/current.sql"), &[&origin, &code])
        .await?;
    Ok(rows.iter().map(read).collect())
}

/// A row of code, severity, object, message and remedy.
pub(super) fn read(row: &tokio_postgres::Row) -> Finding {
    let severity = match row.get("severity") {
        "pass" => Severity::Pass,
        "blocker" => Severity::Blocker,
        _ => Severity::Warning,
    };
    Finding {
        code: row.get("code"),
        severity,
        object: row.get("object"),
        message: row.get("message"),
        remedy: Remedy::from_marked(row.get("remedy")),
    }
}

/// Forgets all findings of an origin before it looks again.
pub async fn clear_origin(target: &impl GenericClient, origin: &str) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/finding/clear_origin.sql"), &[&origin])
        .await?;
    Ok(())
}

/// Forgets what was found of one object.
pub async fn clear_object(
    target: &impl GenericClient,
    origin: &str,
    code: &str,
    object: &str,
) -> Result<(), PgError> {
    target
        .execute(
            include_str!("sql/finding/clear_object.sql"),
            &[&origin, &code, &object],
        )
        .await?;
    Ok(())
}

/// Forgets the findings of a code before it is looked at again.
pub async fn clear(target: &impl GenericClient, origin: &str, code: &str) -> Result<(), PgError> {
    target
        .execute_typed(
            include_str!("sql/finding/clear.sql"),
            &[(&origin, Type::TEXT), (&code, Type::TEXT)],
        )
        .await?;
    Ok(())
}
