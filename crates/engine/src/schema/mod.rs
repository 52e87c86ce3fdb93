//! The schema's way to the target: dumped once, restored before and after the data, with indexes and
//! keys as build work in between.
//!
//! Every function is resumable: what is done is recorded in the transaction that did it, and calling
//! one again does the rest. The order is [`dump`], [`pre_data`], [`owners_and_grants`], (load plans its
//! tables), [`plan_builds`], (load and builds), [`post_data`], [`owners_and_grants`] once more.
//! Invariant: nothing is left out silently; each entry that is not restored has its reason in
//! `transhume.archive_item`, and what the operator should act on is a finding.

mod builds;
mod choice;
mod contents;
mod dumping;
mod findings;
mod firing;
mod grants;
mod inherited_checks;
mod owners;
mod removal;
mod restoring;
mod sessions;
mod trial;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use tokio::sync::OnceCell;
use transhume_core::selection::Selector;
use transhume_pg::{
    connection::{quiet::silence_event_triggers, session::Session},
    schema::dump::Programs,
    state::{addition::Addition, archive, migration::Migration},
};

use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, Result},
    report::Reporter,
};

pub(crate) use builds::added_builds;
pub use builds::plan_builds;
pub use dumping::dump;
pub(crate) use dumping::{Preview, preview};
pub(crate) use findings::forget_met;
pub(crate) use grants::try_again;
pub use grants::{GrantMoment, owners_and_grants};
pub(crate) use removal::{begin_anew, remove, remove_added};
pub use restoring::{post_data, pre_data};
use sessions::{Idle, Lent};
pub(crate) use trial::{Tried, Trying, trial};

#[derive(Debug, Default)]
pub struct SchemaOptions {
    /// Directory of pg_dump and pg_restore; none: they are searched.
    pub programs: Option<PathBuf>,
    /// Apply can run with `session_replication_role = replica`. Where not, triggers are set aside and
    /// foreign keys are held until the cutover.
    pub replica_role: bool,
    /// What the first step that needs the stored archive has opened for all of them.
    opened: OnceCell<Arc<contents::Archive>>,
    /// The programs that were chosen for these two servers.
    found: OnceLock<Programs>,
    source: Idle,
    target: Idle,
}

impl SchemaOptions {
    pub fn new(programs: Option<PathBuf>, replica_role: bool) -> Self {
        Self {
            programs,
            replica_role,
            opened: OnceCell::new(),
            found: OnceLock::new(),
            source: Idle::default(),
            target: Idle::default(),
        }
    }

    /// Ends the sessions that were kept for the next step: what follows takes long.
    pub(crate) fn end_sessions(&self) {
        drop((self.source.take(), self.target.take()));
    }

    /// With programs that were chosen already.
    pub(crate) fn found(self, programs: Option<Programs>) -> Self {
        Self {
            found: programs.map(OnceLock::from).unwrap_or_default(),
            ..self
        }
    }
}

/// What all steps of the schema work with.
#[derive(Debug, Clone)]
pub struct SchemaWork<'a> {
    pub endpoints: &'a Endpoints,
    pub migration: &'a Migration,
    pub selector: &'a Selector,
    pub options: &'a SchemaOptions,
    pub reporter: &'a Reporter,
    pub cancellation: &'a Cancellation,
    /// None: the archive that the migration began with.
    pub addition: Option<&'a Addition>,
}

/// Role of our sessions, as in `application_name`.
const ROLE: &str = "schema";

impl SchemaWork<'_> {
    async fn source(&self) -> Result<Lent<'_>> {
        let opening = self.endpoints.source_session(&self.migration.id, ROLE);
        self.options.source.lend(opening).await
    }

    async fn target(&self) -> Result<Lent<'_>> {
        let opening = self.endpoints.target_session(&self.migration.id, ROLE);
        self.options.target.lend(opening).await
    }

    /// For restoring, which sets what the archive's script wants.
    async fn own_target(&self) -> Result<Session> {
        let session = self.endpoints.target_session(&self.migration.id, ROLE).await?;
        // Only here: the state's own keys must delete along elsewhere, which they do not in the replica role.
        silence_event_triggers(&session)
            .await
            .doing("keeping event triggers of the target silent")?;
        Ok(session)
    }

    /// Number of the archive that is worked on.
    fn archive(&self) -> i32 {
        self.addition.map_or(archive::FIRST, |addition| addition.number)
    }

    fn stop_if_cancelled(&self) -> Result<()> {
        if self.cancellation.is_cancelled() {
            return Err(crate::error::EngineError::Interrupted);
        }
        Ok(())
    }
}
