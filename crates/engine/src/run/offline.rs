//! A migration without slot and publication, for whoever may stop writing: schema, rows, comparison, and the target is open.
//!
//! Owns what differs from a migration that follows; schema and load are the same, and so is what a kill leaves behind. That nobody wrote
//! is not believed: the target opens only where the comparison at the end finds both sides equal.

use transhume_core::{count::counted, guard::anew::GIVE_UP, phase::Phase};
use transhume_pg::state::migration::Migration;

use super::{Run, RunOptions, RunReason};
use crate::{
    cutover,
    error::{EngineError, Result},
    load,
    verify::{Verification, verify_offline},
};

/// An online migration stays one.
pub(super) fn refuse_followed(migration: &Migration, options: &RunOptions) -> Result<()> {
    if !options.offline || migration.consistent_point.is_none() {
        return Ok(());
    }
    Err(EngineError::refused(
        "this migration follows its source already",
        format!("run it without --offline; to begin an offline one instead, end it first: {GIVE_UP}"),
    ))
}

/// Nothing is made on the source.
pub(super) async fn prepare(run: &mut Run<'_>) -> Result<()> {
    run.reporter
        .step("offline: no slot and no publication is made; nobody must write to the source until the end");
    run.advance(Phase::Prepare, Phase::PreData).await
}

/// Compares, and opens the target where both sides are equal.
pub(super) async fn complete(run: &mut Run<'_>) -> Result<RunReason> {
    load::try_again(&mut run.target, run.reporter).await?;
    crate::schema::try_again(&run.schema_work()).await?;
    load::copy_sequences(&run.source, &run.target, &run.selector, 0).await?;
    run.bring_over_extension_rows().await?;
    let verification = Box::pin(verify_offline(
        run.endpoints,
        &run.migration,
        run.reporter,
        run.cancellation,
    ))
    .await?;
    if !verification.equal {
        return Err(different(&verification));
    }
    run.reporter.step(format!(
        "{} compared and found equal",
        counted(verification.tables.len(), "table")
    ));
    cutover::open_offline(&mut run.target, run.reporter).await?;
    Ok(RunReason::Moved)
}

fn different(verification: &Verification) -> EngineError {
    let tables = verification.tables.iter().filter(|table| !table.equal).count();
    EngineError::stopped(
        "source and target are not equal after the load",
        format!(
            "Rows differ in {}, and {} of other objects stand in the way. The target is not open.",
            counted(tables, "table"),
            counted(verification.objects.blockers(), "difference")
        ),
        "most likely somebody wrote to the source meanwhile: stop that, then \"transhume verify --repair\" names and mends the rows, \
         and \"transhume run\" compares again",
    )
}
