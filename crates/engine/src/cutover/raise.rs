//! Raising the fence: clients held, locks asked for, again and again until it stands for all.
//!
//! A try that does not come to stand lets clients and writers go on at once; what they waited for it is remembered.

use std::time::Duration;

use tokio::time::timeout;
use transhume_core::{
    count::counted,
    cutover::{gate::BlockingLock, write_pause::PauseStep},
    disposition::Disposition,
    sqlstate,
};
use transhume_pg::{
    connection::{error::PgError, quiet::silence_event_triggers, session::Session},
    cutover::{
        fence::{Approach, Fence},
        gate,
        lock_order::LockOrder,
    },
};

use super::{
    Ballot, Cutover, RELEASE_INTERVAL,
    application::{Application, Moment},
    silent::Attended,
    stopwatch::Stopwatch,
    together::stands_for_all,
};
use crate::{
    error::{Doing, EngineError, Result},
    failpoint::{Point, reach},
    report::Report,
};

/// Transactions in one line; more say nothing new.
const NAMED: usize = 3;

impl Cutover<'_> {
    /// What is asked last before anybody waits, then the fence; given up where a server falls silent.
    pub(super) async fn ask_and_raise(
        &mut self,
        announcer: &Session,
        application: &mut Application,
        ballot: &Ballot,
    ) -> Result<Raised> {
        let attended = Attended::of(self);
        let raising = async {
            self.sign_of_life(announcer).await?;
            if let Some(finding) = application.try_out(&self.target).await? {
                self.reporter.send(Report::Finding { finding });
            }
            application.announce(Moment::BeforeFence).await?;
            self.raise(application, ballot).await
        };
        attended.unless_silent(Box::pin(raising)).await
    }

    /// Tries the fence until it stands; between tries the application gets through.
    async fn raise(&self, application: &mut Application, ballot: &Ballot) -> Result<Raised> {
        application.write_down(self).await?;
        reach(Point::HoldIntended).await;
        let mut order = LockOrder::new(&self.tables, &self.sequences);
        let session = self.endpoints.source_session(&self.migration.id, "fence").await?;
        silence_event_triggers(&session)
            .await
            .doing("keeping event triggers of the source silent")?;
        let eased = self.ease(session, &mut order).await?;
        let mut session = eased.session;
        let mut earlier_tries = Vec::new();
        for attempt in 1..=self.options.attempts {
            let tried = match Fence::approach(session, &order).await {
                Err((session, error)) => FenceTry::Failed(Failed::by_server(session, error, None)),
                Ok(approach) => {
                    let trying = self.try_once(approach, &mut order, application);
                    let tried = timeout(self.options.max_pause, trying).await;
                    tried.unwrap_or_else(|_| Err(not_in_time(self.options.max_pause)))?
                }
            };
            let is_last = attempt == self.options.attempts;
            let failed = match stands_for_all(tried, is_last, ballot, application).await? {
                FenceTry::Stands(fence, stopwatch) => {
                    reach(Point::FenceRaised).await;
                    return Ok(Raised {
                        fence,
                        attempts: attempt,
                        eased: eased.moments,
                        earlier_tries,
                        stopwatch,
                    });
                }
                FenceTry::Failed(failed) => failed,
            };
            session = failed.session;
            earlier_tries.extend(failed.waited.map(|waited| waited.as_secs_f64() * 1_000.0));
            let in_the_way = if failed.is_blocked {
                self.in_the_way(failed.waited.unwrap_or_default()).await
            } else {
                Vec::new()
            };
            if (!failed.passes || is_last) && failed.is_blocked {
                return Err(self.not_raised(attempt, &in_the_way));
            }
            if !failed.passes || is_last {
                return Err(failed.error);
            }
            self.reporter.waiting(match in_the_way.as_slice() {
                [] => "transactions and locks of other sessions on the source; writers go on meanwhile"
                    .to_owned(),
                all => format!("{}; writers go on meanwhile", all.join("; ")),
            });
            tokio::time::sleep(RELEASE_INTERVAL).await;
        }
        Err(EngineError::refused(
            "the fence was not tried",
            "set cutover.attempts to at least 1",
        ))
    }

    /// Whoever holds a lock that the fence waits for, oldest first. Writers that had queued behind the fence hold locks by
    /// now, but not for longer than it waited.
    async fn in_the_way(&self, waited: Duration) -> Vec<String> {
        let tables = self.tables.iter().map(|table| table.oid);
        let oids: Vec<u32> = tables
            .chain(self.sequences.iter().map(|sequence| sequence.oid))
            .collect();
        let Ok(locks) = gate::blocking_locks(&self.source, &oids).await else {
            return Vec::new();
        };
        let older: Vec<&BlockingLock> = locks.iter().filter(|lock| lock.age >= waited).collect();
        // Whoever may not see how old another role's transaction is names them all.
        let named = if older.is_empty() {
            locks.iter().collect()
        } else {
            older
        };
        named
            .into_iter()
            .take(NAMED)
            .map(BlockingLock::description)
            .collect()
    }

    fn not_raised(&self, attempts: u32, in_the_way: &[String]) -> EngineError {
        let detail = match in_the_way {
            [] => "Whoever held them has ended by now.".to_owned(),
            all => format!("In the way: {}.", all.join("; ")),
        };
        EngineError::stopped(
            format!(
                "the fence could not be raised: locks were not to be had within {} ms, in {}",
                self.options.lock_timeout.as_millis(),
                counted(attempts, "attempt")
            ),
            detail,
            "end those transactions (select pg_terminate_backend(PID)), or allow more with --lock-timeout or --attempts",
        )
    }

    /// Holds the clients, then asks for the locks that stop writers; lets both go where they are not to be had.
    async fn try_once(
        &self,
        approach: Approach,
        order: &mut LockOrder,
        application: &mut Application,
    ) -> Result<FenceTry> {
        let stopwatch = Stopwatch::start();
        if let Some(error) = application.hold().await? {
            return Ok(FenceTry::Failed(Failed {
                session: approach.lower().await.doing("lowering the fence")?,
                error,
                passes: true,
                is_blocked: false,
                waited: Some(stopwatch.elapsed()),
            }));
        }
        if application.holds_clients() {
            stopwatch.step(PauseStep::ClientsHeld);
        }
        reach(Point::ClientsHeld).await;
        match approach.raise(order, self.options.lock_timeout).await {
            Ok(fence) => {
                stopwatch.step(PauseStep::Fence);
                Ok(FenceTry::Stands(fence, stopwatch))
            }
            Err((session, error)) => {
                application.release().await?;
                let waited = Some(stopwatch.elapsed());
                Ok(FenceTry::Failed(Failed::by_server(session, error, waited)))
            }
        }
    }
}

/// Its server answers no lock's request, not even with a time-out.
fn not_in_time(most: Duration) -> EngineError {
    EngineError::stopped(
        format!(
            "the fence was not raised within {} s, and is given up",
            most.as_secs_f64()
        ),
        "Clients or the source did not answer for so long.",
        "see whether PgBouncer and the source answer, then cut over again; --max-pause allows more",
    )
}

/// The fence stands.
pub(super) struct Raised {
    pub(super) fence: Fence,
    pub(super) attempts: u32,
    /// How long writers were locked out before, so that the stream caught up; milliseconds.
    pub(super) eased: Vec<f64>,
    /// How long writers waited in vain, for each.
    pub(super) earlier_tries: Vec<f64>,
    pub(super) stopwatch: Stopwatch,
}

/// What one try of the fence came to.
pub(super) enum FenceTry {
    Stands(Fence, Stopwatch),
    Failed(Failed),
}

/// A try of the fence that did not come to stand.
pub(super) struct Failed {
    pub(super) session: Session,
    pub(super) error: EngineError,
    /// Another try may succeed.
    pub(super) passes: bool,
    /// Somebody else holds a lock that it waited for.
    pub(super) is_blocked: bool,
    /// How long writers waited for it.
    pub(super) waited: Option<Duration>,
}

impl Failed {
    fn by_server(session: Session, error: PgError, waited: Option<Duration>) -> Self {
        Self {
            session,
            passes: error.disposition() == Disposition::Retry,
            is_blocked: error.sqlstate() == Some(sqlstate::LOCK_NOT_AVAILABLE),
            error: EngineError::Server {
                doing: "raising the fence".to_owned(),
                source: error,
            },
            waited,
        }
    }
}
