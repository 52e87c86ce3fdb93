//! Inside the write pause: every step here costs the application time, so all that can be read,
//! planned or connected is done before the fence.

use std::time::{Duration, Instant};

use transhume_core::{disposition::Disposition, finding::Finding};
use transhume_pg::{
    fence::{Fence, LockOrder},
    marker,
    session::Session,
    state::{frontier, marker as markers},
};
use transhume_wire::lsn::Lsn;

use super::{
    Cutover, CutoverReport, Gate, RELEASE_INTERVAL, Step,
    close::Closing,
    large_objects::LargeObjects,
    late,
    open::{self, Opening},
};
use crate::{
    cancel::Cancellation,
    error::{Doing, EngineError, Result},
    fallback::{self, Armed, Arming},
};

/// Between two looks at the target's frontier when no notification came: short, for it is the pause.
const DRAIN_POLL: Duration = Duration::from_millis(10);

/// Measures the pause step by step.
pub(super) struct Stopwatch {
    start: Instant,
    last: Instant,
    steps: Vec<Step>,
}

impl Stopwatch {
    pub(super) fn since(start: Instant) -> Self {
        Self {
            start,
            last: start,
            steps: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, name: &'static str) {
        let now = Instant::now();
        self.steps.push(Step {
            name,
            milliseconds: (now - self.last).as_secs_f64() * 1_000.0,
        });
        self.last = now;
    }

    fn total_milliseconds(&self) -> f64 {
        (self.last - self.start).as_secs_f64() * 1_000.0
    }
}

impl Cutover<'_> {
    pub(super) async fn pause(&mut self, gate: Gate, cancellation: &Cancellation) -> Result<CutoverReport> {
        open::refresh_views(self).await?;
        let mut large_objects = tokio::select! {
            compared = LargeObjects::compare(self) => compared?,
            () = cancellation.cancelled() => return Err(EngineError::Interrupted),
        };
        let announcer = self
            .endpoints
            .source_session(&self.migration.id, "marker")
            .await?;
        let nonce = marker::fence_nonce(&announcer).await.doing("making a nonce")?;
        let armed = self.arm(cancellation).await?;
        let closing = Closing::plan(self, armed.as_ref()).await?;
        let opening = Opening::plan(self, armed.is_some()).await?;
        frontier::listen(&self.target)
            .await
            .doing("listening to the runner")?;

        let (fence, attempts) = self.raise(cancellation).await?;
        let mut stopwatch = Stopwatch::since(fence.since);
        stopwatch.step("fence: lock every table and sequence");
        let fence_lsn = marker::emit(&announcer, &self.migration.id, &nonce)
            .await
            .doing("writing the marker")?;
        stopwatch.step("marker into the source's WAL");
        let on_source = async {
            closing.revoke(&fence).await?;
            opening.read_sequences(&fence).await
        };
        let ((), values) = tokio::try_join!(self.drain(&nonce, fence_lsn, cancellation), on_source)?;
        stopwatch.step("drain: the target reaches the marker");
        // The forward stream stands at the fence: whatever the target writes from here on is new.
        let start = fallback::begin(armed.as_ref(), &announcer, &self.target).await?;
        let sequences_set = opening.set_sequences(self, &values).await?;
        stopwatch.step("sequences");
        opening.begin(&self.target).await?;
        stopwatch.step("target prepared, not yet open");
        let sessions_ended = closing.close(fence, &announcer).await?;
        stopwatch.step("source closed to writers");
        // Writers of large objects are held by no lock: only now they are gone.
        let (large_objects_changed, not_compared) =
            large_objects.complete(self.options.drain_timeout).await?;
        stopwatch.step("large objects");
        // The point of no return.
        opening.commit(self).await?;
        stopwatch.step("target open");

        let mut report = CutoverReport {
            source: self.endpoints.source.to_string(),
            target: self.endpoints.target.to_string(),
            fence_lsn,
            gate,
            way_back: start,
            write_pause_milliseconds: stopwatch.total_milliseconds(),
            steps: stopwatch.steps,
            fence_attempts: attempts,
            sequences_set,
            large_objects_changed,
            sessions_ended: sessions_ended.0,
            late_changes: 0,
            findings: closing.findings(sessions_ended.1),
        };
        report.findings.extend(not_compared);
        opening.after(self, &mut report).await;
        let is_settled = late::check(self, &announcer, &mut report).await;
        // The target is open: from here on no failure may undo anything.
        if let Err(error) = self.settle(is_settled && start.is_some(), &report).await {
            report.findings.push(Finding::warning(
                "after-opening",
                "",
                format!("the target is open, but the end of the cutover could not be recorded: {error}"),
                "start \"transhume run\", or go on with \"transhume finish\"",
            ));
        }
        Ok(report)
    }

    async fn settle(&self, drops_slot: bool, report: &CutoverReport) -> Result<()> {
        if drops_slot {
            fallback::drop_forward_slot(&self.migration, &self.source, &self.target).await?;
        }
        self.record(report).await
    }

    /// Makes the way back before the fence, where one is wanted.
    async fn arm(&self, cancellation: &Cancellation) -> Result<Option<Armed>> {
        if !self.wants_way_back() {
            return Ok(None);
        }
        let arming = Arming {
            endpoints: self.endpoints,
            migration: &self.migration,
            reporter: self.reporter,
            cancellation,
        };
        arming.prepare(&self.tables).await.map(Some)
    }

    /// Tries the fence until it stands; between tries the application gets through.
    async fn raise(&self, cancellation: &Cancellation) -> Result<(Fence, u32)> {
        let mut session = self.endpoints.source_session(&self.migration.id, "fence").await?;
        let mut order = LockOrder::new(&self.tables, &self.sequences);
        for attempt in 1..=self.options.attempts {
            let raised = Fence::raise(session, &mut order, self.options.lock_timeout).await;
            let error = match raised {
                Ok(fence) => return Ok((fence, attempt)),
                Err((returned, error)) => {
                    session = returned;
                    error
                }
            };
            if error.disposition() != Disposition::Retry || attempt == self.options.attempts {
                return Err(error).doing("raising the fence");
            }
            self.reporter
                .waiting("locks that other sessions hold on the source's tables; writers go on meanwhile");
            tokio::select! {
                () = tokio::time::sleep(RELEASE_INTERVAL) => {}
                () = cancellation.cancelled() => return Err(EngineError::Interrupted),
            }
        }
        Err(EngineError::refused(
            "the fence was not tried",
            "set cutover.attempts to at least 1",
        ))
    }

    async fn drain(&mut self, nonce: &str, fence_lsn: Lsn, cancellation: &Cancellation) -> Result<()> {
        let reached = reached(&mut self.target, nonce, fence_lsn);
        tokio::select! {
            reached = tokio::time::timeout(self.options.drain_timeout, reached) => {
                reached.unwrap_or_else(|_| Err(EngineError::stopped(
                    "the target did not reach the fence in time",
                    format!("It was given {} seconds.", self.options.drain_timeout.as_secs()),
                    "see \"transhume status\" for the lag, try again, or allow more with --drain-timeout",
                )))
            }
            () = cancellation.cancelled() => Err(EngineError::Interrupted),
        }
    }
}

/// Waits until the marker is applied and durable. Before PostgreSQL 14 markers are not in the stream
/// and the frontier alone decides.
async fn reached(target: &mut Session, nonce: &str, fence_lsn: Lsn) -> Result<()> {
    loop {
        let seen = markers::seen(target, nonce)
            .await
            .doing("looking for the marker")?;
        let reached = frontier::read(target).await.doing("reading the frontier")?;
        if seen.is_some() || reached >= fence_lsn {
            return Ok(());
        }
        tokio::select! {
            _ = target.notifications().recv() => {}
            () = tokio::time::sleep(DRAIN_POLL) => {}
        }
    }
}
