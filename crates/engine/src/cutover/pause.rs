//! Inside the write pause: every step here costs the application time, so all that can be read,
//! planned or connected is done before the fence.
//!
//! Invariants: up to the target's commit everything can be broken off at any await, and is then undone by whoever called;
//! behind it nothing is undone any more, and what fails is a finding.

use std::time::{Duration, Instant};

use transhume_core::{disposition::Disposition, finding::Finding};
use transhume_pg::{
    error::PgError,
    fence::{Approach, Fence, LockOrder},
    marker,
    session::Session,
    state::{frontier, marker as markers},
};
use transhume_wire::lsn::Lsn;

use super::{
    Ballot, Cutover, CutoverReport, Gate, RELEASE_INTERVAL,
    application::{self, Application, Moment},
    close::Closing,
    large_objects::LargeObjects,
    late,
    open::{self, Opening},
    stopwatch::Stopwatch,
    together::{self, Decider},
};
use crate::{
    cancel::Cancellation,
    error::{Doing, EngineError, Result},
    fallback::{self, Armed, Arming},
};

/// Between two looks at the target's frontier when no notification came: short, for it is the pause.
const DRAIN_POLL: Duration = Duration::from_millis(10);

/// All that is made before the fence.
struct Prepared {
    announcer: Session,
    nonce: String,
    /// None without a way back.
    armed: Option<Armed>,
    closing: Closing,
    opening: Opening,
    large_objects: LargeObjects,
}

/// The fence stands, and the target has all that the source has.
struct Drained {
    fence: Fence,
    fence_lsn: Lsn,
    /// Where the reverse stream begins.
    way_back: Option<Lsn>,
    attempts: u32,
    earlier_tries: Vec<f64>,
    sequences_set: usize,
    stopwatch: Stopwatch,
}

/// Nobody writes on the source any more.
struct Closed {
    sessions: (i64, i64),
    large_objects_changed: usize,
    not_compared: Option<Finding>,
}

impl Cutover<'_> {
    pub(super) async fn pause(
        &mut self,
        gate: Gate,
        application: &mut Application,
        ballot: &Ballot,
        cancellation: &Cancellation,
    ) -> Result<CutoverReport> {
        let decider = Decider::of(self, ballot).await?;
        let mut prepared = interruptible(cancellation, Box::pin(self.prepare(cancellation))).await?;
        let drained = Box::pin(self.drain_behind_fence(&prepared, application, ballot));
        let mut drained = interruptible(cancellation, drained).await?;
        if self.options.rehearse {
            return interruptible(
                cancellation,
                self.end_rehearsal(gate, prepared, drained, application),
            )
            .await;
        }
        let closed = self.close_source(&mut prepared, drained.fence, &mut drained.stopwatch);
        let closed = interruptible(cancellation, closed).await?;
        self.is_decided |= interruptible(cancellation, decider.decide()).await?;
        // The point of no return.
        prepared.opening.commit(self).await?;
        drained.stopwatch.step("target open");
        let released = application.release().await;
        if application.holds_clients() {
            drained.stopwatch.step("clients let go");
        }
        let mut report = CutoverReport {
            fence_lsn: drained.fence_lsn,
            way_back: drained.way_back,
            write_pause_milliseconds: drained.stopwatch.total_milliseconds(),
            steps: drained.stopwatch.into_steps(),
            fence_attempts: drained.attempts,
            earlier_tries_milliseconds: drained.earlier_tries,
            sequences_set: drained.sequences_set,
            large_objects_changed: closed.large_objects_changed,
            sessions_ended: closed.sessions.0,
            findings: prepared.closing.findings(closed.sessions.1),
            ..self.empty_report(gate)
        };
        report.findings.extend(closed.not_compared);
        self.tell_application(released, application, &mut report).await;
        prepared.opening.after(self, &mut report).await;
        let is_settled = late::check(self, &prepared.announcer, &mut report).await;
        if let Err(error) = self
            .settle(is_settled && report.way_back.is_some(), &report)
            .await
        {
            report.findings.push(Finding::warning(
                "after-opening",
                "",
                format!("the target is open, but the end of the cutover could not be recorded: {error}"),
                "start \"transhume run\", or go on with \"transhume finish\"",
            ));
        }
        Ok(report)
    }

    async fn prepare(&mut self, cancellation: &Cancellation) -> Result<Prepared> {
        open::refresh_views(self).await?;
        let large_objects = LargeObjects::compare(self).await?;
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
        Ok(Prepared {
            announcer,
            nonce,
            armed,
            closing,
            opening,
            large_objects,
        })
    }

    async fn drain_behind_fence(
        &mut self,
        prepared: &Prepared,
        application: &mut Application,
        ballot: &Ballot,
    ) -> Result<Drained> {
        application.announce(Moment::BeforeFence).await?;
        let mut raised = self.raise(application, ballot).await?;
        let fence_lsn = marker::emit(&prepared.announcer, &self.migration.id, &prepared.nonce)
            .await
            .doing("writing the marker")?;
        raised.stopwatch.step("marker into the source's WAL");
        application.facts().fence_lsn = Some(fence_lsn);
        application.announce(Moment::Fenced).await?;
        let (fence, opening, rehearse) = (&raised.fence, &prepared.opening, self.options.rehearse);
        let on_source = async {
            prepared.closing.revoke(fence).await?;
            opening.read_sequences(fence).await
        };
        let pointing = async {
            // Nobody passes yet: what can fail does so while all can be undone.
            if rehearse {
                Ok(())
            } else {
                application.point_to_target().await
            }
        };
        let ((), values, ()) = tokio::try_join!(self.drain(&prepared.nonce, fence_lsn), on_source, pointing)?;
        raised.stopwatch.step("drain: the target reaches the marker");
        // The forward stream stands at the fence: whatever the target writes from here on is new.
        let way_back = fallback::begin(prepared.armed.as_ref(), &prepared.announcer, &self.target).await?;
        application.announce(Moment::Drained).await?;
        let sequences_set = opening.set_sequences(self, &values).await?;
        raised.stopwatch.step("sequences");
        opening.begin(&self.target).await?;
        raised.stopwatch.step("target prepared, not yet open");
        Ok(Drained {
            fence: raised.fence,
            fence_lsn,
            way_back,
            attempts: raised.attempts,
            earlier_tries: raised.earlier_tries,
            sequences_set,
            stopwatch: raised.stopwatch,
        })
    }

    async fn close_source(
        &mut self,
        prepared: &mut Prepared,
        fence: Fence,
        stopwatch: &mut Stopwatch,
    ) -> Result<Closed> {
        self.is_closing = true;
        let sessions = prepared.closing.close(fence, &prepared.announcer).await?;
        stopwatch.step("source closed to writers");
        // Writers of large objects are held by no lock: only now they are gone.
        let completed = prepared.large_objects.complete(self.options.drain_timeout);
        let (large_objects_changed, not_compared) = completed.await?;
        stopwatch.step("large objects");
        Ok(Closed {
            sessions,
            large_objects_changed,
            not_compared,
        })
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
        arming.prepare(&self.tables, &self.sequences).await.map(Some)
    }

    /// The target is open: what fails from here on is told, and somebody has to do it by hand.
    async fn tell_application(
        &self,
        released: Result<()>,
        application: &Application,
        report: &mut CutoverReport,
    ) {
        let pgbouncer = self.options.application.pgbouncer.as_ref();
        let settled = match released {
            Ok(()) => application::pgbouncer::settled(&self.target, pgbouncer).await,
            Err(error) => Err(error),
        };
        if let Err(error) = settled {
            report.findings.push(Finding::warning(
                "clients-held",
                "",
                format!("the target is open, but PgBouncer could not let the clients go on: {error}"),
                "run RESUME in PgBouncer's console, or \"transhume run\" with [cutover.pgbouncer], which does it",
            ));
        }
        if let Err(error) = application.announce(Moment::Opened).await {
            report.findings.push(Finding::warning(
                "hook-failed",
                "",
                format!("the target is open, but {error}"),
                "do by hand what the hook should have done",
            ));
        }
    }

    /// Tries the fence until it stands; between tries the application gets through.
    async fn raise(&self, application: &mut Application, ballot: &Ballot) -> Result<Raised> {
        application.write_down(self).await?;
        let mut session = self.endpoints.source_session(&self.migration.id, "fence").await?;
        let mut order = LockOrder::new(&self.tables, &self.sequences);
        let mut earlier_tries = Vec::new();
        for attempt in 1..=self.options.attempts {
            let tried = match Fence::approach(session, &order).await {
                Err((session, error)) => Err(Failed::by_server(session, error, None)),
                Ok(approach) => self.try_once(approach, &mut order, application).await?,
            };
            let is_last = attempt == self.options.attempts;
            let failed = match together::stands_for_all(tried, is_last, ballot, application).await? {
                Ok((fence, stopwatch)) => {
                    return Ok(Raised {
                        fence,
                        attempts: attempt,
                        earlier_tries,
                        stopwatch,
                    });
                }
                Err(failed) => failed,
            };
            session = failed.session;
            earlier_tries.extend(failed.waited.map(|waited| waited.as_secs_f64() * 1_000.0));
            if !failed.passes || is_last {
                return Err(failed.error);
            }
            self.reporter
                .waiting("transactions and locks of other sessions on the source; writers go on meanwhile");
            tokio::time::sleep(RELEASE_INTERVAL).await;
        }
        Err(EngineError::refused(
            "the fence was not tried",
            "set cutover.attempts to at least 1",
        ))
    }

    /// Holds the clients, then asks for the locks that stop writers; lets both go where they are not to be had.
    async fn try_once(
        &self,
        approach: Approach,
        order: &mut LockOrder,
        application: &mut Application,
    ) -> Result<std::result::Result<(Fence, Stopwatch), Failed>> {
        let mut stopwatch = Stopwatch::start();
        if let Some(error) = application.hold().await? {
            return Ok(Err(Failed {
                session: approach.lower().await.doing("lowering the fence")?,
                error,
                passes: true,
                waited: Some(stopwatch.elapsed()),
            }));
        }
        if application.holds_clients() {
            stopwatch.step("clients held by PgBouncer");
        }
        match approach.raise(order, self.options.lock_timeout).await {
            Ok(fence) => {
                stopwatch.step("fence: lock every table and sequence");
                Ok(Ok((fence, stopwatch)))
            }
            Err((session, error)) => {
                application.release().await?;
                Ok(Err(Failed::by_server(session, error, Some(stopwatch.elapsed()))))
            }
        }
    }

    async fn drain(&mut self, nonce: &str, fence_lsn: Lsn) -> Result<()> {
        let reached = reached(&mut self.target, nonce, fence_lsn);
        tokio::time::timeout(self.options.drain_timeout, reached)
            .await
            .unwrap_or_else(|_| {
                Err(EngineError::stopped(
                    "the target did not reach the fence in time",
                    format!("It was given {} seconds.", self.options.drain_timeout.as_secs()),
                    "see \"transhume status\" for the lag, try again, or allow more with --drain-timeout",
                ))
            })
    }

    /// All was done but the last step: undone at once, and what the last step would add is estimated.
    async fn end_rehearsal(
        &mut self,
        gate: Gate,
        mut prepared: Prepared,
        mut drained: Drained,
        application: &mut Application,
    ) -> Result<CutoverReport> {
        transhume_pg::opening::roll_back(&self.target)
            .await
            .doing("rolling back on the target")?;
        drained.fence.lower().await.doing("lowering the fence")?;
        application.release().await?;
        drained.stopwatch.step("undone");
        let measured = drained.stopwatch.total_milliseconds();
        let began = Instant::now();
        let (large_objects_changed, not_compared) = prepared
            .large_objects
            .complete(self.options.drain_timeout)
            .await?;
        let steps = drained.stopwatch.into_steps();
        // Closing is two commits on the source and ending sessions, opening one on the target.
        let commit = steps
            .iter()
            .find(|step| step.name.starts_with("marker"))
            .map_or(0.0, |step| step.milliseconds);
        let report = CutoverReport {
            fence_lsn: drained.fence_lsn,
            rehearsal: true,
            write_pause_milliseconds: measured,
            forecast_milliseconds: Some(
                measured + COMMITS_LEFT * commit + began.elapsed().as_secs_f64() * 1_000.0,
            ),
            steps,
            fence_attempts: drained.attempts,
            earlier_tries_milliseconds: drained.earlier_tries,
            sequences_set: drained.sequences_set,
            large_objects_changed,
            findings: not_compared.into_iter().collect(),
            ..self.empty_report(gate)
        };
        self.record(&report).await?;
        Ok(report)
    }
}

/// Commits that a rehearsal leaves out, and ending sessions, which takes about as long as one.
const COMMITS_LEFT: f64 = 4.0;

/// The fence stands.
struct Raised {
    fence: Fence,
    attempts: u32,
    /// How long writers waited in vain, for each.
    earlier_tries: Vec<f64>,
    stopwatch: Stopwatch,
}

/// A try of the fence that did not come to stand.
pub(super) struct Failed {
    pub(super) session: Session,
    pub(super) error: EngineError,
    /// Another try may succeed.
    pub(super) passes: bool,
    /// How long writers waited for it.
    pub(super) waited: Option<Duration>,
}

impl Failed {
    fn by_server(session: Session, error: PgError, waited: Option<Duration>) -> Self {
        Self {
            session,
            passes: error.disposition() == Disposition::Retry,
            error: EngineError::Server {
                doing: "raising the fence".to_owned(),
                source: error,
            },
            waited,
        }
    }
}

/// Breaks work off when the operator asks for it.
async fn interruptible<T>(cancellation: &Cancellation, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        outcome = work => outcome,
        () = cancellation.cancelled() => Err(EngineError::Interrupted),
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
