//! What stands between the application and its database: PgBouncer and the operator's hooks.
//!
//! Owns holding the application's clients during the pause, pointing them to the target and letting them go on. Refuses
//! deciding when: the pause does. Invariants: it is written down on the target before clients are held, so that
//! whoever comes after a crash lets them go; the pooler's file is not touched before the target is open.

pub(crate) mod hook;
pub(crate) mod pgbouncer;

use transhume_core::{
    cutover::gate::{Condition, ConditionName},
    finding::Finding,
};
use transhume_pg::connection::session::Session;

use self::{hook::Facts, pgbouncer::PgBouncer};
pub use self::{
    hook::{Hooks, Moment},
    pgbouncer::PgBouncerOptions,
};
use super::Cutover;
use crate::error::{EngineError, Result};

/// The ways to the application; both may be absent, then only the servers are switched.
#[derive(Debug, Clone, Default)]
pub struct ApplicationOptions {
    pub pgbouncer: Option<PgBouncerOptions>,
    pub hooks: Hooks,
}

pub(super) struct Application {
    pgbouncer: Option<PgBouncer>,
    hooks: Hooks,
    facts: Facts,
}

impl Application {
    pub(super) async fn connect(cutover: &Cutover<'_>) -> Result<Self> {
        let options = &cutover.options.application;
        let pgbouncer = match &options.pgbouncer {
            Some(options) => Some(PgBouncer::connect(options, cutover.endpoints, &cutover.target).await?),
            None => None,
        };
        Ok(Self {
            pgbouncer,
            hooks: options.hooks.clone(),
            facts: Facts::new(cutover),
        })
    }

    pub(super) fn facts(&mut self) -> &mut Facts {
        &mut self.facts
    }

    pub(super) fn holds_clients(&self) -> bool {
        self.pgbouncer.is_some()
    }

    /// Tells the operator's hook of this moment; its failure is the caller's to judge.
    pub(super) async fn announce(&self, moment: Moment) -> Result<()> {
        self.hooks.run(moment, &self.facts).await
    }

    /// Before clients are held.
    pub(super) async fn write_down(&self, cutover: &Cutover<'_>) -> Result<()> {
        match &self.pgbouncer {
            Some(pgbouncer) => pgbouncer.write_down(&cutover.target).await,
            None => Ok(()),
        }
    }

    /// Clients wait from here on; why not, where they could not be held.
    pub(super) async fn hold(&mut self) -> Result<Option<EngineError>> {
        let Some(pgbouncer) = &mut self.pgbouncer else {
            return Ok(None);
        };
        let is_held = pgbouncer.hold().await?;
        Ok((!is_held).then(|| pgbouncer.unheld()))
    }

    /// Makes ready what points the pooler to the target; it is not pointed there yet.
    pub(super) fn stage(&self) -> Result<()> {
        match &self.pgbouncer {
            Some(pgbouncer) => pgbouncer.stage(),
            None => Ok(()),
        }
    }

    /// Makes sure that clients will get in where they are to be led, before any is held.
    pub(super) async fn try_out(&mut self, target: &Session) -> Result<Option<Finding>> {
        match &mut self.pgbouncer {
            Some(pgbouncer) => pgbouncer.try_out(target).await,
            None => Ok(None),
        }
    }

    /// The same once more while clients are held, at the last moment that can be undone.
    pub(super) async fn try_again(&self) -> Result<()> {
        match &self.pgbouncer {
            Some(pgbouncer) => pgbouncer.try_again().await,
            None => Ok(()),
        }
    }

    /// The target is open: the pooler points there, and clients go on.
    pub(super) async fn release_to_target(&mut self) -> Result<()> {
        match &mut self.pgbouncer {
            Some(pgbouncer) => pgbouncer.release_to_target().await,
            None => Ok(()),
        }
    }

    /// Clients go on where they were.
    pub(super) async fn release(&mut self) -> Result<()> {
        match &mut self.pgbouncer {
            Some(pgbouncer) => pgbouncer.release().await,
            None => Ok(()),
        }
    }

    /// As it was before anything was done.
    pub(super) async fn restore(&mut self) -> Result<()> {
        match &mut self.pgbouncer {
            Some(pgbouncer) => pgbouncer.restore().await,
            None => Ok(()),
        }
    }
}

/// The gate's condition: the way to the application is there and can be used.
pub(super) async fn condition(cutover: &Cutover<'_>) -> Option<Condition> {
    let options = cutover.options.application.pgbouncer.as_ref()?;
    let name = ConditionName::Application;
    Some(
        match PgBouncer::connect(options, cutover.endpoints, &cutover.target).await {
            Err(error) => Condition::unmet(
                name,
                error.to_string(),
                error
                    .hint()
                    .unwrap_or_else(|| "see [cutover.pgbouncer]".to_owned()),
            ),
            Ok(pgbouncer) => pgbouncer.condition(name),
        },
    )
}
