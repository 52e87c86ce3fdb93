//! Both ways of a run: forward until the cutover, and back from it on.

use transhume_core::{
    direction::Direction,
    guard::schema::{CarryOver, SchemaChanges},
};
use transhume_pg::state::{migration, runner};

use super::{Run, RunEnd, RunOpening, RunOptions, RunReason, gone, reopen, stop};
use crate::{
    cancel::{self, Cancellation, Canceller},
    cutover,
    door::{self, Past},
    endpoints::{Endpoints, in_reverse},
    error::{Doing, EngineError, Result},
    facing,
    guard::Guard,
    report::Reporter,
    stopped,
};

/// Starts or resumes the migration between these two databases; after a cutover with a way back, follows the
/// target back to the old source.
pub async fn run(
    endpoints: &Endpoints,
    options: &RunOptions,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<RunEnd> {
    let looked = reopen::until_primary(endpoints, reporter, cancellation).await?;
    let mut opening = RunOpening::First;
    let telling = (reporter, cancellation);
    let is_reversed = match looked {
        Some(has_way_back) => has_way_back,
        None => has_way_back(endpoints).await?,
    };
    if !is_reversed {
        let forward = (Direction::Forward, opening);
        let end = run_one_way(endpoints, options, forward, telling).await?;
        // It was open: a server that is away just now is waited for.
        let looking = || has_way_back(endpoints);
        if end.reason != RunReason::Done || !reopen::persist(looking, reporter, cancellation).await? {
            return Ok(end);
        }
        opening = RunOpening::Again;
    }
    let turning = || async {
        door::enter(endpoints, Past::Left).await?;
        complete(endpoints, options, reporter).await
    };
    reopen::as_opened(opening, turning, telling).await?;
    let looking = || facing::way_back(endpoints, reporter);
    let reversed = reopen::persist(looking, reporter, cancellation)
        .await?
        .ok_or_else(gone)?;
    reporter.step("the application lives on the target; what it writes is brought back to the old source");
    let back = run_one_way(&reversed, options, (Direction::Reverse, opening), telling)
        .await
        .map_err(|error| in_reverse(error, endpoints))?;
    let reason = match back.reason {
        RunReason::Done => RunReason::FallenBack,
        other => other,
    };
    Ok(RunEnd { reason, ..back })
}

/// Clients that a cutover which died has left waiting go on; one that lives sees to it itself.
async fn complete(endpoints: &Endpoints, options: &RunOptions, reporter: &Reporter) -> Result<()> {
    // A fallback may have closed it since.
    let endpoints = &endpoints.behind_fences();
    let target = endpoints.target_session("run", "control").await?;
    if runner::is_cutover_alive(&target)
        .await
        .doing("looking for the cutover")?
    {
        return Ok(());
    }
    let pgbouncer = options.pgbouncer.as_ref();
    Box::pin(cutover::complete_interrupted(
        endpoints, pgbouncer, &target, reporter,
    ))
    .await
}

async fn has_way_back(endpoints: &Endpoints) -> Result<bool> {
    let target = endpoints.target_session("run", "control").await?;
    let migration = migration::read(&target).await.doing("reading the migration")?;
    Ok(migration.as_ref().is_some_and(facing::is_open))
}

/// One stream, until there is a reason to end.
async fn run_one_way(
    endpoints: &Endpoints,
    options: &RunOptions,
    (direction, opening): (Direction, RunOpening),
    (reporter, cancellation): (&Reporter, &Cancellation),
) -> Result<RunEnd> {
    let (canceller, inner) = cancel::cancellation();
    let open = || {
        let telling = (reporter, &inner);
        Box::pin(Run::open(endpoints, options, direction, opening, telling))
    };
    let run = reopen::as_opened(opening, open, (reporter, cancellation)).await?;
    let migration = run.migration.id.clone();
    let outcome = Box::pin(until_ended(run, (canceller, cancellation))).await;
    match &outcome {
        Ok(end) if end.reason == RunReason::Stopped => {}
        Ok(_) => stopped::forget_on(endpoints, &migration).await,
        Err(error) => stopped::record(endpoints, &migration, error).await,
    }
    outcome
}

/// Works and watches over the source meanwhile.
async fn until_ended(run: Run<'_>, (canceller, cancellation): (Canceller, &Cancellation)) -> Result<RunEnd> {
    let (endpoints, direction, reporter) = (run.endpoints, run.direction, run.reporter);
    let migration = run.migration.clone();
    let mut following = run.options.follow.clone();
    // On the way back no table joins any more.
    following
        .carry_over
        .retain(|change| direction == Direction::Forward || *change != CarryOver::Partitions);
    if direction == Direction::Reverse {
        following.schema_changes = SchemaChanges::Hold;
    }
    let guard = Guard::new(
        endpoints,
        migration.clone(),
        run.selector.clone(),
        &following,
        reporter,
    );
    // Without a slot there is nothing to watch over.
    let offline = run.options.offline || migration.is_offline();
    let watching = async {
        if offline {
            std::future::pending().await
        } else {
            guard.watch().await
        }
    };
    let ending = async {
        tokio::select! {
            () = cancellation.cancelled() => Stopping::Cancelled,
            () = stop::asked(endpoints, &migration.id) => Stopping::Asked,
            error = watching => Stopping::Guarded(error),
        }
    };
    let mut working = Box::pin(run.persist());
    let (outcome, ending) = tokio::select! {
        outcome = &mut working => return outcome,
        ending = Box::pin(ending) => {
            canceller.cancel();
            (working.await, ending)
        }
    };
    match (outcome, ending) {
        (Err(EngineError::Interrupted), Stopping::Asked) => Ok(RunEnd {
            migration: migration.id,
            phase: migration.phase,
            frontier: migration.frontier,
            reason: RunReason::Stopped,
            exceptions: 0,
        }),
        // Whatever the work met after that is a consequence.
        (_, Stopping::Guarded(error)) => Err(error),
        (outcome, _) => outcome,
    }
}

/// Why a run ends that would have gone on.
enum Stopping {
    Cancelled,
    /// By another process.
    Asked,
    Guarded(EngineError),
}
