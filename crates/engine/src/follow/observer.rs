//! Looks at both sides once a second while apply works: for the runner's row, and for people.
//!
//! A look that fails is tried again a second later on new sessions. It steers one thing: a source that is
//! being shut down lets nobody in any more, and waits for its walsender until all of the backlog is
//! confirmed; whoever follows is told, so as to let it go. Where the source has written a lot since the latest transaction that
//! the target remembers, it writes a marker, so that the slot may be confirmed up to there.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use transhume_core::count::{counted, was_or_were};

use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{MissedTickBehavior, timeout},
};
use transhume_core::{finding::Finding, shell, sqlstate};
use transhume_pg::{
    connection::{conninfo::ConnectionSettings, error::PgError, names, session::Session},
    follow::{apply::blockers, wal},
    state::{
        apply::{self, RunnerProgress},
        exception, runner,
    },
};

use transhume_wire::lsn::Lsn;

use super::{FollowRequest, past, progress::Progress};
use crate::{
    report::{FollowProgress, Report, Reporter},
    sampling::Sampler,
    stopped,
};

/// Often enough for people, rarely enough to cost nothing.
const EVERY: Duration = Duration::from_secs(1);

/// WAL that is applied and not confirmed, since nothing in it was ours: one file of the source's, by default.
const ANCHOR_AFTER_BYTES: u64 = 16 << 20;
/// Between two markers of ours: a transaction of a hundred bytes each.
const ANCHOR_EVERY: Duration = Duration::from_secs(5);
/// A slot lets WAL go only when it is confirmed again: on a source that has become quiet an anchor does that.
const ANCHOR_AT_LEAST_EVERY: Duration = Duration::from_secs(30);
/// A look takes some milliseconds. One that takes longer than this is told, again and again.
const SHOWN_AFTER: Duration = Duration::from_secs(10);
/// Telling the target of it must not hang in its turn.
const TELLING: Duration = Duration::from_secs(5);

/// Ends with this value.
pub(super) struct Observer {
    task: JoinSet<()>,
    shutdown: Arc<Notify>,
}

impl Observer {
    pub(super) fn spawn(
        request: &FollowRequest<'_>,
        reporter: &Reporter,
        progress: watch::Receiver<Progress>,
    ) -> Self {
        let shutdown = Arc::new(Notify::new());
        let began_at = progress.borrow().frontier;
        let observing = Observing {
            source: request.endpoints.source.clone(),
            target: request.endpoints.target.clone(),
            migration: request.migration.id.clone(),
            reporter: reporter.clone(),
            began_at,
            progress,
            reported: None,
            last: None,
            anchored: None,
            sampler: Sampler::new(),
            shutdown: Arc::clone(&shutdown),
            asked: Arc::default(),
        };
        let mut task = JoinSet::new();
        task.spawn(observing.run());
        Self { task, shutdown }
    }

    /// Returns once the source is being shut down.
    pub(super) async fn source_shuts_down(&self) {
        self.shutdown.notified().await;
    }

    pub(super) fn stop(mut self) {
        self.task.abort_all();
    }
}

struct Observing {
    source: ConnectionSettings,
    target: ConnectionSettings,
    migration: String,
    reporter: Reporter,
    progress: watch::Receiver<Progress>,
    /// Where this attempt took up.
    began_at: Lsn,
    /// The newest stored change that was told of; none before the first look.
    reported: Option<i64>,
    last: Option<(Instant, u64)>,
    anchored: Option<Instant>,
    sampler: Sampler,
    shutdown: Arc<Notify>,
    /// Of which side an answer is waited for.
    asked: Arc<Asked>,
}

#[derive(Debug, Default)]
struct Asked(AtomicBool);

impl Asked {
    fn source(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn target(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_target(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Observing {
    async fn run(mut self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sessions = None;
        loop {
            tick.tick().await;
            let silence = self.silence();
            let looked = tokio::select! {
                looked = self.look_with(sessions.take()) => looked,
                never = silence => match never {},
            };
            match looked {
                Ok(open) => sessions = Some(open),
                Err(error) => tracing::debug!("looking at progress failed: {error}"),
            }
        }
    }

    async fn look_with(&mut self, open: Option<(Session, Session)>) -> Result<(Session, Session), PgError> {
        let (source, target) = match open {
            Some(open) => open,
            None => self.connect().await?,
        };
        self.look(&source, &target).await?;
        Ok((source, target))
    }

    /// Tells who does not answer for as long as a look is not over.
    fn silence(&self) -> impl Future<Output = Infallible> + use<> {
        let (asked, reporter) = (Arc::clone(&self.asked), self.reporter.clone());
        let (settings, migration) = (self.target.clone(), self.migration.clone());
        let began = Instant::now();
        async move {
            loop {
                tokio::time::sleep(SHOWN_AFTER).await;
                let side = if asked.is_target() { "target" } else { "source" };
                let reason = format!("no answer from the {side} for {} s", began.elapsed().as_secs());
                reporter.waiting(&reason);
                if !asked.is_target() {
                    // A target that does not answer either is shown by the age of what it holds.
                    let _ = timeout(TELLING, tell(&settings, &migration, &reason)).await;
                }
            }
        }
    }

    async fn connect(&self) -> Result<(Session, Session), PgError> {
        let name = names::application_name(&self.migration, "observer");
        self.asked.source();
        let source = Session::connect(&self.source, &name).await.inspect_err(|error| {
            if error.sqlstate() == Some(sqlstate::CANNOT_CONNECT_NOW) {
                self.shutdown.notify_one();
            }
        })?;
        self.asked.target();
        let target = Session::connect(&self.target, &name).await?;
        Ok((source, target))
    }

    async fn look(&mut self, source: &Session, target: &Session) -> Result<(), PgError> {
        self.asked.source();
        let source_wal_end = wal::flushed_end(source).await?;
        self.asked.target();
        let progress = *self.progress.borrow_and_update();
        let runner = RunnerProgress {
            source_wal_end,
            received: progress.received,
        };
        apply::report(target, &runner).await?;
        self.sampler.following(target, &runner, progress.frontier).await?;
        if progress.frontier > self.began_at || progress.frontier >= source_wal_end {
            stopped::forget(target).await?;
        }
        self.tell_of_locks(target).await?;
        self.tell_of_stored(target).await?;
        self.anchor(source, &progress).await?;
        let changes_per_second = self.rate(progress.changes);
        self.reporter.send(Report::Follow(FollowProgress {
            frontier: progress.frontier,
            source_wal_end,
            lag_bytes: source_wal_end.bytes_since(progress.frontier),
            transactions: progress.transactions,
            changes: progress.changes,
            changes_per_second,
        }));
        Ok(())
    }

    /// A session or a maintenance job that locks a table of the target would hold the stream up without a word.
    async fn tell_of_locks(&self, target: &Session) -> Result<(), PgError> {
        let name = names::application_name(&self.migration, "apply");
        let blockers = blockers(target, &name).await?;
        if !blockers.is_empty() {
            let reason = format!("a lock on the target that others hold: {}", blockers.join("; "));
            runner::waits(target, &reason).await?;
            self.reporter.waiting(reason);
        }
        Ok(())
    }

    /// The slot keeps the source's WAL from the anchor on, and the server sends it again from there.
    async fn anchor(&mut self, source: &Session, progress: &Progress) -> Result<(), PgError> {
        let behind = progress.frontier.bytes_since(progress.confirmable);
        let is_wanted = !progress.has_anchor || progress.is_anchor_large || behind >= ANCHOR_AFTER_BYTES;
        let is_older_than = |span| self.anchored.is_none_or(|at| at.elapsed() >= span);
        if is_wanted && is_older_than(ANCHOR_EVERY) || is_older_than(ANCHOR_AT_LEAST_EVERY) {
            self.anchored = Some(Instant::now());
            past::emit_anchor(source, &self.migration).await?;
        }
        Ok(())
    }

    /// Changes that were stored instead of being applied, as `on_conflict` and its like ask for.
    async fn tell_of_stored(&mut self, target: &Session) -> Result<(), PgError> {
        let Some(newest) = exception::newer_than(&**target, self.reported.unwrap_or(0)).await? else {
            self.reported.get_or_insert(0);
            return Ok(());
        };
        let finding = Finding::warning(
            "changes-stored",
            &newest.table,
            format!(
                "{} {} stored in transhume.exception instead of being applied; the latest: {}",
                counted(newest.count, "change"),
                was_or_were(newest.count),
                newest.reason
            ),
            format!(
                "they bar the cutover: load the table anew (\"transhume table reload {}\"), or apply them by hand",
                shell::word(&newest.table)
            ),
        );
        self.reported = Some(newest.number);
        self.reporter.send(Report::Finding { finding });
        Ok(())
    }

    fn rate(&mut self, changes: u64) -> f64 {
        let now = Instant::now();
        let rate = self.last.map_or(0.0, |(at, before)| {
            changes.saturating_sub(before) as f64 / now.duration_since(at).as_secs_f64().max(f64::EPSILON)
        });
        self.last = Some((now, changes));
        rate
    }
}

/// For those who ask the target.
async fn tell(target: &ConnectionSettings, migration: &str, reason: &str) -> Result<(), PgError> {
    let session = Session::connect(target, &names::application_name(migration, "observer")).await?;
    runner::waits(&session, reason).await?;
    session.close().await;
    Ok(())
}
