//! Following the source: its stream applied to the target, whole transactions at a time.
//!
//! Owns one attempt after the other: sessions, stream and writer are opened together, and given up
//! together when anything fails. The next attempt starts at the stored frontier, so that whatever
//! was under way, an unknown COMMIT too, is decided by what the target says (design §2.1).
//!
//! Within an attempt three tasks work at once: one receives and answers the source, one gathers whole
//! transactions, one writes them to the target.
//!
//! Invariants: nothing is applied before the source is known by the latest transaction that the target remembers, and only what
//! it has flushed is confirmed to the slot; a change that does not fit holds the
//! stream before its transaction, with all transactions before it applied.

pub(crate) mod announcing;
mod applier;
mod attempt;
mod early;
mod failure;
mod feedback;
mod handing;
mod hold;
mod in_progress;
mod observer;
mod open_transaction;
mod options;
pub(crate) mod past;
mod progress;
mod receiver;
mod slot_check;
mod spill;
mod standstill;
mod start;
mod suspension;
mod undecoded;
mod writing;

pub use self::options::{CarryOver, FollowOptions, SchemaChanges, SpillOptions, WalPolicy};
pub(crate) use self::suspension::SUSPENDED;

use tokio::time::timeout;
use transhume_core::{
    finding::WrittenSide,
    follow::error_policy::{Care, ErrorPolicy},
};
use transhume_pg::state::{migration::Migration, runner};
use transhume_wire::lsn::Lsn;

use self::{
    attempt::{Attempt, Manner},
    failure::Failure,
    undecoded::Undecoded,
};
use crate::{
    back_off::{BackOff, LONGEST_FAILURE_WAIT},
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, Result},
    report::Reporter,
};

/// Origin of our findings in `transhume.finding`.
pub(crate) const ORIGIN: &str = "follow";

#[derive(Debug, Clone, Copy)]
pub struct FollowRequest<'a> {
    pub endpoints: &'a Endpoints,
    pub migration: &'a Migration,
    /// The target lets us set session_replication_role; else triggers are disabled already.
    pub replica_role: bool,
    pub until: Until,
    /// The caller takes up requests about tables: following ends for them.
    pub yields_to_tables: bool,
    /// What becomes of changes that the target refuses.
    pub on_error: ErrorPolicy,
    /// Where transactions in progress wait for their commit.
    pub spill: &'a SpillOptions,
    /// What becomes of changes of the source's schema; none: what the source has been made for stays.
    pub schema_changes: Option<SchemaChanges>,
}

impl FollowRequest<'_> {
    fn written_side(&self) -> WrittenSide {
        self.endpoints.written_side(self.migration.direction)
    }
}

/// When to end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Everything that the source committed below this is applied.
    CaughtUp(Lsn),
    /// Only when cancelled, told to stop, or cut over.
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    CaughtUp,
    Cancelled,
    /// A `stop` command came.
    Stopped,
    /// The migration is done, or its state is gone.
    CutOver,
    /// Tables are to be reloaded or suspended: the caller does it, then follows on.
    Tables,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowEnd {
    pub frontier: Lsn,
    pub reason: EndReason,
}

impl FollowEnd {
    fn at(frontier: Lsn, reason: EndReason) -> Self {
        Self { frontier, reason }
    }
}

/// Follows until there is a reason to end; failures that pass by themselves are waited out.
pub async fn follow(
    request: FollowRequest<'_>,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<FollowEnd> {
    let mut failures = BackOff::for_failures();
    let mut manner = Manner::of(&request);
    // A COMMIT of the process before us may still be under way on the target.
    let mut outcome_unknown = true;
    let mut last_frontier = Lsn::ZERO;
    let mut undecoded = Undecoded::of(request.migration.direction);
    loop {
        let attempt = Attempt::new(request, reporter, manner);
        let failure = match Box::pin(attempt.run(cancellation, &mut last_frontier)).await {
            Ok(end) => return Ok(end),
            Err(failure) => failure,
        };
        manner = manner.after(&failure, &request);
        let (reason, made_progress) = match failure {
            Failure::Final(error) => return Err(error),
            Failure::WithinGroup { .. } => continue,
            Failure::Suspends(suspension) => {
                suspension::suspend(&request, &suspension, reporter).await?;
                outcome_unknown = true;
                continue;
            }
            // The COMMIT whose answer was lost may have been under way when the frontier was read.
            Failure::FrontierMoved { .. } if outcome_unknown => {
                outcome_unknown = false;
                continue;
            }
            Failure::FrontierMoved { expected } => return Err(failure::another_runner(expected)),
            Failure::AwaitsLoad { table, relation_id } => {
                outcome_unknown = true;
                let awaited = hold::await_load(&request, &table, relation_id, reporter);
                tokio::select! {
                    () = cancellation.cancelled() => return Ok(FollowEnd::at(last_frontier, EndReason::Cancelled)),
                    () = awaited => continue,
                }
            }
            Failure::Drifts(obstacle) => {
                let explaining = Box::pin(failure::explained(&request, *obstacle));
                return Err(explaining.await.into_stop(&request.written_side()));
            }
            Failure::SpillFailed(reason) => {
                outcome_unknown = true;
                reporter.waiting(left_to_the_source(&reason));
                continue;
            }
            Failure::RestartWithoutEarly | Failure::Retry => {
                outcome_unknown = true;
                continue;
            }
            Failure::Ends(reason) => return Ok(FollowEnd::at(last_frontier, reason)),
            Failure::Undecodable(error) => match undecoded.tried(last_frontier, &error) {
                Ok(reason) => (reason, false),
                Err(error) => return Err(Box::pin(undecoded::explained(&request, error)).await),
            },
            Failure::Passing {
                reason,
                made_progress,
            } => (reason, made_progress),
        };
        outcome_unknown = true;
        if made_progress {
            failures.succeeded();
        }
        note_waiting(&request, &reason).await;
        reporter.waiting(reason);
        if failures.wait(cancellation).await.is_err() {
            return Ok(FollowEnd::at(last_frontier, EndReason::Cancelled));
        }
    }
}

/// For whoever asks for the status; where the target cannot be reached, they cannot ask either.
async fn note_waiting(request: &FollowRequest<'_>, reason: &str) {
    let noting = async {
        let target = request
            .endpoints
            .target_session(&request.migration.id, "waiting")
            .await?;
        runner::waits(&target, reason)
            .await
            .doing("recording what the runner waits for")
    };
    if let Ok(Err(error)) = timeout(LONGEST_FAILURE_WAIT, noting).await {
        tracing::debug!("{error}");
    }
}

impl FollowRequest<'_> {
    /// Transactions that commit up to there are written so that what is refused can be stored.
    fn care(&self, up_to: Lsn) -> Option<Care> {
        let policy = self.on_error;
        policy.logs().then_some(Care { up_to, policy })
    }
}

fn left_to_the_source(reason: &str) -> String {
    format!("{reason}; from now on the source keeps a large transaction until its commit")
}
