//! Runs pg_dump for the schema under a snapshot.
//!
//! Owns the way pg_dump is called: custom format, schema only, UTF-8, in an empty directory, the
//! password in the child's environment only. Refuses selection: the archive always holds the whole
//! schema, what is restored of it is decided entry by entry (names in `-t` patterns are never safe).

mod programs;

use std::process::Stdio;

use tokio::process::Command;

pub use programs::Programs;

use crate::connection::{conninfo::ConnectionSettings, error::PgError};

/// pg_dump knows `--no-statistics` from this major version on.
const STATISTICS_SINCE: u32 = 18;

/// Dumps the schema as seen by `snapshot` and returns the archive's bytes.
pub async fn schema(
    programs: &Programs,
    source: &ConnectionSettings,
    application_name: &str,
    snapshot: &str,
) -> Result<Vec<u8>, PgError> {
    let directory = tempfile::tempdir().map_err(|error| no_directory(&error))?;
    // Holds the password file until pg_dump has ended.
    let connection = source
        .child_connection(application_name)
        .map_err(|error| no_directory(&error))?;
    let mut command = Command::new(&programs.pg_dump);
    command
        .args([
            "--format=custom",
            "--schema-only",
            "--encoding=UTF8",
            "--no-password",
        ])
        .arg(format!("--snapshot={snapshot}"))
        .args(["--compress=1", "--file=archive"])
        .current_dir(directory.path());
    if programs.version.major() >= STATISTICS_SINCE {
        command.arg("--no-statistics");
    }
    run(&mut command, connection.environment(), Stdio::null(), "pg_dump").await?;
    tokio::fs::read(directory.path().join("archive"))
        .await
        .map_err(|error| failed("pg_dump", &format!("its archive cannot be read: {error}")))
}

/// Runs a program to its end and returns what it printed; its messages become the error.
pub(crate) async fn run(
    command: &mut Command,
    environment: &[(String, String)],
    input: Stdio,
    name: &str,
) -> Result<Vec<u8>, PgError> {
    // Nothing of the operator's own libpq settings may steer where it goes or what it prints.
    for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("PG")) {
        command.env_remove(key);
    }
    let output = command
        .envs(environment.iter().map(|(key, value)| (key, value)))
        // Messages are read by programs and people alike: untranslated.
        .env("LC_ALL", "C.UTF-8")
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
    PgError::Program {
        message: format!("{name} failed"),
        detail: detail
            .chars()
            .filter(|letter| *letter == '\n' || !letter.is_control())
            .collect(),
        hint: "remedy what it says, then run the same command again".to_owned(),
    }
}

pub(crate) fn no_directory(error: &std::io::Error) -> PgError {
    nothing_temporary("cannot make a temporary directory", error)
}

pub(crate) fn no_file(error: &std::io::Error) -> PgError {
    nothing_temporary("cannot write a temporary file", error)
}

fn nothing_temporary(message: &str, error: &std::io::Error) -> PgError {
    PgError::Program {
        message: message.to_owned(),
        detail: error.to_string(),
        hint: "set TMPDIR to a directory that can be written".to_owned(),
    }
}
