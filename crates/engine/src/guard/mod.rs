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

use transhume_core::{
    finding::Finding,
    guard::{
        schema::{Awaited, CarryOver},
        wal_retention::Growth,
    },
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
    follow::{FollowOptions, WalPolicy},
    report::Reporter,
};

/// Soon enough to act before a disk is full, rarely enough to cost nothing.
const EVERY: Duration = Duration::from_secs(2);
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
    awaited: Awaited,
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
            awaited: Awaited::default(),
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
