//! Hooks: an operator's command or web address, told of each moment of a cutover.
//!
//! Owns running one with its time-out, and what it is told: variables of the environment and a JSON body, the same facts
//! in both. A failure is an error; whoever announces the moment decides what it means. A command that is given up ends with all
//! that it has started ([`crate::call`]): nothing of it may go on behind an undone cutover.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use transhume_pg::connection::{conninfo::ConnectionSettings, session::Session};
use transhume_wire::lsn::Lsn;

use super::super::Cutover;
use crate::{
    call::{command, post},
    error::{EngineError, Result},
};

/// When a hook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// The gate is open and all is prepared; nothing is locked yet.
    BeforeFence,
    /// Nobody can write on the source.
    Fenced,
    /// The target has all that the source has.
    Drained,
    /// The application lives on the target.
    Opened,
    /// The cutover was undone; the application lives on the source.
    Undone,
}

impl Moment {
    pub const ALL: [Self; 5] = [
        Self::BeforeFence,
        Self::Fenced,
        Self::Drained,
        Self::Opened,
        Self::Undone,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeFence => "before-fence",
            Self::Fenced => "fenced",
            Self::Drained => "drained",
            Self::Opened => "opened",
            Self::Undone => "undone",
        }
    }
}

/// What is called when.
#[derive(Debug, Clone)]
pub struct Hooks {
    /// A command for the shell, or an address that begins with http:// or https://.
    pub actions: BTreeMap<Moment, String>,
    /// How long each may take.
    pub timeout: Duration,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            actions: BTreeMap::new(),
            // The application waits while most of them run.
            timeout: Duration::from_secs(5),
        }
    }
}

/// What a hook may know.
#[derive(Debug, Clone, Serialize)]
pub(in super::super) struct Facts {
    migration: String,
    source: Server,
    target: Server,
    pub(in super::super) fence_lsn: Option<Lsn>,
    /// It will be undone in any case.
    pub(in super::super) rehearsal: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Server {
    host: String,
    port: u16,
    database: String,
}

#[derive(Serialize)]
struct HookInput<'a> {
    moment: Moment,
    #[serde(flatten)]
    facts: &'a Facts,
}

impl Facts {
    pub(super) fn new(cutover: &Cutover<'_>) -> Self {
        Self {
            migration: cutover.migration.id.clone(),
            source: server(&cutover.endpoints.source, &cutover.source),
            target: server(&cutover.endpoints.target, &cutover.target),
            fence_lsn: None,
            rehearsal: cutover.options.rehearse,
        }
    }

    fn variables(&self, moment: Moment) -> Vec<(&'static str, String)> {
        let lsn = self.fence_lsn.map(|lsn| lsn.to_string()).unwrap_or_default();
        vec![
            ("TRANSHUME_MOMENT", moment.name().to_owned()),
            ("TRANSHUME_MIGRATION", self.migration.clone()),
            ("TRANSHUME_SOURCE_HOST", self.source.host.clone()),
            ("TRANSHUME_SOURCE_PORT", self.source.port.to_string()),
            ("TRANSHUME_SOURCE_DATABASE", self.source.database.clone()),
            ("TRANSHUME_TARGET_HOST", self.target.host.clone()),
            ("TRANSHUME_TARGET_PORT", self.target.port.to_string()),
            ("TRANSHUME_TARGET_DATABASE", self.target.database.clone()),
            ("TRANSHUME_FENCE_LSN", lsn),
            (
                "TRANSHUME_REHEARSAL",
                if self.rehearsal { "yes" } else { "no" }.to_owned(),
            ),
        ]
    }
}

/// The one that answered, of several.
fn server(settings: &ConnectionSettings, session: &Session) -> Server {
    let (host, port) = settings.server_at(session.endpoint()).unwrap_or_default();
    Server {
        host,
        port,
        database: settings.database().to_owned(),
    }
}

impl Hooks {
    pub(super) async fn run(&self, moment: Moment, facts: &Facts) -> Result<()> {
        let Some(action) = self.actions.get(&moment) else {
            return Ok(());
        };
        let body = serde_json::to_string(&HookInput { moment, facts }).expect("facts are plain data");
        let outcome = if action.starts_with("http://") || action.starts_with("https://") {
            post(action.clone(), body, self.timeout).await
        } else {
            command(action, body, facts.variables(moment), self.timeout).await
        };
        outcome.map_err(|reason| {
            EngineError::stopped(
                format!("the hook for the moment {} failed: {reason}", moment.name()),
                "",
                "see what the hook says; cutover.hooks names it, cutover.hooks.timeout bounds it",
            )
        })
    }
}
