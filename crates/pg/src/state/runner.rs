//! Who runs the migration: an advisory lock on the target decides, a row says who holds it.
//!
//! The lock lives as long as the session that took it, so a runner that dies frees it at once.

use crate::connection::{error::PgError, session::Session};

/// Who holds the migration, for people.
#[derive(Debug, Clone)]
pub struct Holder {
    pub host: String,
    pub pid: i32,
    pub since: String,
    pub waiting_for: String,
}

/// Two numbers that name an advisory lock: letters of what it is for.
type LockName = (i32, i32);

const RUNNER: LockName = (i32::from_be_bytes(*b"tran"), i32::from_be_bytes(*b"shum"));
const CUTOVER: LockName = (i32::from_be_bytes(*b"tran"), i32::from_be_bytes(*b"cuto"));

/// Takes the lock for as long as `target` lives; false when another runner holds it.
pub async fn try_lock(target: &Session) -> Result<bool, PgError> {
    ask(target, include_str!("sql/runner/try_lock.sql"), RUNNER).await
}

/// Some runner is alive, here or elsewhere.
pub async fn is_locked(target: &Session) -> Result<bool, PgError> {
    ask(target, include_str!("sql/runner/is_locked.sql"), RUNNER).await
}

/// Takes the lock that tells a cutover under way from one that died; held like the runner's.
pub async fn try_cutover_lock(target: &Session) -> Result<bool, PgError> {
    ask(target, include_str!("sql/runner/try_lock.sql"), CUTOVER).await
}

/// The process of a cutover is alive, here or elsewhere.
pub async fn is_cutover_alive(target: &Session) -> Result<bool, PgError> {
    ask(target, include_str!("sql/runner/is_locked.sql"), CUTOVER).await
}

async fn ask(target: &Session, query: &str, name: LockName) -> Result<bool, PgError> {
    let row = target.query_one(query, &[&name.0, &name.1]).await?;
    Ok(row.get(0))
}

/// Says that this process holds the lock now.
pub async fn register(target: &Session, host: &str) -> Result<(), PgError> {
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    target
        .execute(include_str!("sql/runner/register.sql"), &[&host, &pid])
        .await?;
    Ok(())
}

/// The last process that held it, whether it is alive or not.
pub async fn holder(target: &Session) -> Result<Option<Holder>, PgError> {
    let row = target
        .query_opt(include_str!("sql/runner/holder.sql"), &[])
        .await?;
    Ok(row.map(|row| Holder {
        host: row.get("host"),
        pid: row.get("pid"),
        since: row.get("since"),
        waiting_for: row.get("waiting_for"),
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

/// Writes it down; gives the table (its OID on the source) that the stream stands still for.
pub async fn retains(target: &Session, retention: Retention<'_>) -> Result<Option<u32>, PgError> {
    let row = target
        .query_opt(
            include_str!("sql/runner/retention.sql"),
            &[
                &retention.retained_bytes,
                &retention.limit_bytes,
                &retention.limited_by,
                &retention.bytes_per_second,
            ],
        )
        .await?;
    Ok(row.and_then(|row| row.get(0)))
}

/// The stream stands still before the next change of this table, or of none any more.
pub async fn stands_before(target: &Session, table: Option<u32>, reason: &str) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/runner/stands_before.sql"), &[&table, &reason])
        .await?;
    Ok(())
}
