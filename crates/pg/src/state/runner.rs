//! Who runs the migration, and who cuts it over: a row of `transhume.holder` decides.
//!
//! Whoever takes one of the two locks draws a key, takes the advisory lock of that key, and writes itself into the row; the
//! row's own lock lets one do so at a time. The lock is held while the row's backend has the advisory lock of the row's key.
//! So it is gone with its session, and only who may write the state can take it: an advisory lock by itself is open to
//! anybody who may connect, and nobody else's counts here.

use std::time::Duration;

use tokio_postgres::types::Type;
use transhume_core::command::Command;

use crate::connection::{error::PgError, session::Session};

/// Who holds the migration, for people.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Of the process; empty where it has not told yet.
    pub host: String,
    pub pid: i32,
    /// Of its session on this server.
    pub backend_pid: i32,
    /// Empty where the server does not let us see it.
    pub application: String,
    pub since: String,
    pub waiting_for: String,
}

const RUNNER: &str = "runner";
const CUTOVER: &str = "cutover";

/// Takes the lock for as long as `target` lives; false when another runner holds it.
pub async fn try_lock(target: &Session) -> Result<bool, PgError> {
    take(target, RUNNER).await
}

/// Some runner is alive, here or elsewhere.
pub async fn is_locked(target: &Session) -> Result<bool, PgError> {
    is_held(target, RUNNER).await
}

/// Takes the lock that tells a cutover under way from one that died; held like the runner's.
pub async fn try_cutover_lock(target: &Session) -> Result<bool, PgError> {
    take(target, CUTOVER).await
}

/// The process of a cutover is alive, here or elsewhere.
pub async fn is_cutover_alive(target: &Session) -> Result<bool, PgError> {
    is_held(target, CUTOVER).await
}

async fn take(target: &Session, name: &str) -> Result<bool, PgError> {
    let drawn = target
        .query_typed_one(include_str!("sql/runner/draw_key.sql"), &[])
        .await?;
    let key: i64 = drawn.get("key");
    if !drawn.get::<_, bool>("is_taken") {
        // Somebody has a key of which there are 2^60: the next try draws another one.
        return Ok(false);
    }
    let taken = target
        .execute_typed(
            include_str!("sql/runner/take.sql"),
            &[(&name, Type::TEXT), (&key, Type::INT8)],
        )
        .await?;
    if taken == 0 {
        target
            .execute(include_str!("sql/runner/give_back_key.sql"), &[&key])
            .await?;
    }
    Ok(taken == 1)
}

async fn is_held(target: &Session, name: &str) -> Result<bool, PgError> {
    let row = target
        .query_one(include_str!("sql/runner/is_held.sql"), &[&name])
        .await?;
    Ok(row.get(0))
}

/// Says that this process holds the lock now.
pub async fn register(target: &Session, host: &str) -> Result<(), PgError> {
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    target
        .execute_typed(
            include_str!("sql/runner/register.sql"),
            &[
                (&host, Type::TEXT),
                (&pid, Type::INT4),
                (&Command::Stop.name(), Type::TEXT),
            ],
        )
        .await?;
    Ok(())
}

/// Who holds the runner's lock now; none where nobody does.
pub async fn holder(target: &Session) -> Result<Option<Holder>, PgError> {
    let row = target
        .query_opt(include_str!("sql/runner/holder.sql"), &[])
        .await?;
    Ok(row.map(|row| Holder {
        host: row.get("host"),
        pid: row.get("pid"),
        backend_pid: row.get("backend_pid"),
        application: row.get("application"),
        since: row.get("since"),
        waiting_for: row.get("waiting_for"),
    }))
}

/// A holder whose session was ended, since its process gave no sign of life any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub host: String,
    pub pid: i32,
    /// Its session on this server.
    pub backend_pid: i32,
    pub silent_seconds: i64,
}

/// A sign of life of this process, where it is the one that registered last.
pub async fn beat(target: &Session, host: &str) -> Result<(), PgError> {
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    target
        .execute(include_str!("sql/runner/beat.sql"), &[&host, &pid])
        .await?;
    Ok(())
}

/// The last sign of life, in the server's words; it changes with each.
pub async fn last_sign(target: &Session) -> Result<Option<String>, PgError> {
    let row = target
        .query_opt(include_str!("sql/runner/last_sign.sql"), &[])
        .await?;
    Ok(row.map(|row| row.get(0)))
}

/// Ends the holder's session where its process has been silent for so long: cut off from this server, it leaves a session
/// that the server takes for alive. A session that this process itself has lost is ended once it has not beaten for
/// `own_for`.
pub async fn end_silent(
    target: &Session,
    (silent_for, own_for): (Duration, Duration),
    host: &str,
) -> Result<Option<Ended>, PgError> {
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    let row = target
        .query_opt(
            include_str!("sql/runner/end_silent.sql"),
            &[&silent_for.as_secs_f64(), &host, &pid, &own_for.as_secs_f64()],
        )
        .await?;
    Ok(row.map(|row| Ended {
        host: row.get("host"),
        pid: row.get("process"),
        backend_pid: row.get("backend_pid"),
        silent_seconds: row.get("silent_seconds"),
    }))
}

/// Says what the runner waits for; the next report of its progress takes it back.
pub async fn waits(target: &Session, reason: &str) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/runner/waits.sql"), &[&reason])
        .await?;
    Ok(())
}

/// What the slot keeps on the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention<'setting> {
    pub retained_bytes: Option<i64>,
    pub limit_bytes: Option<i64>,
    /// The setting that limits it; empty where nobody does.
    pub limited_by: &'setting str,
    pub bytes_per_second: i64,
}

/// What the target says when it is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TargetNow {
    /// The table (its OID on the source) that the stream stands still for.
    pub stands_before: Option<u32>,
    /// One of the sessions that apply has begun or ended a statement a moment ago.
    pub is_applying: bool,
}

/// Writes it down; `appliers` are the names of the sessions that apply, and `within` how long ago counts as a moment.
pub async fn retains(
    target: &Session,
    retention: Retention<'_>,
    (appliers, within): (&[String], Duration),
) -> Result<TargetNow, PgError> {
    let row = target
        .query_opt(
            include_str!("sql/runner/retention.sql"),
            &[
                &retention.retained_bytes,
                &retention.limit_bytes,
                &retention.limited_by,
                &retention.bytes_per_second,
                &appliers,
                &within.as_secs_f64(),
            ],
        )
        .await?;
    Ok(row.map_or_else(TargetNow::default, |row| TargetNow {
        stands_before: row.get("stands_before"),
        is_applying: row.get("is_applying"),
    }))
}

/// The stream stands still before the next change of this table, or of none any more.
pub async fn stands_before(target: &Session, table: Option<u32>, reason: &str) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/runner/stands_before.sql"), &[&table, &reason])
        .await?;
    Ok(())
}
