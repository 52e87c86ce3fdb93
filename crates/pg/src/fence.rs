//! The fence: one transaction on the source that no writer passes (design §9).
//!
//! It locks every table of the selection against writing and every sequence against nextval, for
//! every role, in old and new sessions; readers pass. Dropping it, or rolling it back, leaves no
//! trace. [`Fence::close`] turns it into lasting grants and settings before the locks go, so that
//! whoever waited wakes up to a refusal.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use transhume_core::{sequence::Sequence, table::Table};
use transhume_wire::ident::{QualifiedName, quote_identifier};

use crate::{error::PgError, session::Session};

/// An open fence. The locks are held while this lives.
#[derive(Debug)]
pub struct Fence {
    session: Session,
    /// When the first lock was asked for: writers may wait since then.
    pub since: Instant,
}

/// A grant of writing on a table that the fence takes away for good.
#[derive(Debug, Clone)]
pub struct WriteGrant {
    pub table: QualifiedName,
    /// Quoted, or the word `public`.
    grantee: String,
    privileges: String,
    grantable: bool,
}

impl WriteGrant {
    pub fn revoke_statement(&self) -> String {
        format!(
            "revoke {} on table {} from {}",
            self.privileges, self.table, self.grantee
        )
    }

    pub fn restore_statement(&self) -> String {
        let option = if self.grantable { " with grant option" } else { "" };
        format!(
            "grant {} on table {} to {}{option}",
            self.privileges, self.table, self.grantee
        )
    }
}

/// The locks of a fence, one statement each, in the order in which they are asked for.
///
/// A writer that holds one table and waits for another, which the fence holds already, would make
/// both wait in vain. Whatever a try had to wait for is asked for first by the next: the order comes
/// to be the application's own.
#[derive(Debug, Clone)]
pub struct LockOrder(Vec<String>);

impl LockOrder {
    pub fn new(tables: &[Table], sequences: &[Sequence]) -> Self {
        let of_tables = tables
            .iter()
            .map(|table| format!("lock table only {} in share row exclusive mode", table.name));
        // LOCK cannot name a sequence; an ALTER that changes nothing takes the lock that nextval waits for.
        let of_sequences = sequences.iter().map(|sequence| {
            format!(
                "alter sequence {} increment by {}",
                sequence.name, sequence.increment
            )
        });
        Self(of_tables.chain(of_sequences).collect())
    }

    fn promote(&mut self, place: usize) {
        self.0[..=place].rotate_right(1);
    }
}

impl Fence {
    /// Locks everything or nothing: when a lock is not had within `lock_timeout`, the transaction is
    /// rolled back, so that writers wait no longer than that.
    pub async fn raise(
        session: Session,
        order: &mut LockOrder,
        lock_timeout: Duration,
    ) -> Result<Self, (Session, PgError)> {
        let since = Instant::now();
        match lock_all(&session, order, lock_timeout).await {
            Ok(()) => Ok(Self { session, since }),
            Err(error) => match session.batch_execute("rollback").await {
                Ok(()) => Err((session, error)),
                Err(lost) => Err((session, lost.into())),
            },
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

    /// Lets the locks go and leaves what was revoked in force.
    pub async fn close(self) -> Result<Session, PgError> {
        self.session.batch_execute("commit").await?;
        Ok(self.session)
    }
}

/// Sends all statements at once; the first that fails is the one that had to wait.
async fn lock_all(session: &Session, order: &mut LockOrder, lock_timeout: Duration) -> Result<(), PgError> {
    let begin = format!(
        // Read write, whatever the database's default has become. The marker and the closing need not
        // wait for a synchronous standby.
        "begin isolation level read committed read write; set local lock_timeout = {}; \
         set local synchronous_commit = local",
        lock_timeout.as_millis()
    );
    session.batch_execute(&begin).await?;
    let locking = order.0.iter().map(|statement| session.batch_execute(statement));
    let outcomes = join_all(locking).await;
    match outcomes
        .into_iter()
        .enumerate()
        .find(|(_, outcome)| outcome.is_err())
    {
        None => Ok(()),
        Some((place, outcome)) => {
            order.promote(place);
            Ok(outcome?)
        }
    }
}

/// Every grant of writing on these tables, the owner's own included.
pub async fn write_grants(session: &Session, tables: &[Table]) -> Result<Vec<WriteGrant>, PgError> {
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let rows = session
        .query(include_str!("sql/write_grants.sql"), &[&oids])
        .await?;
    Ok(rows
        .iter()
        .map(|row| WriteGrant {
            table: QualifiedName::new(
                row.get::<_, String>("schema_name"),
                row.get::<_, String>("table_name"),
            ),
            grantee: row
                .get::<_, Option<String>>("grantee")
                .map_or_else(|| "public".to_owned(), |role| quote_identifier(&role)),
            privileges: row.get("privileges"),
            grantable: row.get("is_grantable"),
        })
        .collect())
}

/// Ends every other client session of the database that may be ended, so that a statement which
/// waits at the fence does not go on after it; returns how many were ended and how many could not.
pub async fn end_other_sessions(session: &Session) -> Result<(i64, i64), PgError> {
    let row = session
        .query_one(include_str!("sql/end_other_sessions.sql"), &[])
        .await?;
    Ok((row.get("ended"), row.get("refused")))
}

/// The statement that makes new sessions of the database read-only by default, and its undoing; none
/// where this role does not own the database.
pub async fn read_only_statements(session: &Session) -> Result<Option<(String, String)>, PgError> {
    let row = session
        .query_one(include_str!("sql/database_ownership.sql"), &[])
        .await?;
    let database = quote_identifier(row.try_get("name")?);
    let is_owner: bool = row.try_get("is_owner")?;
    Ok(is_owner.then(|| {
        (
            format!("alter database {database} set default_transaction_read_only = on"),
            format!("alter database {database} reset default_transaction_read_only"),
        )
    }))
}

/// Runs one statement on a session whose database may have become read-only by default.
pub async fn run(session: &Session, statement: &str) -> Result<(), PgError> {
    run_all(session, std::slice::from_ref(&statement.to_owned())).await
}

/// Runs statements in one transaction, read-write whatever the database's default has become.
pub async fn run_all(session: &Session, statements: &[String]) -> Result<(), PgError> {
    session.batch_execute("begin read write").await?;
    match session.batch_execute(&statements.join(";\n")).await {
        Ok(()) => Ok(session.batch_execute("commit").await?),
        Err(error) => {
            session.batch_execute("rollback").await?;
            Err(error.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_had_to_be_waited_for_is_asked_for_first_by_the_next_try() {
        let mut order = LockOrder(["a", "b", "c", "d"].map(str::to_owned).to_vec());
        order.promote(2);
        assert_eq!(order.0, ["c", "a", "b", "d"]);
    }
}
