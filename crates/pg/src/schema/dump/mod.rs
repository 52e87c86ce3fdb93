//! Runs pg_dump for the schema under a snapshot.
//!
//! Owns the way programs are called: with an environment of only what they need, the password in a file without a name, the archive
//! through a pipe, so that nothing of it is ever in a directory. Refuses selection: the archive always holds the whole
//! schema, what is restored of it is decided entry by entry (names in `-t` patterns are never safe).

mod programs;

use std::process::Stdio;

use tokio::process::Command;

pub use programs::Programs;

use transhume_wire::printable::escape_hidden;

use crate::connection::{
    conninfo::{ConnectionSettings, bare, redact},
    error::PgError,
};

/// pg_dump knows `--no-statistics` from this major version on.
const STATISTICS_SINCE: u32 = 18;

/// Others queue behind whom pg_dump waits for; what holds a table locked for longer is somebody's maintenance.
const LOCK_WAIT: &str = "--lock-wait-timeout=60s";

/// Dumps the schema of a source of this major version as seen by `snapshot` and returns the archive's bytes.
pub async fn schema(
    programs: &Programs,
    (source, major): (&ConnectionSettings, u32),
    application_name: &str,
    snapshot: &str,
) -> Result<Vec<u8>, PgError> {
    // Holds the password file until pg_dump has ended.
    let connection = source.child_connection(application_name).await?;
    let mut command = Command::new(&programs.pg_dump);
    command
        .args([
            "--format=custom",
            "--schema-only",
            "--encoding=UTF8",
            "--no-password",
        ])
        .arg(format!("--snapshot={snapshot}"))
        .arg(LOCK_WAIT)
        .arg("--compress=1");
    if programs.version.major() >= STATISTICS_SINCE {
        command.arg("--no-statistics");
    }
    if programs.version.major() != major {
        // The source does not quote what is a word of the language only in a later version.
        command.arg("--quote-all-identifiers");
    }
    run(&mut command, connection.environment(), Stdio::null(), "pg_dump").await
}

/// Runs a program to its end and returns what it printed; its messages become the error.
pub(crate) async fn run(
    command: &mut Command,
    environment: &[(String, String)],
    input: Stdio,
    name: &str,
) -> Result<Vec<u8>, PgError> {
    bare(command.as_std_mut());
    let output = command
        .envs(environment.iter().map(|(key, value)| (key, value)))
        .stdin(input)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| failed(name, &format!("it cannot be started: {error}")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(failed(name, String::from_utf8_lossy(&output.stderr).trim()))
}

fn failed(name: &str, detail: &str) -> PgError {
    // As pg_dump says it where a lock was not to be had in time.
    let is_locked = detail.contains("LOCK TABLE") && detail.contains("timeout");
    PgError::Program {
        message: format!("{name} failed"),
        detail: escape_hidden(&redact(detail)),
        hint: if is_locked {
            "a session holds a table locked (see pg_locks); wait for its end, then run the same command again"
        } else {
            "remedy what it says, then run the same command again"
        }
        .to_owned(),
    }
}
