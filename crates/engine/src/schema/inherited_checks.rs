//! Validating inherited checks as they are on the source, once the checks that they come from are restored.

use transhume_core::{
    finding::{Finding, Remedy},
    schema::archive::EntryKind,
};
use transhume_pg::{
    catalog::inherited_checks::{self, InheritedCheck},
    connection::{error::PgError, session::Session},
    state::archive::Disposition,
};

use super::{SchemaWork, contents::Contents, findings};
use crate::error::{Doing, Result};

/// Called again, it does what is left.
pub(super) async fn validate(work: &SchemaWork<'_>) -> Result<()> {
    let target = work.target().await?;
    let source = work.source().await?;
    let contents = Contents::stored(work, source.server_version().major(), &target).await?;
    let checks: Vec<u32> = contents
        .with(Disposition::Restored)
        .filter(|(entry, _)| entry.kind == EntryKind::CheckConstraint)
        .map(|(entry, _)| entry.object.oid)
        .collect();
    if checks.is_empty() {
        return Ok(());
    }
    let reading = "reading the inherited checks";
    let validated = inherited_checks::validated_below(&source, &checks)
        .await
        .doing(reading)?;
    let open = inherited_checks::unvalidated(&target, validated)
        .await
        .doing(reading)?;
    for check in &open {
        validate_one(work, &target, check).await?;
    }
    Ok(())
}

async fn validate_one(work: &SchemaWork<'_>, target: &Session, check: &InheritedCheck) -> Result<()> {
    let statement = check.validation();
    let Err(error) = target.batch_execute(&statement).await.map_err(PgError::from) else {
        return Ok(());
    };
    let Some(answer) = error.refusal() else {
        return Err(error).doing("validating an inherited check");
    };
    let finding = Finding::warning(
        "check-not-validated",
        &check.table.plain(),
        format!("a check that it inherits was not validated: {}", answer.message),
        Remedy::on_target(statement),
    );
    findings::record(work, target, vec![finding]).await
}
