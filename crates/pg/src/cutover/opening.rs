//! The transaction that opens the target: it stays open while the source is being closed, and its
//! commit is the point of no return.

use transhume_wire::ident::QualifiedName;

use crate::connection::{error::PgError, session::Session};

/// How long a lock on the target may be waited for: the application is waiting too.
const LOCK_TIMEOUT_MILLISECONDS: u32 = 5_000;

/// Begins it and does everything that can still be rolled back, in one round trip. Its commit is durable whatever the
/// role's default is: nobody may find the target shut again after a crash.
pub async fn begin(target: &Session, statements: &[&str]) -> Result<(), PgError> {
    let begin = format!(
        "begin;\nset local lock_timeout = {LOCK_TIMEOUT_MILLISECONDS};\nset local synchronous_commit = on"
    );
    let all = statements.join(";\n");
    // Two messages of one flight: where nothing of the second can even be read, the transaction has begun all the same, and
    // what follows in it fails.
    match tokio::try_join!(biased; target.batch_execute(&begin), target.batch_execute(&all)) {
        Ok(_) => Ok(()),
        Err(error) => {
            roll_back(target).await?;
            Err(error.into())
        }
    }
}

pub async fn commit(target: &Session) -> Result<(), PgError> {
    Ok(target.batch_execute("commit").await?)
}

/// Harmless where no transaction is open.
pub async fn roll_back(target: &Session) -> Result<(), PgError> {
    Ok(target.batch_execute("rollback").await?)
}

/// Ends the session that was to commit and lost its client, if it still lives.
pub async fn end_lost_session(target: &Session, pid: i32) -> Result<(), PgError> {
    target
        .query(include_str!("sql/end_lost_session.sql"), &[&pid])
        .await?;
    Ok(())
}

/// The same for several; how many of them were still there.
pub async fn end_lost_sessions(session: &Session, pids: &[i32]) -> Result<i64, PgError> {
    if pids.is_empty() {
        return Ok(0);
    }
    let row = session
        .query_one(include_str!("sql/end_lost_sessions.sql"), &[&pids])
        .await?;
    Ok(row.get(0))
}

/// Brings a materialized view up to date with the tables beneath it.
pub async fn refresh(target: &Session, view: &QualifiedName) -> Result<(), PgError> {
    Ok(target
        .batch_execute(&format!("refresh materialized view {view}"))
        .await?)
}
