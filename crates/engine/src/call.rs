//! Calls to what an operator names: a command for the shell, or an address that gets a POST.
//!
//! Owns running one with its time-out. Refuses secrets: our own connection strings are taken out of a command's environment, and
//! no address is in an error. A command that is given up ends with all that it has started.

use std::{process::Stdio, sync::Arc, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{io::AsyncWriteExt, process::Command};
use transhume_pg::connection::tls;

/// Why a call failed, in words without a secret.
pub(crate) type Called = Result<(), String>;

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

/// The body is on its stdin; what it says last is the reason where it fails.
pub(crate) async fn command(
    action: &str,
    body: String,
    variables: Vec<(&'static str, String)>,
    timeout: Duration,
) -> Called {
    tokio::time::timeout(timeout, run(action, body, variables))
        .await
        .unwrap_or_else(|_| Err(format!("it did not end within {} ms", timeout.as_millis())))
}

async fn run(action: &str, body: String, variables: Vec<(&'static str, String)>) -> Called {
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

/// As JSON; any answer but a good one is a failure.
pub(crate) async fn post(address: String, body: String, timeout: Duration) -> Called {
    let posting = tokio::task::spawn_blocking(move || send(&address, &body, timeout));
    posting.await.map_err(|error| error.to_string())?
}

fn send(address: &str, body: &str, timeout: Duration) -> Called {
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
        .map_err(|error| reason(&error))
}

/// Without the address, which may be a secret: some errors repeat it.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "the address cannot be used".to_owned(),
        error => error.to_string(),
    }
}
