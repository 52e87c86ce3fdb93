//! What runs in no transaction: ANALYZE of partition trees, and VACUUM of tables that were loaded in several parts.
//!
//! VACUUM once nothing else is left to build: a transaction that is still loading elsewhere would keep it from freezing.
//! Tables loaded in one part are frozen by their COPY. ANALYZE of a tree as early as its rows allow: one session does it alone,
//! however many partitions there are, and others build indexes meanwhile.

use std::time::Instant;

use transhume_core::schema::build::BuildKind;
use transhume_pg::{
    load::part_copy,
    state::load::{
        builds::{self, FinishedBuild},
        maintenance,
    },
};

use super::sessions::{RefusedBuild, Turn, WorkFailure, WorkerSessions};

/// The statistics of a tree, where there is one without.
pub(super) async fn tree_next(worker: &mut WorkerSessions) -> Result<Turn, WorkFailure> {
    if !worker.shared.expects_trees() {
        return Ok(Turn::Nothing);
    }
    maintain_next(worker).await
}

pub(super) async fn maintain_next(worker: &mut WorkerSessions) -> Result<Turn, WorkFailure> {
    let target = worker.target().await?;
    let claimed = maintenance::claim(target)
        .await
        .map_err(|error| WorkFailure::target("claiming a VACUUM or an ANALYZE", error))?;
    let Some(work) = claimed else {
        return Ok(Turn::Nothing);
    };
    worker.found_work();
    if work.kind == BuildKind::AnalyzePartitionTree.name() {
        worker.shared.meet_tree();
    }
    worker.shared.start_build(worker.number, &work.name);
    let started = Instant::now();
    let name = worker.name.clone();
    let target = worker.target().await?;
    let maintaining = async {
        maintenance::begin(target, work.id, &name).await?;
        for statement in &work.statements {
            part_copy::run_statement(target, statement).await?;
        }
        let seconds = started.elapsed().as_secs_f64();
        let finished = FinishedBuild { id: work.id, seconds };
        builds::mark_done(target, &[finished], &name).await?;
        maintenance::release(target, work.id).await
    };
    let name = format!("{} of {}", work.kind, work.name.escape_debug());
    let refused = RefusedBuild {
        id: work.id,
        name: name.clone(),
        can_wait: false,
    };
    maintaining
        .await
        .map_err(|error| WorkFailure::building(vec![refused], &name, error))?;
    Ok(Turn::Did)
}
