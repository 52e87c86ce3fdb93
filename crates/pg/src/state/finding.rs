//! `transhume.finding`: what the operator should know, current per origin, code and object.

use tokio_postgres::GenericClient;
use transhume_core::finding::Finding;

use crate::error::PgError;

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
                &finding.remedy,
            ],
        )
        .await?;
    Ok(())
}

/// Forgets the findings of a code before it is looked at again.
pub async fn clear(target: &impl GenericClient, origin: &str, code: &str) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/finding/clear.sql"), &[&origin, &code])
        .await?;
    Ok(())
}
