//! Building indexes, constraints and whatever else waits for rows: claim, run, mark done, commit.
//!
//! The statements and their mark are one transaction, so that a build that is interrupted leaves
//! nothing behind.

use std::time::Instant;

use transhume_pg::{
    part_copy,
    state::load::builds::{self, ClaimedBuild, FinishedBuild},
};

use super::hand::{Failure, Hand, Turn};
use crate::error::EngineError;

type Outcome<T> = Result<T, Failure>;

/// The largest build that may run, or all builds of a handful of small tables.
pub(super) async fn build_next(hand: &mut Hand) -> Outcome<Turn> {
    let tables = claim(hand).await?;
    if tables.is_empty() {
        return Ok(Turn::Nothing);
    }
    let mut finished = Vec::new();
    for builds in &tables {
        finished.extend(run(hand, builds).await?);
    }
    complete(hand, &finished).await?;
    Ok(Turn::Did)
}

/// Begins a transaction and locks builds, grouped by table; ends it again where there are none.
async fn claim(hand: &mut Hand) -> Outcome<Vec<Vec<ClaimedBuild>>> {
    let target = hand.target().await?;
    let claimed = async {
        part_copy::begin(target).await?;
        if let Some(build) = builds::claim(target).await? {
            return Ok(vec![vec![build]]);
        }
        let tables = builds::claim_small(target).await?;
        if tables.is_empty() {
            part_copy::roll_back(target).await?;
        }
        Ok(tables)
    };
    claimed
        .await
        .map_err(|error| Failure::target("claiming a build", error))
}

/// Runs the builds of one table, all statements in one message: the server names the one that it refuses.
async fn run(hand: &mut Hand, builds: &[ClaimedBuild]) -> Outcome<Vec<FinishedBuild>> {
    let names: Vec<_> = builds
        .iter()
        .map(|build| build.name.escape_debug().to_string())
        .collect();
    let names = names.join(", ");
    hand.shared.start_build(hand.number, &names);
    let statements: Vec<_> = builds
        .iter()
        .flat_map(|build| &build.statements)
        .map(String::as_str)
        .collect();
    let started = Instant::now();
    let target = hand.target().await?;
    part_copy::run_statement(target, &statements.join(";\n"))
        .await
        .map_err(|error| Failure::target(format!("building {names}"), error))?;
    let seconds = started.elapsed().as_secs_f64() / builds.len() as f64;
    Ok(builds
        .iter()
        .map(|build| FinishedBuild {
            id: build.id,
            seconds,
        })
        .collect())
}

async fn complete(hand: &mut Hand, finished: &[FinishedBuild]) -> Outcome<()> {
    let name = hand.name.clone();
    let target = hand.target().await?;
    let failed = |error| Failure::target("completing a build", error);
    if !builds::mark_done(target, finished, &name).await.map_err(failed)? {
        return Err(Failure::Stop(EngineError::stopped(
            "a build that this process held was done by another",
            "Nothing was committed twice.",
            "this is a defect of transhume; please report it",
        )));
    }
    part_copy::commit(target).await.map_err(failed)
}
