//! Undoing a cutover from within it: back to following, with nothing left of the fence.
//!
//! The source first and from memory, then the clients, then the target: neither the source nor the application waits for
//! a target that does not answer. A server that died meanwhile and starts again is waited for, since nobody else knows
//! sooner that there is something to undo.

use std::time::Duration;

use tokio::time::timeout;
use transhume_core::{
    count::counted, cutover::retreat::Retreat, disposition::Disposition, finding::Finding, phase::Phase,
};
use transhume_pg::{connection::session::Session, cutover::opening, state::runner, wait::Wait};

use super::{
    Cutover,
    application::{self, Application, Moment},
    close,
    interrupted::follow_again,
    opening_mark,
};
use crate::{
    error::{Doing, EngineError, Result},
    failpoint::{Point, reach},
    present::migration_on,
    report::{Report, Reporter},
};

/// How long a server is waited for that was lost: a crash recovery takes seconds, and a runner takes up what is left.
const PATIENCE: Duration = Duration::from_secs(30);

const INTERVAL: Duration = Duration::from_millis(250);

/// A session ends within a millisecond or two, and writers wait for it.
const STRAYS_INTERVAL: Duration = Duration::from_millis(10);

/// How far undoing has come, in the order in which it goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum UndoStep {
    Source,
    Clients,
    Target,
    /// The migration follows as before.
    Following,
}

impl Cutover<'_> {
    /// Tells the cause at once, since undoing may have to wait for the same server. Whoever does not answer while the pause
    /// may last, or a crash recovery, is named and left to the runner.
    pub(super) async fn leave_because(
        &mut self,
        error: &EngineError,
        application: &mut Application,
    ) -> Result<()> {
        let detail = error.detail().unwrap_or_default();
        self.reporter
            .waiting(format!("both servers, to undo the cutover: {error}. {detail}"));
        let most = self.options.max_pause.max(PATIENCE);
        let left = timeout(most, Box::pin(self.leave(application))).await;
        left.unwrap_or_else(|_| {
            Err(EngineError::refused(
                format!(
                    "undoing did not come to its end within {} s: it waits for {}",
                    most.as_secs(),
                    self.awaited_by_undoing()
                ),
                "see whether that server answers",
            ))
        })
    }

    pub(super) async fn leave(&mut self, application: &mut Application) -> Result<()> {
        if self.retreat == Retreat::AskTarget {
            return Err(EngineError::refused(
                "the target may be open, so the source stays closed",
                "\"transhume run\" settles it as soon as the target answers",
            ));
        }
        self.undoing = UndoStep::Source;
        let source = self.open_source().await;
        self.undoing = UndoStep::Clients;
        let clients = application.restore().await;
        source.and(clients)?;
        reach(Point::PoolerRestored).await;
        self.undoing = UndoStep::Target;
        if !self.take_target_again().await? {
            self.reporter
                .step("the cutover was undone by the runner: the migration follows on as before");
            return Ok(());
        }
        reach(Point::TargetRolledBack).await;
        close::forget(&self.target).await?;
        reach(Point::ClosingForgotten).await;
        application::pgbouncer::settled(&self.target).await?;
        reach(Point::HoldForgotten).await;
        self.undoing = UndoStep::Following;
        follow_again(&self.source, &self.target, &self.migration).await?;
        self.reporter
            .step("the cutover was undone: the migration follows on as before");
        if let Err(error) = application.announce(Moment::Undone).await {
            let message = error.to_string();
            let finding = Finding::warning(
                "hook-failed",
                "",
                message,
                "do by hand what the hook should have done",
            );
            self.reporter.send(Report::Finding { finding });
        }
        Ok(())
    }

    fn awaited_by_undoing(&self) -> String {
        let (source, target) = (self.source.endpoint(), self.target.endpoint());
        match self.undoing {
            UndoStep::Source => format!("the source, {source}"),
            UndoStep::Clients => "PgBouncer".to_owned(),
            UndoStep::Target => format!("the target, {target}"),
            UndoStep::Following => format!("{source} or {target}"),
        }
    }

    async fn open_source(&mut self) -> Result<()> {
        if self.source.is_closed() {
            let again = || self.endpoints.source_session(&self.migration.id, "cutover");
            self.source = regained(again, self.reporter).await?;
        }
        if self.retreat == Retreat::NothingToUndo {
            return Ok(());
        }
        self.end_strays().await?;
        close::reopen(&self.source, &self.undo).await?;
        opening_mark::forget(&self.source, &self.migration).await?;
        self.reporter.step("the source is open to writers again");
        reach(Point::SourceReopened).await;
        Ok(())
    }

    /// What was given up on its way must not take effect after it is undone.
    async fn end_strays(&self) -> Result<()> {
        let doing = "ending sessions that were closing the source";
        let wait = Wait::up_to(PATIENCE, STRAYS_INTERVAL);
        loop {
            let left = opening::end_lost_sessions(&self.source, &self.strays)
                .await
                .doing(doing)?;
            if left == 0 {
                return Ok(());
            }
            if !wait.rest().await {
                return Err(EngineError::refused(
                    format!("still closing the source: {}", counted(left, "session")),
                    "see pg_stat_activity there; \"transhume run\" opens the source again once they are gone",
                ));
            }
        }
    }

    /// Rolls back there. With its session the cutover's lock was lost too: false where the runner has found that, and
    /// has undone everything.
    async fn take_target_again(&mut self) -> Result<bool> {
        if self.target.is_closed() {
            let again = || self.endpoints.target_session(&self.migration.id, "cutover");
            self.target = regained(again, self.reporter).await?;
        } else {
            opening::roll_back(&self.target)
                .await
                .doing("rolling back on the target")?;
        }
        let wait = Wait::up_to(PATIENCE, INTERVAL);
        while !runner::try_cutover_lock(&self.target)
            .await
            .doing("taking the cutover's lock")?
        {
            if !wait.rest().await {
                return Err(EngineError::refused(
                    "another process undoes the cutover and does not come to its end",
                    "see \"transhume status\"",
                ));
            }
        }
        let phase = migration_on(&self.target).await?.phase;
        Ok(matches!(phase, Phase::Cutover | Phase::Opening))
    }
}

/// A session for one that was lost.
async fn regained<Opening>(open: impl Fn() -> Opening, reporter: &Reporter) -> Result<Session>
where
    Opening: Future<Output = Result<Session>>,
{
    let wait = Wait::up_to(PATIENCE, INTERVAL);
    loop {
        let error = match open().await {
            Ok(session) => return Ok(session),
            Err(error) => error,
        };
        let passes = matches!(&error, EngineError::Server { source, .. } if source.disposition() == Disposition::Retry);
        if !passes || wait.is_over() {
            return Err(error);
        }
        reporter.waiting(format!("{error}; trying again"));
        wait.rest().await;
    }
}
