//! Watches over the source for as long as a run lives, in whatever phase it is.
//!
//! Owns the sessions and the rhythm; what a look means is decided in core. A look that fails is tried again
//! on new sessions: the work itself says when a server is gone.
//!
//! Invariant: nothing that it does on either side goes unsaid: each is a finding or a line of the history.

mod asking;
mod login;
mod retention;
mod schema;
pub(crate) mod schemas;
mod settling;
mod trees;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use tokio::time::timeout;
use transhume_core::{
    finding::Finding,
    guard::{
        schema::{Awaited, CarryOver, DescribedTable, Remembered, SchemaChanges, TableFacts},
        wal_retention::{Backlog, Growth},
    },
    selection::Selector,
};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    guard::schema_change,
    state::migration::Migration,
};
use transhume_wire::lsn::Lsn;

use self::asking::Asking;
use crate::{
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    follow::{FollowOptions, WalPolicy},
    report::Reporter,
};

/// Soon enough to act before a disk is full, rarely enough to cost nothing.
const EVERY: Duration = Duration::from_secs(2);
/// A target that answers no new connection within this is looked for again at the next look.
const CONNECTING: Duration = Duration::from_secs(5);

pub(crate) struct Guard<'run> {
    endpoints: &'run Endpoints,
    migration: Migration,
    selector: Selector,
    carry_over: Vec<CarryOver>,
    /// Statements on the source are followed: tables whose rows were altered unseen are loaded anew without asking, new ones join.
    replicates: bool,
    policy: WalPolicy,
    reporter: &'run Reporter,
    began: Instant,
    growth: Growth,
    backlog: Backlog,
    unsent: Backlog,
    /// Those of the source and of the target.
    refused_logins: [login::Logins; 2],
    /// What was told last, so that it is told once.
    reported: Option<retention::Reported>,
    next_schema_look: Option<Instant>,
    schema_findings: Option<Vec<Finding>>,
    /// Seen in step, and not remembered yet.
    in_step: Awaited<Remembered>,
    /// Seen altered, and left to what the stream brings.
    altered: Awaited<Option<TableFacts>>,
    /// Seen of tables that have joined.
    joined: Awaited<DescribedTable>,
    applied_at_last_look: Option<Lsn>,
    /// Tables that were to be taken in.
    asked_for: Asking,
    /// Tables that take their rows in, and are not settled yet.
    joining: HashSet<u32>,
    /// Tables that are to be loaded anew.
    asked_anew: HashSet<u32>,
}

/// The two ends while both can be looked at.
struct Ends {
    source: Session,
    target: Session,
}

/// Those that can be: what the source may keep does not wait for the target.
#[derive(Default)]
struct Open {
    source: Option<Session>,
    target: Option<Session>,
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
            replicates: options.schema_changes == SchemaChanges::Replicate,
            policy: options.wal,
            reporter,
            began: Instant::now(),
            growth: Growth::default(),
            backlog: Backlog::default(),
            unsent: Backlog::default(),
            refused_logins: Default::default(),
            reported: None,
            next_schema_look: None,
            schema_findings: None,
            in_step: Awaited::default(),
            altered: Awaited::default(),
            joined: Awaited::default(),
            applied_at_last_look: None,
            asked_for: Asking::default(),
            joining: HashSet::new(),
            asked_anew: HashSet::new(),
        }
    }

    /// Watches until what it did ends the run.
    pub(crate) async fn watch(mut self) -> EngineError {
        let mut open = Open::default();
        loop {
            tokio::time::sleep(EVERY).await;
            self.connect(&mut open).await;
            self.logins(open.target.as_ref()).await;
            match self.look(&mut open).await {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(error) => {
                    tracing::debug!("looking at the source failed: {error}");
                    open = Open::default();
                }
            }
        }
    }

    async fn connect(&self, open: &mut Open) {
        let id = &self.migration.id;
        if open.source.is_none() {
            open.source = self.endpoints.source_session(id, "guard").await.ok();
        }
        if open.target.is_none() {
            let target = timeout(CONNECTING, self.connect_target()).await;
            open.target = target.ok().and_then(Result::ok);
        }
    }

    async fn connect_target(&self) -> Result<Session> {
        let target = self.endpoints.target_session(&self.migration.id, "guard").await?;
        schema_change::limit_locks(&target)
            .await
            .doing("setting how long a carried change may wait for locks")?;
        Ok(target)
    }

    async fn look(&mut self, open: &mut Open) -> std::result::Result<Option<EngineError>, PgError> {
        if let Some(end) = self.retention(open).await? {
            return Ok(Some(end));
        }
        if let Some((source, target)) = open.source.take().zip(open.target.take()) {
            let mut ends = Ends { source, target };
            self.schema_when_due(&mut ends).await?;
            let Ends { source, target } = ends;
            *open = Open {
                source: Some(source),
                target: Some(target),
            };
        }
        Ok(None)
    }
}
