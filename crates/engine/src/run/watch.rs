//! A cutover whose process died leaves its phase behind: the runner finds it and undoes it.

use std::time::Duration;

use transhume_core::phase::Phase;
use transhume_pg::state::{migration, runner};

use super::Run;
use crate::{
    cutover,
    error::{Doing, EngineError, Result},
};

/// How often the runner looks: the application waits this long after a cutover's sudden death.
const INTERVAL: Duration = Duration::from_millis(250);

/// Watches until something fails; every interrupted cutover that it meets is undone.
pub(super) async fn interrupted_cutover(run: &Run<'_>) -> EngineError {
    loop {
        if let Err(error) = look(run).await {
            return error;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn look(run: &Run<'_>) -> Result<()> {
    let migration = migration::read(&run.target)
        .await
        .doing("reading the migration")?;
    let is_cutting_over = migration.is_some_and(|migration| migration.phase == Phase::Cutover);
    if is_cutting_over
        && !runner::is_cutover_alive(&run.target)
            .await
            .doing("looking for the cutover")?
    {
        cutover::undo_interrupted(&run.source, &run.target, run.reporter).await?;
    }
    Ok(())
}
