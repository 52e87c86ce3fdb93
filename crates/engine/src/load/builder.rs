//! Building indexes, constraints and whatever else waits for rows: claim, run, mark done, commit.
//!
//! The statements and their mark are one transaction, so that a build that is interrupted leaves
//! nothing behind. Small tables are built by whoever loads them, in the same transaction: what is claimed
//! here of them is what was left.

use std::time::Instant;

use transhume_pg::{
    load::part_copy,
    state::load::builds::{self, ClaimedBuild, FinishedBuild},
};

use super::sessions::{RefusedBuild, Turn, WorkFailure, WorkerSessions};
use crate::error::EngineError;

type Outcome<T> = Result<T, WorkFailure>;

/// The largest build that may run, or all builds of a handful of small tables.
pub(super) async fn build_next(worker: &mut WorkerSessions) -> Outcome<Turn> {
    let tables = claim(worker).await?;
    if tables.is_empty() {
        return Ok(Turn::Nothing);
    }
    worker.found_work();
    build(worker, &tables).await?;
    let target = worker.target().await?;
    part_copy::commit(target)
        .await
        .map_err(|error| WorkFailure::target("completing a build", error))?;
    Ok(Turn::Did)
}

/// All builds of those of these tables that are small. The tables are held by the open transaction, which is left open.
pub(super) async fn build_small(worker: &mut WorkerSessions, tables: &[u32]) -> Outcome<()> {
    let target = worker.target().await?;
    let tables = builds::of_small_tables(target, tables)
        .await
        .map_err(|error| WorkFailure::target("claiming a build", error))?;
    build(worker, &tables).await
}

async fn build(worker: &mut WorkerSessions, tables: &[Vec<ClaimedBuild>]) -> Outcome<()> {
    if tables.is_empty() {
        return Ok(());
    }
    let mut finished = Vec::new();
    for builds in tables {
        finished.extend(run(worker, builds).await?);
    }
    mark(worker, &finished).await
}

/// Begins a transaction and locks builds, grouped by table; ends it again where there are none. Only loaders look for small
/// tables, when nothing is left to load: to find that there are none takes a look at all tables.
async fn claim(worker: &mut WorkerSessions) -> Outcome<Vec<Vec<ClaimedBuild>>> {
    let loads = worker.loads;
    let target = worker.target().await?;
    let claimed = async {
        part_copy::begin(target).await?;
        if let Some(build) = builds::claim(target).await? {
            return Ok(vec![vec![build]]);
        }
        let tables = if loads {
            builds::claim_small(target).await?
        } else {
            Vec::new()
        };
        if tables.is_empty() {
            part_copy::roll_back(target).await?;
        }
        Ok(tables)
    };
    claimed
        .await
        .map_err(|error| WorkFailure::target("claiming a build", error))
}

/// Runs the builds of one table, all statements in one message: the server names the one that it refuses.
async fn run(worker: &mut WorkerSessions, builds: &[ClaimedBuild]) -> Outcome<Vec<FinishedBuild>> {
    let names: Vec<_> = builds
        .iter()
        .map(|build| build.name.escape_debug().to_string())
        .collect();
    let names = names.join(", ");
    worker.shared.start_build(worker.number, &names);
    let statements: Vec<_> = builds
        .iter()
        .flat_map(|build| &build.statements)
        .map(String::as_str)
        .collect();
    let started = Instant::now();
    let target = worker.target().await?;
    part_copy::run_statement(target, &statements.join(";\n"))
        .await
        .map_err(|error| WorkFailure::building(refused(builds), &names, error))?;
    let seconds = started.elapsed().as_secs_f64() / builds.len() as f64;
    Ok(builds
        .iter()
        .map(|build| FinishedBuild {
            id: build.id,
            seconds,
        })
        .collect())
}

fn refused(builds: &[ClaimedBuild]) -> Vec<RefusedBuild> {
    let refused = |build: &ClaimedBuild| RefusedBuild {
        id: build.id,
        name: build.name.clone(),
        can_wait: true,
    };
    builds.iter().map(refused).collect()
}

async fn mark(worker: &mut WorkerSessions, finished: &[FinishedBuild]) -> Outcome<()> {
    let name = worker.name.clone();
    let target = worker.target().await?;
    let marked = builds::mark_done(target, finished, &name)
        .await
        .map_err(|error| WorkFailure::target("completing a build", error))?;
    if !marked {
        return Err(WorkFailure::Stop(EngineError::stopped(
            "a build that this process held was done by another",
            "Nothing was committed twice.",
            "this is a defect of transhume; please report it",
        )));
    }
    Ok(())
}
