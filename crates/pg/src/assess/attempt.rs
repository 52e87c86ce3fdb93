//! Trying something and taking it back: a savepoint inside a transaction that is rolled back.

use tokio_postgres::Client;
use transhume_core::{assess::capability::Attempt, sqlstate};

use crate::connection::error::PgError;

/// A lock that cannot be had at once is not worth holding up the application for.
const BEGIN: &str = "begin isolation level read committed read write; set local lock_timeout = '500ms'";

/// Opens the transaction that [`rolled_back`] ends.
pub(super) async fn begin(client: &Client) -> Result<(), PgError> {
    Ok(client.batch_execute(BEGIN).await?)
}

pub(super) async fn rolled_back(client: &Client) -> Result<(), PgError> {
    Ok(client.batch_execute("rollback").await?)
}

/// Runs `sql` and takes it back, whatever came of it.
pub(super) async fn attempt(client: &Client, sql: &str) -> Result<Attempt, PgError> {
    client.batch_execute("savepoint attempt").await?;
    let outcome = match client.batch_execute(sql).await.map_err(PgError::from) {
        Ok(()) => Attempt::Allowed,
        Err(error) => judge(error)?,
    };
    client
        .batch_execute("rollback to savepoint attempt; release savepoint attempt")
        .await?;
    Ok(outcome)
}

/// The same for a statement that nothing else is tried with: one round trip where it is allowed.
pub(super) async fn alone(client: &Client, sql: &str) -> Result<Attempt, PgError> {
    let all = format!("{BEGIN};\n{sql};\nrollback");
    match client.batch_execute(&all).await.map_err(PgError::from) {
        Ok(()) => Ok(Attempt::Allowed),
        Err(error) => {
            let outcome = judge(error)?;
            rolled_back(client).await?;
            Ok(outcome)
        }
    }
}

/// A refusal is an outcome; a broken connection, or a server that is stopping, is an error.
fn judge(error: PgError) -> Result<Attempt, PgError> {
    if error.sqlstate() == Some(sqlstate::LOCK_NOT_AVAILABLE) {
        return Ok(Attempt::NotTried);
    }
    match error.refusal() {
        Some(answer) => Ok(Attempt::Refused(answer.message.clone())),
        None => Err(error),
    }
}
