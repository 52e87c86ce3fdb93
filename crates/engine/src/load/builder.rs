//! Building indexes, constraints and whatever else waits for rows: claim, run, mark done, commit.
//!
//! The statements and their mark are one transaction, so that a build that is interrupted leaves
//! nothing behind.

use std::time::Instant;

use transhume_pg::{
    part_copy,
    state::load::builds::{self, ClaimedBuild},
};

use super::hand::{Failure, Hand, Turn};
use crate::error::EngineError;

type Outcome<T> = Result<T, Failure>;

pub(super) async fn build_next(hand: &mut Hand) -> Outcome<Turn> {
    let Some(build) = claim(hand).await? else {
        return Ok(Turn::Nothing);
    };
    hand.shared.start_build(hand.number, &build.name);
    let started = Instant::now();
    run(hand, &build).await?;
    complete(hand, &build, started.elapsed().as_secs_f64()).await?;
    Ok(Turn::Did)
}

async fn claim(hand: &mut Hand) -> Outcome<Option<ClaimedBuild>> {
    let target = hand.target().await?;
    let claimed = async {
        part_copy::begin(target).await?;
        let build = builds::claim(target).await?;
        if build.is_none() {
            part_copy::roll_back(target).await?;
        }
        Ok(build)
    };
    claimed
        .await
        .map_err(|error| Failure::target("claiming a build", error))
}

async fn run(hand: &mut Hand, build: &ClaimedBuild) -> Outcome<()> {
    let target = hand.target().await?;
    for statement in &build.statements {
        part_copy::run_statement(target, statement)
            .await
            .map_err(|error| Failure::target(format!("building {}", build.name.escape_debug()), error))?;
    }
    Ok(())
}

async fn complete(hand: &mut Hand, build: &ClaimedBuild, seconds: f64) -> Outcome<()> {
    let name = hand.name.clone();
    let target = hand.target().await?;
    let failed = |error| Failure::target("completing a build", error);
    if !builds::mark_done(target, build.id, seconds, &name)
        .await
        .map_err(failed)?
    {
        return Err(Failure::Stop(EngineError::stopped(
            "a build that this process held was done by another",
            "Nothing was committed twice.",
            "this is a defect of transhume; please report it",
        )));
    }
    part_copy::commit(target).await.map_err(failed)
}
