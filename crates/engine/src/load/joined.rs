//! Joining a running full load from another process or machine.
//!
//! A worker holds no snapshot and plans nothing: it claims what the runner planned and ends when
//! nothing is left.

use transhume_pg::state::{load as state, runner};

use super::{
    LoadContext,
    pool::{Place, WorkerPool},
    worker::WorkEnd,
};
use crate::{
    back_off::BackOff,
    error::{Doing, EngineError, Result},
};

/// Copies and builds beside the runner until nothing is left.
pub async fn work(context: &LoadContext<'_>) -> Result<()> {
    let target = context.target_session("worker").await?;
    if !state::plan::exists(&*target).await.doing("looking for a plan")? {
        return Err(EngineError::refused(
            "there is no full load to join yet",
            "start \"transhume run\" first and wait until it says that the full load is planned",
        ));
    }
    let mut back_off = BackOff::for_failures();
    while WorkerPool::new(context, &target)
        .await?
        .work(Place::Worker)
        .await?
        == WorkEnd::SnapshotLost
    {
        if !runner::is_locked(&target).await.doing("looking for the runner")? {
            return Err(EngineError::stopped(
                "the snapshot of the full load is lost and no runner is there to renew it",
                "",
                "run \"transhume run\" again, then this worker",
            ));
        }
        context
            .reporter
            .waiting("the snapshot of the full load is lost: waiting for the runner to renew it");
        back_off.wait(context.cancellation).await?;
    }
    state::progress::flush(&*target, "load: worker")
        .await
        .doing("making the full load durable")
}
