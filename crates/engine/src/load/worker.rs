//! One worker: claims a piece of work, does it, commits, and looks for the next.
//!
//! A loader copies parts first and builds when there are none; a builder only builds. Passing errors
//! cost the worker its connections, nothing else: the piece it held is open again, and whether a commit
//! whose answer was lost took place is in its row.

use transhume_core::disposition::{Disposition, takes_no_writes};
use transhume_pg::{
    connection::error::PgError,
    load::copy::CopySide,
    state::load::{WorkLeft, work_left},
};

use super::{
    altered_type, builder, large_objects, loader, maintenance, refused,
    sessions::{RefusedRows, Turn, WorkFailure, WorkerSessions},
};
use crate::{
    back_off::BackOff,
    error::{Doing, EngineError, Result},
};

/// Why there was an end without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WorkEnd {
    NothingLeft,
    /// Parts are open whose snapshot nobody can import any more.
    SnapshotLost,
}

pub(super) struct Worker {
    sessions: WorkerSessions,
}

impl Worker {
    pub(super) fn new(sessions: WorkerSessions) -> Self {
        Self { sessions }
    }

    pub(super) async fn work(mut self) -> Result<WorkEnd> {
        let end = self.until_nothing_is_left().await;
        self.sessions.shared.tell_all_idle_workers();
        end
    }

    async fn until_nothing_is_left(&mut self) -> Result<WorkEnd> {
        let mut failures = BackOff::for_failures();
        let mut idleness = BackOff::for_idleness();
        loop {
            match self.turn().await {
                Ok(Turn::Did) => {
                    failures.succeeded();
                    idleness.succeeded();
                    self.sessions.shared.tell_an_idle_worker();
                }
                Ok(Turn::SnapshotLost) => {
                    self.sessions.shared.lose_snapshot();
                    return Ok(WorkEnd::SnapshotLost);
                }
                Ok(Turn::Nothing) => {
                    match self.work_left().await? {
                        WorkLeft::Nothing => return Ok(WorkEnd::NothingLeft),
                        WorkLeft::NeedsSnapshot => self.sessions.shared.lose_snapshot(),
                        WorkLeft::Some => {}
                    }
                    // Whoever still reads under the lost snapshot finishes; to wait for more is vain.
                    if self.sessions.shared.is_snapshot_lost() {
                        return Ok(WorkEnd::SnapshotLost);
                    }
                    self.sessions.is_idle = true;
                    let shared = &self.sessions.shared;
                    idleness
                        .wait_by(&shared.cancellation, |wait| shared.word_of_work(wait))
                        .await?;
                }
                Err(WorkFailure::Refused { builds, error }) => {
                    refused::put_off(&mut self.sessions, &builds, &error).await?;
                }
                Err(WorkFailure::RefusedRows(rows)) => self.put_off(*rows, &mut failures).await?,
                Err(failure) => self.recover(failure, &mut failures).await?,
            }
        }
    }

    async fn turn(&mut self) -> std::result::Result<Turn, WorkFailure> {
        let turn = self.one_turn().await;
        self.sessions.shared.stop_meter(self.sessions.number);
        self.sessions.shared.stop_build(self.sessions.number);
        turn
    }

    async fn one_turn(&mut self) -> std::result::Result<Turn, WorkFailure> {
        let sessions = &mut self.sessions;
        if sessions.loads {
            match loader::load_next(sessions).await? {
                Turn::Nothing => {}
                done => return Ok(done),
            }
            match large_objects::load_next(sessions).await? {
                Turn::Nothing => {}
                done => return Ok(done),
            }
        }
        match maintenance::tree_next(sessions).await? {
            Turn::Nothing => {}
            done => return Ok(done),
        }
        match builder::build_next(sessions).await? {
            Turn::Nothing => maintenance::maintain_next(sessions).await,
            done => Ok(done),
        }
    }

    /// A table whose type was altered waits; other rows that are refused end the load.
    async fn put_off(&mut self, rows: RefusedRows, failures: &mut BackOff) -> Result<()> {
        if altered_type::put_off(&mut self.sessions, &rows).await? {
            return Ok(());
        }
        let failure = WorkFailure::Server {
            doing: rows.doing,
            side: CopySide::Target,
            error: rows.error,
        };
        self.recover(failure, failures).await
    }

    /// Gives up the connections and waits, or ends with the error where it would come again.
    async fn recover(&mut self, failure: WorkFailure, failures: &mut BackOff) -> Result<()> {
        self.sessions.give_up();
        let (doing, side, error) = match failure {
            WorkFailure::Stop(error) => return Err(error),
            WorkFailure::SnapshotLost | WorkFailure::Refused { .. } | WorkFailure::RefusedRows(_) => {
                return Ok(());
            }
            WorkFailure::Server { doing, side, error } => (doing, side, error),
        };
        if passes(side, &error) {
            let shared = &self.sessions.shared;
            shared.reporter.waiting(format!("{doing}: {error}; trying again"));
            return failures.wait(&shared.cancellation).await;
        }
        Err(stopped(&doing, side, &error))
    }

    /// What is open, by whomever it is held. A failure here is met again by the next turn.
    async fn work_left(&mut self) -> Result<WorkLeft> {
        let Ok(target) = self.sessions.target().await else {
            return Ok(WorkLeft::Some);
        };
        match work_left(target).await {
            Ok(left) => Ok(left),
            Err(error) if passes(CopySide::Target, &error) => Ok(WorkLeft::Some),
            Err(error) => Err(error).doing("looking for open work"),
        }
    }
}

/// Another try may succeed. A target that takes no writes for now does so again once somebody has given it room.
fn passes(side: CopySide, error: &PgError) -> bool {
    let is_waited_for = matches!(side, CopySide::Target) && error.sqlstate().is_some_and(takes_no_writes);
    is_waited_for || error.disposition() == Disposition::Retry
}

fn stopped(doing: &str, side: CopySide, error: &PgError) -> EngineError {
    let side = match side {
        CopySide::Source => "source",
        CopySide::Target => "target",
    };
    let hint = error.hint().unwrap_or_else(|| {
        "remedy the cause and run the same command again; everything that is done stays done".to_owned()
    });
    EngineError::stopped(
        format!("{doing}: {side}: {error}"),
        error.detail().unwrap_or_default(),
        hint,
    )
}
