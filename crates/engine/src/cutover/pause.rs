//! Inside the write pause: every step here costs the application time, so all that can be read,
//! planned or connected is done before the fence.
//!
//! Invariants: up to the target's commit everything can be broken off at any await, and is then undone by whoever called;
//! behind it nothing is undone any more, and what fails is a finding.

use std::time::Duration;

use transhume_core::{
    count::counted, cutover::write_pause::PauseStep, direction::Direction, finding::Finding,
    sequence::Sequence,
};
use transhume_pg::{
    connection::session::Session,
    cutover::{fence::Fence, opening_mark::OpeningMark},
    follow::marker,
    state::frontier,
};
use transhume_wire::lsn::Lsn;

use super::{
    Ballot, Cutover, CutoverReport, Gate, alterations,
    application::{self, Application, Moment},
    close::Closing,
    large_objects::LargeObjects,
    late,
    life::Watch,
    open::{self, Opening},
    opening_mark,
    raise::Raised,
    silent::Attended,
    stopwatch::Stopwatch,
    together::Decider,
};
use crate::{
    cancel::Cancellation,
    cutover::fallback::{self, Armed, Arming},
    endpoints::{Sessions, replica_role},
    error::{Doing, EngineError, Result},
    facing,
    failpoint::{Point, reach},
    load::{SequencesSet, extension_rows::ExtensionRows},
};

/// Between two looks at the target's frontier when no notification came: short, for it is the pause.
const DRAIN_POLL: Duration = Duration::from_millis(10);

/// All that is made before the fence.
pub(super) struct Prepared {
    pub(super) announcer: Session,
    pub(super) nonce: String,
    /// None without a way back.
    pub(super) armed: Option<Armed>,
    pub(super) closing: Closing,
    pub(super) opening: Opening,
    pub(super) large_objects: LargeObjects,
    extension_rows: ExtensionRows,
    /// The target lets us switch triggers and foreign keys off for a session.
    replica_role: bool,
    /// What the source is told before the target opens; nothing where it cannot remember it.
    pub(super) mark: Option<OpeningMark>,
}

/// The fence stands, and the target has all that the source has.
pub(super) struct Drained {
    pub(super) fence: Fence,
    /// Of its transaction.
    pub(super) own_xid: u32,
    pub(super) fence_lsn: Lsn,
    /// Where the reverse stream begins.
    pub(super) way_back: Option<Lsn>,
    pub(super) attempts: u32,
    pub(super) eased: Vec<f64>,
    pub(super) earlier_tries: Vec<f64>,
    pub(super) sequences: SequencesSet,
    pub(super) stopwatch: Stopwatch,
}

impl Cutover<'_> {
    pub(super) async fn pause(
        &mut self,
        (gate, before): (Gate, &alterations::Before),
        application: &mut Application,
        ballot: &Ballot,
        cancellation: &Cancellation,
    ) -> Result<CutoverReport> {
        let decider = Decider::of(self, ballot).await?;
        let attended = Attended::of(self);
        let preparing = attended.unless_silent(Box::pin(self.prepare(cancellation)));
        let mut prepared = interruptible(cancellation, preparing).await?;
        if !self.retreat.is_decided() {
            let looking = Box::pin(alterations::refuse_newer(self, before));
            let looking = attended.unless_silent(looking);
            interruptible(cancellation, looking).await?;
        }
        let drained = Box::pin(self.drain_behind_fence(&prepared, application, ballot));
        let drained = interruptible(cancellation, drained).await?;
        if self.options.rehearse {
            let ended = Box::pin(self.end_rehearsal(gate, prepared, drained, application));
            return interruptible(cancellation, ended).await;
        }
        let stopwatch = drained.stopwatch.clone();
        let closed = self
            .close_source(&mut prepared, drained.fence, &stopwatch, cancellation)
            .await?;
        if interruptible(cancellation, decider.decide()).await? {
            self.retreat = self.retreat.decided();
        }
        // The point of no return.
        prepared.opening.commit(self, &stopwatch).await?;
        reach(Point::TargetOpen).await;
        drained.stopwatch.step(PauseStep::TargetOpen);
        let released = application.release_to_target().await;
        if application.holds_clients() {
            drained.stopwatch.step(PauseStep::ClientsReleased);
        }
        reach(Point::ClientsReleased).await;
        let mut report = CutoverReport {
            fence_lsn: drained.fence_lsn,
            way_back: drained.way_back,
            write_pause_milliseconds: drained.stopwatch.total_milliseconds(),
            steps: drained.stopwatch.into_steps(),
            fence_attempts: drained.attempts,
            eased_milliseconds: drained.eased,
            earlier_tries_milliseconds: drained.earlier_tries,
            sequences_set: drained.sequences.set,
            large_objects_changed: closed.large_objects_changed,
            sessions_ended: closed.sessions.ended,
            findings: prepared.closing.findings(closed.sessions.refused),
            ..self.empty_report(gate)
        };
        report
            .findings
            .extend(closed.not_compared.into_iter().chain(drained.sequences.near_end));
        self.tell_application(released, application, &mut report).await;
        reach(Point::ApplicationTold).await;
        prepared.opening.after(self, &mut report).await;
        reach(Point::AfterOpening).await;
        let is_settled = late::check(self, &prepared.announcer, drained.own_xid, &mut report).await;
        reach(Point::LateChecked).await;
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

    /// Of its sessions on the source.
    pub(super) fn own_processes(&self, prepared: &Prepared, fence: &Fence) -> [i32; 4] {
        [
            self.source.backend_pid(),
            prepared.announcer.backend_pid(),
            prepared.large_objects.source_pid(),
            fence.session().backend_pid(),
        ]
    }

    async fn prepare(&mut self, cancellation: &Cancellation) -> Result<Prepared> {
        open::refresh_views(self).await?;
        reach(Point::ViewsRefreshed).await;
        let large_objects = LargeObjects::compare(self).await?;
        let extension_rows = ExtensionRows::on(&self.source, &self.target).await?;
        let replica_role = replica_role(&self.target).await?;
        self.bring_over_extension_rows(&extension_rows, replica_role)
            .await?;
        let announcer = self
            .endpoints
            .source_session(&self.migration.id, "marker")
            .await?;
        let nonce = self.announced_nonce(&announcer).await?;
        let armed = self.arm(cancellation).await?;
        let closing = Closing::plan(self, armed.as_ref()).await?;
        let opening = Opening::plan(self, armed.is_some()).await?;
        let mark = match self.migration.direction {
            Direction::Forward => opening_mark::of(&self.target, &self.migration).await?,
            Direction::Reverse => None,
        };
        frontier::listen(&self.target)
            .await
            .doing("listening to the runner")?;
        closing.stop_feeding(self).await?;
        Ok(Prepared {
            announcer,
            nonce,
            armed,
            closing,
            opening,
            large_objects,
            extension_rows,
            replica_role,
            mark,
        })
    }

    async fn drain_behind_fence(
        &mut self,
        prepared: &Prepared,
        application: &mut Application,
        ballot: &Ballot,
    ) -> Result<Drained> {
        let raised = self
            .ask_and_raise(&prepared.announcer, application, ballot)
            .await?;
        let (most, stopwatch) = (self.options.max_pause, raised.stopwatch.clone());
        let behind_fence = Box::pin(self.behind_fence(prepared, application, raised));
        stopwatch.within(most, behind_fence).await
    }

    async fn behind_fence(
        &mut self,
        prepared: &Prepared,
        application: &mut Application,
        raised: Raised,
    ) -> Result<Drained> {
        let fence_lsn = marker::emit(&prepared.announcer, &self.migration.id, &prepared.nonce)
            .await
            .doing("writing the marker")?;
        reach(Point::MarkerWritten).await;
        raised.stopwatch.step(PauseStep::Marker);
        application.facts().fence_lsn = Some(fence_lsn);
        application.announce(Moment::Fenced).await?;
        let (fence, opening) = (&raised.fence, &prepared.opening);
        let on_source = async {
            let own = prepared.closing.revoke(fence).await?;
            Ok::<_, EngineError>((opening.read_sequences(fence).await?, own))
        };
        // What can fail does so while all can be undone.
        if !self.options.rehearse {
            application.stage()?;
        }
        let application = &*application;
        let stopwatch = &raised.stopwatch;
        let drained = async {
            self.drain(&prepared.nonce, fence_lsn).await?;
            stopwatch.step(PauseStep::Drain);
            Ok(())
        };
        let ((), (values, own_xid), ()) = tokio::try_join!(drained, on_source, application.try_again())?;
        self.bring_over_extension_rows(&prepared.extension_rows, prepared.replica_role)
            .await?;
        stopwatch.step(PauseStep::Revoked);
        reach(Point::Drained).await;
        application.announce(Moment::Drained).await?;
        let (way_back, sequences) = self.prepare_target(prepared, &values).await?;
        raised.stopwatch.step(PauseStep::Prepared);
        reach(Point::TargetPrepared).await;
        Ok(Drained {
            fence: raised.fence,
            own_xid,
            fence_lsn,
            way_back,
            attempts: raised.attempts,
            eased: raised.eased,
            earlier_tries: raised.earlier_tries,
            sequences,
            stopwatch: raised.stopwatch,
        })
    }

    /// They are in no stream; what is brought over stays, whatever becomes of the cutover.
    async fn bring_over_extension_rows(&self, rows: &ExtensionRows, replica_role: bool) -> Result<()> {
        rows.bring_over(
            Sessions::of(&self.source, &self.target),
            replica_role,
            self.reporter,
        )
        .await
    }

    /// One flight to the target, whose requests are sent in this order and answered in it. All of it comes to its end
    /// before anything that failed is told, so that undoing finds nothing on its way.
    async fn prepare_target(
        &self,
        prepared: &Prepared,
        values: &[Sequence],
    ) -> Result<(Option<Lsn>, SequencesSet)> {
        // The forward stream stands at the fence: whatever the target writes from here on is new.
        let way_back = async {
            let begun = fallback::begin(prepared.armed.as_ref(), &prepared.announcer, &self.target).await;
            reach(Point::WayBackBegun).await;
            begun
        };
        let sequences = async {
            let set = prepared.opening.set_sequences(self, values).await;
            reach(Point::SequencesSet).await;
            set
        };
        let begun = prepared.opening.begin(&self.target);
        let (way_back, sequences, begun) = tokio::join!(biased; way_back, sequences, begun);
        begun?;
        Ok((way_back?, sequences?))
    }

    async fn settle(&self, drops_slot: bool, report: &CutoverReport) -> Result<()> {
        if drops_slot {
            facing::drop_forward_slot(&self.migration, &self.source, &self.target).await?;
        }
        self.record(report).await?;
        reach(Point::Recorded).await;
        Ok(())
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
        let settled = match released {
            Ok(()) => application::pgbouncer::settled(&self.target).await,
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
        reach(Point::HoldSettled).await;
        if let Err(error) = application.announce(Moment::Opened).await {
            report.findings.push(Finding::warning(
                "hook-failed",
                "",
                format!("the target is open, but {error}"),
                "do by hand what the hook should have done",
            ));
        }
    }

    async fn drain(&mut self, nonce: &str, fence_lsn: Lsn) -> Result<()> {
        let reached = reached(&mut self.target, nonce, fence_lsn);
        tokio::time::timeout(self.options.drain_timeout, reached)
            .await
            .unwrap_or_else(|_| {
                Err(EngineError::stopped(
                    "the target did not reach the fence in time",
                    format!(
                        "It was given {}.",
                        counted(self.options.drain_timeout.as_secs(), "second")
                    ),
                    "see \"transhume status\" for the lag, try again, or allow more with --drain-timeout",
                ))
            })
    }
}

/// Breaks work off when the operator asks for it.
pub(super) async fn interruptible<T>(
    cancellation: &Cancellation,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::select! {
        outcome = work => outcome,
        () = cancellation.cancelled() => Err(EngineError::Interrupted),
    }
}

/// Waits until the marker is applied and durable. Before PostgreSQL 14 markers are not in the stream and the frontier
/// alone decides. From then on it stands: what a source commits behind the fence is never applied.
async fn reached(target: &mut Session, nonce: &str, fence_lsn: Lsn) -> Result<()> {
    let mut watch = Watch::new();
    loop {
        let fenced = frontier::fence(target, fence_lsn, nonce)
            .await
            .doing("waiting for the applied LSN to reach the fence")?;
        if fenced.is_some() {
            return Ok(());
        }
        watch.look(target).await?;
        tokio::select! {
            _ = target.notifications().recv() => {}
            () = tokio::time::sleep(DRAIN_POLL) => {}
        }
    }
}
