//! One attempt at following: sessions, stream and writer opened together, and given up together.

use transhume_core::batch::Grouping;
use transhume_pg::apply::Care;
use transhume_wire::lsn::Lsn;

use super::{
    EndReason, FollowEnd, FollowRequest, Until,
    applier::Applier,
    failure::Failure,
    observer::Observer,
    receiver::{Progress, Receiver},
    standstill, start,
};
use crate::{cancel::Cancellation, report::Reporter};

/// How the next attempt goes about it.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub(super) grouping: Grouping,
    pub(super) care: Option<Care>,
    /// Large transactions are asked for before their commit.
    pub(super) in_progress: bool,
}

impl Manner {
    pub(super) fn of(request: &FollowRequest<'_>) -> Self {
        Self {
            grouping: Grouping::WhenBehind,
            care: None,
            // Who only catches up has a backlog, and that comes faster as a whole (docs/decisions/0012).
            in_progress: request.spill.limit_bytes > 0 && request.until == Until::Cancelled,
        }
    }

    pub(super) fn without_group(self) -> Self {
        Self {
            grouping: Grouping::WhenBehind,
            care: None,
            ..self
        }
    }
}

pub(super) struct Attempt<'a> {
    request: FollowRequest<'a>,
    reporter: &'a Reporter,
    manner: Manner,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(request: FollowRequest<'a>, reporter: &'a Reporter, manner: Manner) -> Self {
        Self {
            request,
            reporter,
            manner,
        }
    }

    pub(super) async fn run(
        &self,
        cancellation: &Cancellation,
        last_frontier: &mut Lsn,
    ) -> Result<FollowEnd, Failure> {
        let cancelled = |frontier| FollowEnd {
            frontier,
            reason: EndReason::Cancelled,
        };
        let opened = tokio::select! {
            biased;
            () = cancellation.cancelled() => return Ok(cancelled(*last_frontier)),
            opened = start::open(&self.request, self.manner.in_progress, self.reporter) => opened?,
        };
        let mut opened = opened;
        if let Some(care) = self.manner.care {
            opened.target.writer.take_care(care);
        }
        let started_at = opened.frontier.lsn;
        *last_frontier = started_at;
        let frontier = opened.frontier();
        let initial = Progress {
            flushed: frontier.confirmable(),
            ..Progress::from(opened.frontier)
        };
        let (progress, watched) = tokio::sync::watch::channel(initial);
        let kept = (opened.target.writer.trees(), self.request.spill.clone());
        let receiver = Receiver::spawn(opened.thread, opened.stream, kept, watched.clone());
        let observer = Observer::spawn(&self.request, self.reporter, watched.clone());
        let mut applier = Applier::new(
            &self.request,
            (self.manner.grouping, self.manner.care),
            opened.target,
            frontier,
            receiver,
            progress,
        );
        let result = tokio::select! {
            biased;
            () = cancellation.cancelled() => Ok(EndReason::Cancelled),
            // Boxed: what contains it is boxed nowhere.
            result = Box::pin(applier.run()) => result,
            () = observer.source_shuts_down() => Err(shut_down()),
        };
        if result.is_ok() {
            applier.come_to_rest().await;
        }
        // What is under way on the target rolls back with its session.
        let mut receiver = applier.into_receiver();
        let result = match result {
            Err(Failure::Drifts(obstacle)) if self.request.until == Until::Cancelled => {
                let standing = standstill::stand(&self.request, *obstacle, self.reporter);
                // The stream is kept, so that the server does not take the slot for forgotten.
                tokio::select! {
                    biased;
                    () = cancellation.cancelled() => Ok(EndReason::Cancelled),
                    over = standing => Err(over),
                    lost = receiver.failure() => Err(lost),
                    () = observer.source_shuts_down() => Err(shut_down()),
                }
            }
            result => result,
        };
        observer.stop();
        receiver.finish().await;
        *last_frontier = watched.borrow().frontier;
        match result {
            Ok(reason) => Ok(FollowEnd {
                frontier: *last_frontier,
                reason,
            }),
            Err(failure) => Err(failure.after_progress(*last_frontier > started_at)),
        }
    }
}

/// The stream is given up, since the walsender would hold the shutdown until the backlog is applied.
fn shut_down() -> Failure {
    Failure::passing("the source is being shut down")
}
