//! Watches over the source for as long as a run lives, in whatever phase it is.
//!
//! Owns the sessions and the rhythm; what a look means is decided in core. A look that fails is tried again
//! on new sessions: the work itself says when a server is gone.
//!
//! Invariant: nothing that it does on either side goes unsaid: each is a finding or a line of the history.

mod retention;
mod schema;
pub(crate) mod schemas;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

pub use transhume_core::guard::schema::CarryOver;
use transhume_core::{
    finding::Finding,
    follow::error_policy::ErrorPolicy,
    guard::wal_retention::{Growth, WalAction},
    selection::Selector,
};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    guard::schema_change,
    state::migration::Migration,
};

use crate::{
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    follow::SpillOptions,
    report::Reporter,
};

/// Soon enough to act before a disk is full, rarely enough to cost nothing.
const EVERY: Duration = Duration::from_secs(2);
/// Origin of our findings in `transhume.finding`.
pub(crate) const ORIGIN: &str = "guard";
/// Code of the finding that says why the slot is gone.
pub(crate) const SLOT_DROPPED: &str = "slot-dropped";

/// What a run does while the source is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowOptions {
    pub wal: WalPolicy,
    /// Changes of the schema that are brought to the target without asking.
    pub carry_over: Vec<CarryOver>,
    /// What becomes of changes that the target refuses.
    pub on_error: ErrorPolicy,
    /// Where transactions in progress wait for their commit.
    pub spill: SpillOptions,
}

impl Default for FollowOptions {
    /// Labels and null columns alter no row and mean the same on both sides, and a partition that stays behind
    /// is found by nobody until its rows are missed.
    fn default() -> Self {
        Self {
            wal: WalPolicy::default(),
            carry_over: CarryOver::ALL.to_vec(),
            on_error: ErrorPolicy::default(),
            spill: SpillOptions::default(),
        }
    }
}

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
    selector: Selector,
    carry_over: Vec<CarryOver>,
    policy: WalPolicy,
    reporter: &'run Reporter,
    began: Instant,
    growth: Growth,
    /// What was told last, so that it is told once.
    told: Option<retention::Told>,
    next_schema_look: Option<Instant>,
    schema_findings: Option<Vec<Finding>>,
    /// Partitions that were to be taken in.
    asked_for: HashSet<u32>,
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
        selector: Selector,
        options: &FollowOptions,
        reporter: &'run Reporter,
    ) -> Self {
        Self {
            endpoints,
            migration,
            selector,
            carry_over: options.carry_over.clone(),
            policy: options.wal,
            reporter,
            began: Instant::now(),
            growth: Growth::default(),
            told: None,
            next_schema_look: None,
            schema_findings: None,
            asked_for: HashSet::new(),
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
            let Ok(mut open) = open else { continue };
            match self.look(&mut open).await {
                Ok(None) => ends = Some(open),
                Ok(Some(end)) => return end,
                Err(error) => tracing::debug!("looking at the source failed: {error}"),
            }
        }
    }

    async fn connect(&self) -> Result<Ends> {
        let id = &self.migration.id;
        let target = self.endpoints.target_session(id, "guard").await?;
        schema_change::limit_locks(&target)
            .await
            .doing("setting how long a carried change may wait for locks")?;
        Ok(Ends {
            source: self.endpoints.source_session(id, "guard").await?,
            target,
        })
    }

    async fn look(&mut self, ends: &mut Ends) -> std::result::Result<Option<EngineError>, PgError> {
        let end = self.retention(ends).await?;
        if end.is_none() {
            self.schema_when_due(ends).await?;
        }
        Ok(end)
    }
}
