//! Trying statements on the target in a transaction that is rolled back whatever comes of it.
//!
//! Invariants: nothing is ever committed; a lock that somebody holds is not waited for longer than
//! [`LOCK_TIMEOUT`], so that nobody queues behind us; what a refused statement did is undone before the next.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio_postgres::Client;
use transhume_core::sqlstate;

use crate::connection::error::{PgError, ServerError};

/// A lock that cannot be had at once is not worth holding up others for; a statement that takes longer than the
/// other makes rows, not a definition.
const BEGIN: &str = "begin isolation level read committed read write; \
    set local lock_timeout = '500ms'; set local statement_timeout = '10s'";

const LOCK_ROOM: &str = include_str!("sql/lock_room.sql");

/// Statements under way at once: hides the round trip.
const PIPELINED: usize = 64;

/// How several statements ended.
#[derive(Debug)]
pub enum Attempted {
    All,
    /// The first that was refused; none of them took effect.
    Refused(usize, ServerError),
    /// The server ended the session over this one, as some libraries do that must be preloaded.
    SessionEnded(usize, ServerError),
    /// The server's lock table is full.
    OutOfLocks,
}

/// An open transaction. Dropped without [`Self::roll_back`], it ends with its session.
#[derive(Debug)]
pub struct Trial<'a> {
    target: &'a Client,
}

impl<'a> Trial<'a> {
    /// `prologue`: session settings that what is tried rests on; they go with the transaction.
    pub async fn begin(target: &'a Client, prologue: &str) -> Result<Self, PgError> {
        target.batch_execute(BEGIN).await?;
        target.batch_execute(prologue).await?;
        Ok(Self { target })
    }

    /// Runs all statements, or none where one is refused.
    pub async fn attempt(&self, statements: &[&str]) -> Result<Attempted, PgError> {
        self.target.batch_execute("savepoint trial").await?;
        let failed = self.first_failure(statements).await;
        let Err((number, error)) = failed else {
            self.target.batch_execute("release savepoint trial").await?;
            return Ok(Attempted::All);
        };
        let answer = match &error {
            PgError::Server(answer) => (**answer).clone(),
            _ => return Err(error),
        };
        if self.target.is_closed() {
            return match error.refusal() {
                Some(_) => Ok(Attempted::SessionEnded(number, answer)),
                None => Err(error),
            };
        }
        self.target
            .batch_execute("rollback to savepoint trial; release savepoint trial")
            .await?;
        match answer.sqlstate.as_str() {
            sqlstate::OUT_OF_MEMORY => Ok(Attempted::OutOfLocks),
            // Our own time-outs are about the statement.
            sqlstate::LOCK_NOT_AVAILABLE | sqlstate::QUERY_CANCELED => Ok(Attempted::Refused(number, answer)),
            _ if error.refusal().is_some() => Ok(Attempted::Refused(number, answer)),
            _ => Err(error),
        }
    }

    /// Settings between what is tried; they cannot be refused.
    pub async fn set(&self, settings: &str) -> Result<(), PgError> {
        Ok(self.target.batch_execute(settings).await?)
    }

    pub async fn roll_back(self) -> Result<(), PgError> {
        Ok(self.target.batch_execute("rollback").await?)
    }

    async fn first_failure(&self, statements: &[&str]) -> Result<(), (usize, PgError)> {
        let target = self.target;
        // The first error in order is the cause: all later ones fail in the aborted transaction.
        stream::iter(statements.iter().enumerate())
            .map(|(number, statement)| async move {
                let outcome = target.batch_execute(statement).await;
                outcome.map_err(|error| (number, error.into()))
            })
            .buffered(PIPELINED)
            .try_collect()
            .await
    }
}

/// Locks that may be taken without harm to others: half of those that are free now.
pub async fn lock_room(target: &Client) -> Result<u64, PgError> {
    let row = target.query_one(LOCK_ROOM, &[]).await?;
    let free: i64 = row.try_get("free")?;
    Ok(u64::try_from(free / 2).unwrap_or(0))
}
