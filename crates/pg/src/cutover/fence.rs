//! The fence: one transaction on the source that no writer passes (design §9).
//!
//! It locks every table of the selection against writing and every sequence against nextval, for
//! every role, in old and new sessions; readers pass. Dropping it, or rolling it back, leaves no
//! trace. [`Fence::close`] turns it into lasting grants and settings before the locks go, so that
//! whoever waited wakes up to a refusal.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;
use tokio_postgres::types::Type;
use transhume_wire::ident::quote_identifier;

use super::lock_order::LockOrder;
use crate::{
    connection::{error::PgError, session::Session},
    state::undo::{self, Undo},
    wait::Wait,
};

/// The gentle half of a fence: locks that stop whatever the strong ones would have to wait for long, and no writer.
///
/// VACUUM, CREATE INDEX and changes of the schema wait behind it, and an autovacuum gives way once it has stood in the
/// way for `deadlock_timeout`: waiting for all that costs the application nothing.
#[derive(Debug)]
pub struct Approach(Session);

/// How long the gentle locks may be waited for: autovacuum gives way after `deadlock_timeout`, 1 s by default.
const GENTLE_TIMEOUT_MILLISECONDS: u32 = 3_000;

/// A session that was told to end does so within a millisecond or two, and one begins within as many and its client's ways;
/// one that rolls much back is not waited for, since it commits no more.
const ENDING_PATIENCE: Duration = Duration::from_secs(2);
const ENDING_POLL: Duration = Duration::from_millis(1);

/// An open fence. The locks are held while this lives.
#[derive(Debug)]
pub struct Fence {
    session: Session,
}

impl Approach {
    /// Locks everything or nothing: when a lock is not had within `lock_timeout`, the transaction is
    /// rolled back, so that writers wait no longer than that.
    pub async fn raise(
        self,
        order: &mut LockOrder,
        lock_timeout: Duration,
    ) -> Result<Fence, (Session, PgError)> {
        match lock_all(&self.0, order, lock_timeout).await {
            Ok(()) => Ok(Fence { session: self.0 }),
            Err(error) => Err(rolled_back(self.0, error).await),
        }
    }

    /// Ends it without a trace.
    pub async fn lower(self) -> Result<Session, PgError> {
        self.0.batch_execute("rollback").await?;
        Ok(self.0)
    }
}

/// The session without the transaction in which something failed.
async fn rolled_back(session: Session, error: PgError) -> (Session, PgError) {
    match session.batch_execute("rollback").await {
        Ok(()) => (session, error),
        Err(lost) => (session, lost.into()),
    }
}

impl Fence {
    /// Begins the fence's transaction with its gentle locks.
    pub async fn approach(session: Session, order: &LockOrder) -> Result<Approach, (Session, PgError)> {
        let begin = format!(
            // Read write, whatever the database's default has become. The marker and the closing need not
            // wait for a synchronous standby.
            "begin isolation level read committed read write; set local lock_timeout = {GENTLE_TIMEOUT_MILLISECONDS}; \
             set local synchronous_commit = local; {}",
            order.gentle()
        );
        match session.batch_execute(&begin).await {
            Ok(()) => Ok(Approach(session)),
            Err(error) => Err(rolled_back(session, error.into()).await),
        }
    }

    /// The session that holds the locks, to read what no one can change now.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Ends the fence without a trace.
    pub async fn lower(self) -> Result<Session, PgError> {
        self.session.batch_execute("rollback").await?;
        Ok(self.session)
    }

    /// Takes the write grants away inside the fence's transaction: nobody sees it before [`Self::close`].
    pub async fn revoke(&self, statements: &[String]) -> Result<(), PgError> {
        Ok(self.session.batch_execute(&statements.join(";\n")).await?)
    }

    /// Of its transaction, as the stream names it.
    pub async fn xid(&self) -> Result<u32, PgError> {
        let row = self
            .session
            .query_typed_one("select (pg_catalog.txid_current() & 4294967295)::bigint", &[])
            .await?;
        Ok(u32::try_from(row.get::<_, i64>(0)).expect("invariant: 32 bits"))
    }

    /// Lets the locks go and leaves what was revoked in force.
    pub async fn close(self) -> Result<Session, PgError> {
        self.session.batch_execute("commit").await?;
        Ok(self.session)
    }
}

/// Sends all statements at once; the first that fails is the one that had to wait.
async fn lock_all(session: &Session, order: &mut LockOrder, lock_timeout: Duration) -> Result<(), PgError> {
    let bound = format!("set local lock_timeout = {}", lock_timeout.as_millis());
    let statements: Vec<String> = std::iter::once(bound).chain(order.strong()).collect();
    let locking = statements
        .iter()
        .map(|statement| session.batch_execute(statement));
    let outcomes = join_all(locking).await;
    match outcomes
        .into_iter()
        .enumerate()
        .find(|(_, outcome)| outcome.is_err())
    {
        None => Ok(()),
        Some((place, outcome)) => {
            // The first statement only sets the bound.
            order.promote(place.saturating_sub(1));
            Ok(outcome?)
        }
    }
}

/// The sessions that the fence leaves alone: known by their processes, whatever others call themselves.
#[derive(Debug)]
pub struct OwnSessions<'a> {
    /// Processes of the cutover's own sessions.
    pub pids: &'a [i32],
    /// Whoever streams from it.
    pub slot: &'a str,
}

/// What became of the sessions of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedSessions {
    pub ended: i64,
    /// They could not be, for want of rights.
    pub refused: i64,
}

/// Ends everybody else who is connected to the database and may be ended, so that a statement which
/// waits at the fence does not go on after it. Clients, walsenders,
/// which run SQL too, and background workers; a runner's other sessions come again by themselves.
///
/// A session ends when it comes to it, and may commit until then (a large object, which no lock holds up): it is waited for
/// until it is gone. One that is just beginning may have read the settings of the database before they made it read-only,
/// and is not listed yet: it is waited for until it is, and ended then.
pub async fn end_other_sessions(session: &Session, own: &OwnSessions<'_>) -> Result<EndedSessions, PgError> {
    let wait = Wait::up_to(ENDING_PATIENCE, ENDING_POLL);
    // In this order: whoever is no newcomer any more is among those that are ended.
    let (mut awaited, first) =
        tokio::try_join!(biased; newcomers(session), end_sessions(session, own, None))?;
    let (mut ended, refused) = first;
    let mut all_ended: HashSet<i32> = ended.iter().copied().collect();
    // Those who come later find the database read-only.
    while !(awaited.is_empty() && ended.is_empty()) && wait.rest().await {
        let these: Vec<i32> = all_ended.union(&awaited).copied().collect();
        let again = end_sessions(session, own, Some(&these));
        let (newcomers, (still, _)) = tokio::try_join!(biased; newcomers(session), again)?;
        awaited = &awaited & &newcomers;
        all_ended.extend(&still);
        ended = still;
    }
    Ok(EndedSessions {
        ended: i64::try_from(all_ended.len()).unwrap_or(i64::MAX),
        refused,
    })
}

/// Tells all sessions to end, or these alone: which were told, and how many may not be.
async fn end_sessions(
    session: &Session,
    own: &OwnSessions<'_>,
    these: Option<&[i32]>,
) -> Result<(Vec<i32>, i64), PgError> {
    let row = session
        .query_typed_one(
            include_str!("sql/end_other_sessions.sql"),
            &[
                (&these, Type::INT4_ARRAY),
                (&own.pids, Type::INT4_ARRAY),
                (&own.slot, Type::TEXT),
            ],
        )
        .await?;
    Ok((row.get("ended"), row.get("refused")))
}

async fn newcomers(session: &Session) -> Result<HashSet<i32>, PgError> {
    let rows = session
        .query_typed(include_str!("sql/newcomers.sql"), &[])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The statement that makes new sessions of the database read-only by default, and its undoing; none
/// where this role does not own the database.
pub async fn read_only_statements(session: &Session) -> Result<Option<(String, Undo)>, PgError> {
    let row = session
        .query_one(include_str!("sql/database_ownership.sql"), &[])
        .await?;
    let database: String = row.try_get("name")?;
    let is_owner: bool = row.try_get("is_owner")?;
    Ok(is_owner.then(|| {
        let quoted = quote_identifier(&database);
        (
            format!("alter database {quoted} set default_transaction_read_only = on"),
            Undo::ResetReadOnly { database },
        )
    }))
}

/// Runs one statement, which may not wait for somebody else's lock: writers wait meanwhile.
pub async fn run_briefly(session: &Session, statement: &str) -> Result<(), PgError> {
    let bound = format!("set local lock_timeout = {GENTLE_TIMEOUT_MILLISECONDS}");
    run_all(session, &[bound, statement.to_owned()]).await
}

/// Undoes in one transaction.
pub async fn undo_all(session: &Session, undo: &[Undo]) -> Result<(), PgError> {
    run_all(session, &undo::statements(undo)).await
}

/// Runs statements in one transaction and one round trip, read-write whatever the database's default has become.
pub async fn run_all(session: &Session, statements: &[String]) -> Result<(), PgError> {
    let all = format!("begin read write;\n{};\ncommit", statements.join(";\n"));
    match session.batch_execute(&all).await {
        Ok(()) => Ok(()),
        Err(error) => {
            session.batch_execute("rollback").await?;
            Err(error.into())
        }
    }
}
