//! One attempt at following: sessions, stream and writer opened together, and given up together.

use tokio::{runtime::Handle, sync::watch};
use transhume_core::follow::{batch::Grouping, error_policy::Care};
use transhume_pg::{connection::names, follow::apply::BatchWriter};
use transhume_wire::lsn::Lsn;

use super::{
    EndReason, FollowEnd, FollowRequest, Until, applier::Applier, early::EarlySessions, failure::Failure,
    in_progress::Keeping, observer::Observer, progress::Progress, receiver::Receiver, standstill, start,
};
use crate::{cancel::Cancellation, report::Reporter};

/// How the next attempt goes about it.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub(super) grouping: Grouping,
    pub(super) care: Option<Care>,
    /// Large transactions are asked for before their commit.
    pub(super) in_progress: bool,
    /// The largest of them are written before it.
    pub(super) is_early: bool,
}

impl Manner {
    pub(super) fn of(request: &FollowRequest<'_>) -> Self {
        Self {
            grouping: Grouping::WhenBehind,
            care: None,
            in_progress: request.spill.limit_bytes > 0,
            is_early: is_early(request),
        }
    }

    /// How to go about it behind this failure: what needs care is written with care once.
    pub(super) fn after(self, failure: &Failure, request: &FollowRequest<'_>) -> Self {
        let usual = Self {
            in_progress: self.in_progress,
            ..Self::of(request)
        };
        match failure {
            Failure::WithinGroup { up_to } => Self {
                grouping: Grouping::SinglyUpTo(*up_to),
                care: request.care(*up_to),
                is_early: false,
                ..usual
            },
            Failure::RestartWithoutEarly => Self {
                is_early: false,
                ..usual
            },
            Failure::SpillFailed(_) => Self {
                in_progress: false,
                ..usual
            },
            _ => usual,
        }
    }

    /// Who only catches up has a backlog, and that comes faster as a whole where it is written at its commit
    /// (docs/decisions/0012).
    fn takes_in_progress(self, until: Until) -> bool {
        self.in_progress && (self.is_early || until == Until::Cancelled)
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

    fn keeping(&self, writer: &BatchWriter, progress: &watch::Receiver<Progress>) -> Keeping {
        let early = self.manner.is_early.then(|| EarlySessions {
            runtime: Handle::current(),
            target: self
                .request
                .endpoints
                .target
                .clone()
                .carrying(writer.value_encoding()),
            application_name: names::application_name(&self.request.migration.id, "early"),
            loaded: writer.loaded_tables(),
            source: writer.source_tables(),
            progress: progress.clone(),
        });
        Keeping::new(self.request.spill.clone(), early)
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
            opened = start::open(&self.request, self.manner.takes_in_progress(self.request.until), self.reporter) => opened?,
        };
        let mut opened = opened;
        if let Some(care) = self.manner.care {
            opened.target.writer.take_care(care);
        }
        let started_at = opened.frontier.lsn;
        *last_frontier = started_at;
        let frontier = opened.frontier();
        let past = opened.past();
        let (progress, watched) = watch::channel(Progress::at(opened.frontier, &frontier));
        let keeping = self.keeping(&opened.target.writer, &watched);
        let kept = (opened.target.writer.trees(), keeping);
        let receiver = Receiver::spawn(opened.thread, opened.stream, kept, watched.clone());
        let observer = Observer::spawn(&self.request, self.reporter, watched.clone());
        let mut applier = Applier::new(
            &self.request,
            (self.manner.grouping, self.manner.care),
            opened.target,
            (frontier, past),
            (receiver, opened.key),
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

/// Without the replica role keys are checked when the source would not, and only at the end of a transaction.
fn is_early(request: &FollowRequest<'_>) -> bool {
    request.replica_role && request.spill.early_from_bytes > 0
}

/// The stream is given up, since the walsender would hold the shutdown until the backlog is applied.
fn shut_down() -> Failure {
    Failure::passing("the source is being shut down")
}
