//! Several databases that move together: one fence, one pause, and all or none of them open.
//!
//! Each cutover of the group goes through the same points, and waits at them for the others: gate, fence, ready to
//! open. Before the first target opens, every one of them writes down that it will (phase opening), so that
//! whoever finds the pieces of a crash knows: where no target of the group is open, all may go back; where one is, the
//! others must go on.

use transhume_core::{cutover::vote::VoteOutcome, phase::Phase};
use transhume_pg::{connection::session::Session, state::migration};

use super::{
    Ballot, Cutover,
    application::Application,
    close,
    interrupted::follow_again,
    opening_mark,
    raise::{Failed, FenceTry},
};
use crate::error::{Doing, EngineError, Result};

/// Puts the decision to open to the vote, on a session of its own: the target's opening transaction is under way.
pub(super) struct Decider<'a> {
    ballot: &'a Ballot,
    /// None where there is nothing to decide.
    target: Option<Session>,
}

impl<'a> Decider<'a> {
    pub(super) async fn of(cutover: &Cutover<'_>, ballot: &'a Ballot) -> Result<Self> {
        let target = if ballot.is_alone() || cutover.retreat.is_decided() {
            None
        } else {
            let id = &cutover.migration.id;
            Some(cutover.endpoints.target_session(id, "decide").await?)
        };
        Ok(Self { ballot, target })
    }

    /// True once all have written down that they open.
    pub(super) async fn decide(&self) -> Result<bool> {
        let Some(target) = &self.target else {
            return Ok(false);
        };
        agreed(self.ballot, "another database is not ready to open").await?;
        let doing = "writing down that all databases open together";
        if !migration::advance(&**target, Phase::Cutover, Phase::Opening)
            .await
            .doing(doing)?
        {
            return Err(failed("the cutover was undone meanwhile"));
        }
        agreed(self.ballot, "another database could not write down that it opens").await?;
        Ok(true)
    }
}

impl Cutover<'_> {
    /// Finds out what an earlier cutover of the group has left, and goes back or forward from there. None where this
    /// database was moved.
    pub(super) async fn take_up(&mut self, ballot: Ballot) -> Result<Option<Ballot>> {
        let phase = self.migration.phase;
        if ballot.is_alone() {
            return match phase {
                Phase::Opening => Err(half_open()),
                _ => Ok(Some(ballot)),
            };
        }
        let is_none_open = match ballot.vote(phase != Phase::Done).await {
            VoteOutcome::Carried => true,
            VoteOutcome::Refused => false,
            VoteOutcome::Void => return Err(failed("another database could not be asked")),
        };
        match phase {
            Phase::Done => {
                self.reporter
                    .step("it has been moved already: the others go on where they were in the middle of it");
                Ok(None)
            }
            // The decision stands, and there is nobody to wait for any more.
            Phase::Opening if !is_none_open => {
                self.retreat = self.retreat.decided();
                self.reporter
                    .step("other databases of the group are open on their target already: going on to open this one");
                Ok(Some(Ballot::alone()))
            }
            Phase::Opening => {
                close::undo(&self.source, &self.target, self.reporter).await?;
                opening_mark::forget(&self.source, &self.migration).await?;
                follow_again(&self.source, &self.target, &self.migration).await?;
                self.migration.phase = Phase::Follow;
                Ok(Some(ballot))
            }
            _ if is_none_open => Ok(Some(ballot)),
            _ => Err(EngineError::refused(
                "another database of the file has been moved already",
                "move the rest one by one with --database, or as a group of their own in another file",
            )),
        }
    }
}

/// Goes on only if every database of the group does.
pub(super) async fn agreed(ballot: &Ballot, otherwise: &str) -> Result<()> {
    match ballot.vote(true).await {
        VoteOutcome::Carried => Ok(()),
        VoteOutcome::Refused | VoteOutcome::Void => Err(failed(otherwise)),
    }
}

/// What a try of the fence came to, once every other database's has come to something: it stands for all, or for none.
pub(super) async fn stands_for_all(
    tried: FenceTry,
    is_last: bool,
    ballot: &Ballot,
    application: &mut Application,
) -> Result<FenceTry> {
    let (fence, stopwatch) = match tried {
        FenceTry::Stands(fence, stopwatch) => (fence, stopwatch),
        FenceTry::Failed(mut failed) => {
            // Whoever gives up leaves the group, which says it to the others.
            if failed.passes && !is_last {
                failed.passes = ballot.vote(false).await != VoteOutcome::Void;
            }
            return Ok(FenceTry::Failed(failed));
        }
    };
    let outcome = ballot.vote(true).await;
    if outcome == VoteOutcome::Carried {
        return Ok(FenceTry::Stands(fence, stopwatch));
    }
    // Its writers and ours go on together.
    let waited = Some(stopwatch.elapsed());
    let session = fence.lower().await.doing("lowering the fence")?;
    application.release().await?;
    Ok(FenceTry::Failed(Failed {
        session,
        error: failed("the fence of another database could not be raised"),
        passes: outcome == VoteOutcome::Refused,
        is_blocked: false,
        waited,
    }))
}

fn failed(reason: &str) -> EngineError {
    EngineError::stopped(
        format!("not moved, since the databases move together: {reason}"),
        "",
        "remedy what the other database says, then cut over again",
    )
}

/// The decision to open stands, but this target did not open.
pub(super) fn not_opened(error: &EngineError) -> EngineError {
    EngineError::stopped(
        format!("the target could not be opened: {error}"),
        "Other databases of the group may be open on their target. The source of this one stays closed.",
        "remedy the cause, then run \"transhume cutover\" with the same file: it continues and opens this one",
    )
}

/// A cutover of several databases died between their openings.
pub(crate) fn half_open() -> EngineError {
    EngineError::refused(
        "a cutover of several databases died while their targets were being opened; this one is not open, others may be",
        "run \"transhume cutover\" with the file that names all of them: it opens this one where another is open, and \
         goes back with all where none is",
    )
}
