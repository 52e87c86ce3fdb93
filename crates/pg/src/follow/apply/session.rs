//! The session that changes are written through.
//!
//! It pins what would make writing inexact or slow, over the settings that every session pins, and
//! verifies what matters.

use std::time::Duration;

use crate::{
    connection::{conninfo::ConnectionSettings, error::PgError, session::Session},
    wait::Wait,
};

/// A session that is told to end rolls back and is gone within milliseconds, seconds where a disk is slow.
const ENDING: Duration = Duration::from_secs(10);
const ENDING_POLL: Duration = Duration::from_millis(20);

/// Begins the transaction of a batch: nowhere else does this session run under read committed (`sql/session.sql`).
/// Not READ WRITE: a server that takes no writes any more is waited for.
pub(super) const BEGIN: &str = "begin isolation level read committed";
/// The same without the replica role: a deferrable key that the source swapped in one statement is changed row by row here.
pub(super) const BEGIN_DEFERRED: &str = "begin isolation level read committed; set constraints all deferred";

/// Holds in a transaction that [`BEGIN`] began. What is sent behind a BEGIN whose answer is not in must write nothing where
/// this is false: a BEGIN that is cancelled would leave each statement to commit by itself.
pub(super) const IN_BATCH: &str =
    "pg_catalog.current_setting('transaction_isolation') operator(pg_catalog.=) 'read committed'";

/// Begins a transaction of single statements, as a repair does.
pub async fn begin(session: &Session) -> Result<(), PgError> {
    Ok(session.batch_execute(BEGIN).await?)
}

/// What follows can be taken back alone.
pub async fn save(session: &Session) -> Result<(), PgError> {
    Ok(session.batch_execute("savepoint one_table").await?)
}

pub async fn back_to_saved(session: &Session) -> Result<(), PgError> {
    Ok(session
        .batch_execute("rollback to savepoint one_table; release savepoint one_table")
        .await?)
}

pub async fn commit(session: &Session) -> Result<(), PgError> {
    Ok(session.batch_execute("commit").await?)
}

/// Opens it. With `replica_role`, neither triggers nor foreign keys fire; without, the caller has set
/// them aside.
pub async fn open(
    settings: &ConnectionSettings,
    application_name: &str,
    replica_role: bool,
) -> Result<Session, PgError> {
    let session = Session::connect(settings, application_name).await?;
    session.batch_execute(include_str!("sql/session.sql")).await?;
    if replica_role {
        session
            .batch_execute(include_str!("sql/replica_role.sql"))
            .await?;
    }
    let wanted = if replica_role { "replica" } else { "origin" };
    let actual: String = session
        .query_one(include_str!("sql/show_role.sql"), &[])
        .await?
        .get(0);
    if actual == wanted {
        Ok(session)
    } else {
        Err(PgError::Setting {
            name: "session_replication_role".to_owned(),
            wanted: wanted.to_owned(),
            actual,
        })
    }
}

/// Ends sessions of these names that an earlier attempt has left on the server: their connections may be lost without its
/// knowing, and their locks would be waited for. Only who holds the runner's lock may do so. Over once they are gone, as a
/// server only tells them to end; false where some still live after a while.
pub async fn end_former(target: &Session, application_names: &[String]) -> Result<bool, PgError> {
    let wait = Wait::up_to(ENDING, ENDING_POLL);
    loop {
        let row = target
            .query_one(include_str!("sql/end_former.sql"), &[&application_names])
            .await?;
        let left: i64 = row.get(0);
        if left == 0 {
            return Ok(true);
        }
        if !wait.rest().await {
            return Ok(false);
        }
    }
}

/// Who keeps the apply session of this name waiting for a lock.
pub async fn blockers(target: &Session, application_name: &str) -> Result<Vec<String>, PgError> {
    let rows = target
        .query(include_str!("sql/blockers.sql"), &[&application_name])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
