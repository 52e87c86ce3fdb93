//! `fallback`: moving the application back to the old source, and the stream that keeps it ready.
//!
//! After a cutover the target is followed back to the old source by the same code that followed forward,
//! with the ends exchanged; falling back is the same cutover. What differs is here: opening the way back
//! before the target's first write, finding out which way the changes flow, and what stands in the way.

mod arm;
mod disarm;
mod obstacle;

pub(crate) use self::{
    arm::{Armed, Arming, Keep, begin},
    disarm::disarm,
    obstacle::obstacles,
};
use crate::{
    cancel::Cancellation,
    cutover::{self, Ballot, CutoverFailure, CutoverOptions, CutoverReport, Gate},
    door::{self, Past},
    endpoints::{Endpoints, in_reverse},
    error::{EngineError, Result},
    facing,
    present::migration_on,
    report::Reporter,
};
use transhume_core::phase::Phase;

/// Moves the application back, or leaves everything as it was and says why.
pub async fn fallback(
    endpoints: &Endpoints,
    options: &CutoverOptions,
    ballot: Ballot,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> std::result::Result<Option<CutoverReport>, CutoverFailure> {
    door::enter(endpoints, Past::Left).await?;
    let reversed = open_way(endpoints, reporter).await?;
    if ballot.is_alone() {
        refuse_where_back(&reversed).await?;
    }
    complete_cutover(&reversed, endpoints, options, reporter).await?;
    cutover::switch(&reversed, options, ballot, reporter, cancellation)
        .await
        .map_err(|failure| CutoverFailure {
            error: in_reverse(failure.error, endpoints),
            ..failure
        })
}

/// Tells which conditions of a fallback hold.
pub async fn check(endpoints: &Endpoints, options: &CutoverOptions, reporter: &Reporter) -> Result<Gate> {
    door::enter(endpoints, Past::Left).await?;
    let reversed = open_way(endpoints, reporter).await?;
    refuse_where_back(&reversed).await?;
    cutover::inspect(&reversed, options, reporter)
        .await
        .map_err(|error| in_reverse(error, endpoints))
}

async fn open_way(endpoints: &Endpoints, reporter: &Reporter) -> Result<Endpoints> {
    facing::way_back(endpoints, reporter)
        .await?
        .ok_or_else(without_way_back)
}

/// Nobody has cut over, or without a fallback.
pub fn without_way_back() -> EngineError {
    EngineError::refused(
        "there is no fallback: the application has not been cut over, or was without fallback",
        "see \"transhume status\"",
    )
}

/// Clients that the cutover could not let go on are the target's still: nobody may lead them there once they are back.
async fn complete_cutover(
    reversed: &Endpoints,
    endpoints: &Endpoints,
    options: &CutoverOptions,
    reporter: &Reporter,
) -> Result<()> {
    let old_source = reversed.target_session("fallback", "fallback").await?;
    if migration_on(&old_source).await?.phase == Phase::Done {
        return Ok(());
    }
    let endpoints = endpoints.behind_fences();
    let target = endpoints.target_session("fallback", "fallback").await?;
    let pgbouncer = options.application.pgbouncer.as_ref();
    Box::pin(cutover::complete_interrupted(
        &endpoints, pgbouncer, &target, reporter,
    ))
    .await
}

async fn refuse_where_back(reversed: &Endpoints) -> Result<()> {
    let old_source = reversed.target_session("fallback", "fallback").await?;
    if migration_on(&old_source).await?.phase == Phase::Done {
        return Err(EngineError::refused(
            "the application is back on the old source already",
            "\"transhume finish\" removes what is left",
        ));
    }
    Ok(())
}
