//! Watches over the source for as long as a run lives, in whatever phase it is.
//!
//! Owns the sessions and the rhythm; what a look means is decided in core. A look that fails is tried again
//! on new sessions: the work itself says when a server is gone.
//!
//! Invariant: nothing that it does on either side goes unsaid: each is a finding or a line of the history.

mod retention;

use std::time::{Duration, Instant};

use transhume_core::wal_retention::{Growth, WalAction};
use transhume_pg::{error::PgError, session::Session, state::migration::Migration};

use crate::{
    endpoints::Endpoints,
    error::{EngineError, Result},
    report::Reporter,
};

/// Soon enough to act before a disk is full, rarely enough to cost nothing.
const EVERY: Duration = Duration::from_secs(2);
/// Origin of our findings in `transhume.finding`.
pub(crate) const ORIGIN: &str = "guard";
/// Code of the finding that says why the slot is gone.
pub(crate) const SLOT_DROPPED: &str = "slot-dropped";

/// What the slot may keep on the source, and what to do before it is too much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WalPolicy {
    /// Beside the server's own limit.
    pub budget_bytes: Option<u64>,
    pub action: WalAction,
}

pub(crate) struct Guard<'run> {
    endpoints: &'run Endpoints,
    migration: Migration,
    policy: WalPolicy,
    reporter: &'run Reporter,
    began: Instant,
    growth: Growth,
    /// What was told last, so that it is told once.
    told: Option<retention::Told>,
}

/// The two ends while they can be looked at.
struct Ends {
    source: Session,
    target: Session,
}

impl<'run> Guard<'run> {
    pub(crate) fn new(
        endpoints: &'run Endpoints,
        migration: Migration,
        policy: WalPolicy,
        reporter: &'run Reporter,
    ) -> Self {
        Self {
            endpoints,
            migration,
            policy,
            reporter,
            began: Instant::now(),
            growth: Growth::default(),
            told: None,
        }
    }

    /// Watches until what it did ends the run.
    pub(crate) async fn watch(mut self) -> EngineError {
        let mut ends = None;
        loop {
            tokio::time::sleep(EVERY).await;
            let open = match ends.take() {
                Some(open) => Ok(open),
                None => self.connect().await,
            };
            let Ok(open) = open else { continue };
            match self.look(&open).await {
                Ok(None) => ends = Some(open),
                Ok(Some(end)) => return end,
                Err(error) => tracing::debug!("looking at the source failed: {error}"),
            }
        }
    }

    async fn connect(&self) -> Result<Ends> {
        let id = &self.migration.id;
        Ok(Ends {
            source: self.endpoints.source_session(id, "guard").await?,
            target: self.endpoints.target_session(id, "guard").await?,
        })
    }

    async fn look(&mut self, ends: &Ends) -> std::result::Result<Option<EngineError>, PgError> {
        self.retention(ends).await
    }
}
