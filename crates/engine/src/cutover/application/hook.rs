//! Hooks: an operator's command or web address, told of each moment of a cutover.
//!
//! Owns running one with its time-out, and what it is told: variables of the environment and a JSON body, the same facts
//! in both. Refuses secrets: our own connection strings are taken out of its environment. A failure is an error; whoever
//! announces the moment decides what it means. A command that is given up ends with all that it has started: nothing
//! of it may go on behind an undone cutover.

use std::{collections::BTreeMap, process::Stdio, sync::Arc, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use tokio::{io::AsyncWriteExt, process::Command};
use transhume_pg::connection::{conninfo::ConnectionSettings, session::Session, tls};
use transhume_wire::lsn::Lsn;

use super::super::Cutover;
use crate::error::{EngineError, Result};

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
struct Told<'a> {
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
        let body = serde_json::to_string(&Told { moment, facts }).expect("facts are plain data");
        let outcome = if action.starts_with("http://") || action.starts_with("https://") {
            post(action.clone(), body, self.timeout).await
        } else {
            tokio::time::timeout(self.timeout, command(action, body, facts.variables(moment)))
                .await
                .unwrap_or_else(|_| Err(format!("it did not end within {} ms", self.timeout.as_millis())))
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

/// Settings of ours that hold passwords, or addresses with a token.
const SECRETS: [&str; 8] = [
    "TRANSHUME_SOURCE",
    "TRANSHUME_TARGET",
    "TRANSHUME_PGBOUNCER_ADMIN",
    "TRANSHUME_HOOK_BEFORE_FENCE",
    "TRANSHUME_HOOK_FENCED",
    "TRANSHUME_HOOK_DRAINED",
    "TRANSHUME_HOOK_OPENED",
    "TRANSHUME_HOOK_UNDONE",
];

/// A command with all that it has started; killed where it is dropped before it was seen to end.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended at this very moment.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn command(
    action: &str,
    body: String,
    variables: Vec<(&'static str, String)>,
) -> std::result::Result<(), String> {
    let mut command = Command::new("sh");
    for secret in SECRETS {
        command.env_remove(secret);
    }
    let mut child = command
        .args(["-c", action])
        .env_remove("PGPASSWORD")
        .envs(variables)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("it did not start: {error}"))?;
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    let mut group = Group(id.and_then(Pid::from_raw));
    if let Some(mut input) = child.stdin.take() {
        // It need not read what it is told.
        let _ = input.write_all(body.as_bytes()).await;
    }
    let output = child
        .wait_with_output()
        .await
        .map_err(|error| format!("it was lost: {error}"))?;
    group.0 = None;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(format!(
        "{}: {}",
        output.status,
        last.unwrap_or("it said nothing")
    ))
}

async fn post(address: String, body: String, timeout: Duration) -> std::result::Result<(), String> {
    let posting = tokio::task::spawn_blocking(move || send(&address, &body, timeout));
    posting.await.map_err(|error| error.to_string())?
}

fn send(address: &str, body: &str, timeout: Duration) -> std::result::Result<(), String> {
    let is_encrypted = address.starts_with("https://");
    // Reading them takes as long as the rest of a call.
    let roots = if is_encrypted {
        tls::system_roots()
    } else {
        Vec::new()
    };
    let roots: Vec<_> = roots
        .iter()
        .map(|certificate| ureq::tls::Certificate::from_der(certificate).to_owned())
        .collect();
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(tls::provider())
        .build();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .tls_config(tls)
        .build()
        .into();
    agent
        .post(address)
        .header("content-type", "application/json")
        .send(body)
        .map(drop)
        .map_err(|error| error.to_string())
}
