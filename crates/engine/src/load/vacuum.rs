//! VACUUM of tables that were loaded in several parts, once nothing else is left to build.
//!
//! Only then: a transaction that is still loading elsewhere would keep it from freezing. Tables loaded
//! in one part are frozen by their COPY.

use std::time::Instant;

use transhume_pg::{
    part_copy,
    state::load::{
        builds::{self, FinishedBuild},
        vacuums,
    },
};

use super::hand::{Failure, Hand, Turn};

pub(super) async fn vacuum_next(hand: &mut Hand) -> Result<Turn, Failure> {
    let target = hand.target().await?;
    let claimed = vacuums::claim(target)
        .await
        .map_err(|error| Failure::target("claiming a vacuum", error))?;
    let Some(vacuum) = claimed else {
        return Ok(Turn::Nothing);
    };
    hand.shared.start_build(hand.number, &vacuum.name);
    let started = Instant::now();
    let name = hand.name.clone();
    let target = hand.target().await?;
    let vacuuming = async {
        vacuums::begin(target, vacuum.id, &name).await?;
        for statement in &vacuum.statements {
            part_copy::run_statement(target, statement).await?;
        }
        let seconds = started.elapsed().as_secs_f64();
        let finished = FinishedBuild {
            id: vacuum.id,
            seconds,
        };
        builds::mark_done(target, &[finished], &name).await?;
        vacuums::release(target, vacuum.id).await
    };
    vacuuming
        .await
        .map_err(|error| Failure::target(format!("vacuuming {}", vacuum.name.escape_debug()), error))?;
    Ok(Turn::Did)
}
