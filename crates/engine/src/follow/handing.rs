//! Handing batches over to the writer, and what it reports of them.
//!
//! Invariants: each batch's frontier begins where that of the one before ended; what the writer reports
//! committed is shown, what the target has flushed is confirmed.

use std::time::{Duration, Instant};

use transhume_core::follow::{
    batch::{Batch, Closed},
    error_policy::ErrorAction,
    portion::{Advance, BatchEnd, Portion},
};
use transhume_pg::follow::{
    apply::{ApplyError, Conflict},
    marker,
};

use super::{
    Until,
    applier::Applier,
    early::{Early, Landing},
    failure::{self, Failure, explain},
    start::connect_source,
    suspension::Suspension,
    writing::{Handed, WriterReport, Writing},
};

/// The frontier moves this often at most while only WAL that is not ours goes by.
const IDLE_ADVANCE_EVERY: Duration = Duration::from_secs(1);
/// As long as a batch waits for more while much comes: some hundred changes, and little against the lag that there is then.
const GATHERING: Duration = Duration::from_millis(5);
/// A batch leaves so long after one that is still on its way: over a long way each transaction is soon on it, and where the
/// answers come earlier a batch grows until then.
const FOLLOWING: Duration = Duration::from_millis(2);
/// At the end, what was handed over is waited for this long, and for the target to flush it: so that the slot
/// is told. Whatever takes longer is sent again next time.
const REST: Duration = Duration::from_secs(3);

impl Applier<'_> {
    /// Hands the batch over once nothing more is waiting; moves the frontier over WAL without changes of
    /// ours only now and then.
    pub(super) async fn hand_when_due(&mut self) -> Result<(), Failure> {
        self.settled();
        let is_resting =
            self.open.is_none() && self.burst.items.is_empty() && self.receiver.bursts.is_empty();
        if !is_resting || self.due_at().is_none_or(|due_at| due_at > Instant::now()) {
            return Ok(());
        }
        let moves = self.frontier.received() > self.handed && self.is_idle();
        let is_time = self.last_handed.elapsed() >= IDLE_ADVANCE_EVERY;
        if self.batch.must_commit || (moves && (self.is_awaited() || is_time)) {
            self.hand_batch().await?;
        }
        Ok(())
    }

    /// From when on the batch may leave; none before the writer reports something. It waits for more although the writer is
    /// idle where much comes: larger ones take less of everybody's CPU, and of a source that has so much to send nobody
    /// expects to be at its end at once.
    pub(super) fn due_at(&self) -> Option<Instant> {
        let gathers =
            self.is_dense && self.batch.must_commit && self.markers.is_empty() && !self.is_awaited();
        match (self.writing.is_idle(), gathers) {
            (true, true) => Some(self.last_handed + GATHERING),
            (true, false) => Some(self.last_handed),
            (false, false) if self.writing.may_be_followed() => Some(self.last_handed + FOLLOWING),
            (false, _) => None,
        }
    }

    /// Hands the batch over with its frontier.
    pub(super) async fn hand_batch(&mut self) -> Result<(), Failure> {
        let advance = Advance {
            before: self.handed,
            after: self.frontier.received(),
            commit_time_micros: self.batch.commit_time_micros,
            anchor: self.batch.anchor,
            transactions: i64::try_from(self.batch.written).unwrap_or(i64::MAX),
            changes: i64::try_from(self.batch.changes).unwrap_or(i64::MAX),
        };
        let markers = std::mem::take(&mut self.markers);
        let nonces = markers.iter().map(|(nonce, _)| nonce);
        let fences: Vec<String> = nonces.filter(|nonce| marker::is_fence(nonce)).cloned().collect();
        let end = BatchEnd {
            advance,
            changed: (self.gatherer.take_changed(), self.batch.commit_lsn),
            // Others act upon a marker, and whoever waits for a position may go away right after.
            is_synchronous: !markers.is_empty() || self.is_awaited(),
            markers,
        };
        let batch = self.batch;
        match &mut self.early {
            Some(early) if batch.closed == Some(Closed::Early) => early.land(Landing { end, batch }),
            _ => {
                let portion = self.gatherer.take(Some(end));
                self.hand(portion).await;
            }
        }
        self.handed = advance.after;
        self.last_handed = Instant::now();
        self.batch = Batch::default();
        self.settled();
        if batch.closed == Some(Closed::ByFence) {
            self.drain().await?;
            if self.control.is_fence_announced(&fences).await? {
                self.control.hold.fence();
            }
        }
        Ok(())
    }

    pub(super) async fn hand(&mut self, portion: Portion) {
        let batch = self.batch;
        self.writing.hand(Handed { portion, batch }).await;
    }

    /// In the middle of a transaction. Until a very large row is gone, nothing is held beside it but what the receiver has at hand.
    pub(super) async fn hand_gathered(&mut self, portion: Portion) -> Result<(), Failure> {
        let is_large = portion.buffer.is_large();
        self.hand(portion).await;
        if is_large {
            self.drain().await?;
        }
        Ok(())
    }

    /// Waits until everything that was handed over is committed.
    pub(super) async fn drain(&mut self) -> Result<(), Failure> {
        while !self.is_idle() {
            let report = next_report(&mut self.writing, &mut self.early).await?;
            self.reported(report).await?;
        }
        Ok(())
    }

    /// Nothing that was handed over is still to be reported.
    fn is_idle(&self) -> bool {
        self.writing.is_idle() && !self.is_landing()
    }

    /// More may be gathered: behind a transaction that was written early only once it has committed.
    pub(super) fn has_room(&self) -> bool {
        self.writing.has_room() && !self.is_landing()
    }

    fn is_landing(&self) -> bool {
        self.early.as_ref().is_some_and(Early::is_landing)
    }

    /// The next transaction is a batch of its own.
    pub(super) async fn comes_early(&mut self, mut early: Early) -> Result<(), Failure> {
        if self.batch.must_commit {
            self.hand_batch().await?;
        }
        early.behind = self.frontier.received();
        self.early = Some(early);
        Ok(())
    }

    /// Whoever writes early learns how far it may go: told wherever that may have changed, since nobody asks.
    fn settled(&mut self) {
        let is_settled = self.writing.is_idle() && !self.batch.must_commit;
        let settled = match &self.early {
            _ if !is_settled => self.frontier.applied(),
            // Its own end was received, and is what is still to be written.
            Some(early) if early.is_landing() => early.behind,
            _ => self.frontier.received(),
        };
        self.progress.send_if_modified(|progress| {
            let moves = settled > progress.settled;
            progress.settled = settled.max(progress.settled);
            moves
        });
    }

    pub(super) async fn reported(&mut self, report: WriterReport) -> Result<(), Failure> {
        match report {
            WriterReport::Taken | WriterReport::Left(_) => {}
            WriterReport::Position(position) => self.frontier.target_stands(position.end, position.flushed),
            WriterReport::Failed(mishap) => return Err(self.failed(mishap.error, &mishap.batch).await),
            WriterReport::Committed(committed, batch) => {
                let after = committed.advance.after;
                let anchor = committed.advance.anchor.map(|anchor| anchor.commit_lsn);
                let moved = self.frontier.committed(after, anchor);
                moved.map_err(|error| {
                    let detail = error.to_string();
                    Failure::stopped("the applied LSN would move wrongly", detail, "report this")
                })?;
                if let Some(position) = committed.position {
                    self.frontier.target_stands(position.end, position.flushed);
                }
                self.progress.send_modify(|progress| {
                    progress.frontier = after;
                    progress.received = after;
                    progress.transactions += batch.written;
                    progress.changes += batch.changes;
                    progress.remember(anchor, &batch);
                });
            }
        }
        self.tell_confirmable();
        self.settled();
        Ok(())
    }

    /// What the slot may be told: nothing more before the source is known to be the one that was followed.
    pub(super) fn tell_confirmable(&mut self) {
        let confirmable = Some(self.frontier.confirmable()).filter(|_| self.past.recognition.is_done());
        let on_disk = self.frontier.flushed();
        self.progress.send_modify(|progress| {
            progress.confirmable = confirmable.unwrap_or(progress.confirmable);
            progress.on_disk = on_disk;
        });
    }

    /// Someone waits for exactly this position.
    fn is_awaited(&self) -> bool {
        matches!(self.request.until, Until::CaughtUp(lsn) if self.frontier.received() >= lsn)
    }

    /// After the loop: lets the target end and flush what was handed over, so that it need not be sent again.
    pub(super) async fn come_to_rest(&mut self) {
        let resting = async {
            while !self.is_idle() || self.frontier.is_flush_awaited() {
                let report = next_report(&mut self.writing, &mut self.early).await?;
                self.reported(report).await?;
            }
            Ok::<_, Failure>(())
        };
        // What fails here is met again by the next attempt.
        let _ = tokio::time::timeout(REST, resting).await;
    }

    /// What the operator wants done about a refused change; none where the run is to stop.
    fn by_policy(&self, conflict: &Conflict, batch: &Batch) -> Option<Failure> {
        let up_to = batch.commit_lsn;
        let is_careful = self.care.is_some_and(|care| up_to <= care.up_to);
        match self.request.on_error.action(conflict.class()) {
            None => Some(failure::environment(conflict)),
            // A label that the enum lacks is no bad value.
            Some(_) if failure::may_be_a_label(conflict) && !is_careful => None,
            Some(ErrorAction::Log) if !is_careful => Some(Failure::WithinGroup { up_to }),
            Some(ErrorAction::Suspend) => Some(Failure::Suspends(Suspension::AsRefused {
                tables: conflict.tables.clone(),
                reason: failure::refusal(conflict),
            })),
            Some(ErrorAction::Log | ErrorAction::Stop) => None,
        }
    }

    /// What an error of the writer means: within a group it is not known which transactions are good.
    async fn failed(&mut self, error: ApplyError, batch: &Batch) -> Failure {
        let concerns_a_change = matches!(error, ApplyError::Conflict(_) | ApplyError::Drift(_));
        if concerns_a_change && batch.is_group() {
            let up_to = batch.commit_lsn;
            return Failure::WithinGroup { up_to };
        }
        let error = match error {
            ApplyError::Conflict(conflict) => match self.by_policy(&conflict, batch) {
                Some(failure) => return failure,
                None => ApplyError::Conflict(conflict),
            },
            error => error,
        };
        if matches!(error, ApplyError::FrontierMoved { .. }) {
            match self.control.is_fenced().await {
                Ok(true) => return Failure::passing("a cutover stands at its fence"),
                Ok(false) => {}
                Err(failure) => return failure,
            }
        }
        let source = connect_source(self.request, "explain");
        match error {
            ApplyError::Drift(_) => explain(error, source.await).await,
            ApplyError::Conflict(conflict) if failure::may_be_a_type(&conflict) => {
                let table = conflict.tables.first();
                let relation = table.and_then(|table| self.gatherer.announced_as(table)).cloned();
                failure::explain_type(*conflict, relation, self.request, source.await).await
            }
            error => explain(error, Err(crate::error::EngineError::Interrupted)).await,
        }
    }
}

/// What the writer reports next, or whoever lands a transaction that was written early.
pub(super) async fn next_report(
    writing: &mut Writing,
    early: &mut Option<Early>,
) -> Result<WriterReport, Failure> {
    let Some(landing) = early.as_mut().filter(|early| early.is_landing()) else {
        return writing.report().await;
    };
    let report = tokio::select! {
        biased;
        report = writing.report() => return report,
        report = landing.landed() => report,
    };
    *early = None;
    report
}
