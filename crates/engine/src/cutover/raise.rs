//! Raising the fence: clients held, locks asked for, again and again until it stands for all.
//!
//! A try that does not come to stand lets clients and writers go on at once; what they waited for it is remembered.

use std::time::Duration;

use transhume_core::{cutover::write_pause::PauseStep, disposition::Disposition};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    cutover::fence::{Approach, Fence, LockOrder},
};

use super::{
    Ballot, Cutover, RELEASE_INTERVAL, application::Application, stopwatch::Stopwatch,
    together::stands_for_all,
};
use crate::{
    error::{Doing, EngineError, Result},
    failpoint::{Point, reach},
};

impl Cutover<'_> {
    /// Tries the fence until it stands; between tries the application gets through.
    pub(super) async fn raise(&self, application: &mut Application, ballot: &Ballot) -> Result<Raised> {
        application.write_down(self).await?;
        reach(Point::HoldIntended).await;
        let mut order = LockOrder::new(&self.tables, &self.sequences);
        let session = self.endpoints.source_session(&self.migration.id, "fence").await?;
        let eased = self.ease(session, &mut order).await?;
        let mut session = eased.session;
        let mut earlier_tries = Vec::new();
        for attempt in 1..=self.options.attempts {
            let tried = match Fence::approach(session, &order).await {
                Err((session, error)) => Err(Failed::by_server(session, error, None)),
                Ok(approach) => self.try_once(approach, &mut order, application).await?,
            };
            let is_last = attempt == self.options.attempts;
            let failed = match stands_for_all(tried, is_last, ballot, application).await? {
                Ok((fence, stopwatch)) => {
                    reach(Point::FenceRaised).await;
                    return Ok(Raised {
                        fence,
                        attempts: attempt,
                        eased: eased.moments,
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
            stopwatch.step(PauseStep::ClientsHeld);
        }
        reach(Point::ClientsHeld).await;
        match approach.raise(order, self.options.lock_timeout).await {
            Ok(fence) => {
                stopwatch.step(PauseStep::Fence);
                Ok(Ok((fence, stopwatch)))
            }
            Err((session, error)) => {
                application.release().await?;
                Ok(Err(Failed::by_server(session, error, Some(stopwatch.elapsed()))))
            }
        }
    }
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
