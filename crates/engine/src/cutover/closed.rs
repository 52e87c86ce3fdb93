//! Closing the source inside the pause, and all that is done between that and the target's opening.

use transhume_core::{cutover::write_pause::PauseStep, finding::Finding};
use transhume_pg::cutover::{
    fence::{EndedSessions, Fence, OwnSessions},
    opening_mark as mark,
};

use super::{
    Cutover,
    pause::{Prepared, interruptible},
    stopwatch::Stopwatch,
};
use crate::{
    cancel::Cancellation,
    error::{Doing, Result},
    failpoint::{Point, reach},
};

/// Nobody writes on the source any more.
pub(super) struct Closed {
    pub(super) sessions: EndedSessions,
    pub(super) large_objects_changed: usize,
    pub(super) not_compared: Option<Finding>,
}

impl Cutover<'_> {
    /// Nobody writes on the source any more, and it remembers that the target is told to open.
    pub(super) async fn close_source(
        &mut self,
        prepared: &mut Prepared,
        fence: Fence,
        stopwatch: &Stopwatch,
        cancellation: &Cancellation,
    ) -> Result<Closed> {
        let most = self.options.max_pause;
        self.retreat = self.retreat.closing();
        self.strays = vec![prepared.announcer.backend_pid(), fence.session().backend_pid()];
        let pids = self.own_processes(prepared, &fence);
        let own = OwnSessions {
            pids: &pids,
            slot: &self.migration.slot_name,
        };
        let closing = prepared.closing.close(fence, &prepared.announcer, &own);
        let sessions = stopwatch.within(most, closing).await?;
        self.strays.clear();
        stopwatch.step(PauseStep::SourceClosed);
        let completed = self.complete_large_objects(sessions, prepared, stopwatch);
        let closed = interruptible(cancellation, stopwatch.within(most, completed)).await?;
        let remembering = self.remember_opening(prepared);
        interruptible(cancellation, stopwatch.within(most, remembering)).await?;
        Ok(closed)
    }

    /// Writers of large objects are held by no lock: only now they are gone.
    async fn complete_large_objects(
        &self,
        sessions: EndedSessions,
        prepared: &mut Prepared,
        stopwatch: &Stopwatch,
    ) -> Result<Closed> {
        reach(Point::SourceClosed).await;
        let completed = prepared.large_objects.complete(self.options.drain_timeout);
        let (large_objects_changed, not_compared) = completed.await?;
        stopwatch.step(PauseStep::LargeObjects);
        reach(Point::LargeObjectsCompared).await;
        Ok(Closed {
            sessions,
            large_objects_changed,
            not_compared,
        })
    }

    /// A target that fails over might forget that it was opened.
    async fn remember_opening(&self, prepared: &Prepared) -> Result<()> {
        let Some(mark) = &prepared.mark else { return Ok(()) };
        mark::set(&prepared.announcer, &self.migration.identity.database, mark)
            .await
            .doing("writing down on the source that the target opens")
    }
}
