//! Positions of the source's WAL.

use transhume_wire::lsn::Lsn;

use crate::connection::{error::PgError, session::Session};

/// End of the WAL that is written out: everything the stream can deliver now is below it.
pub async fn flushed_end(source: &Session) -> Result<Lsn, PgError> {
    let row = source.query_one(include_str!("sql/wal_end.sql"), &[]).await?;
    Ok(row
        .get::<_, &str>(0)
        .parse()
        .expect("the server prints pg_lsn as X/Y"))
}

/// End of the WAL that is written at all: whatever a snapshot shows that was taken before is below it.
pub async fn inserted_end(source: &Session) -> Result<Lsn, PgError> {
    let row = source
        .query_one(include_str!("sql/wal_inserted.sql"), &[])
        .await?;
    Ok(row
        .get::<_, &str>(0)
        .parse()
        .expect("the server prints pg_lsn as X/Y"))
}

/// Takes a transaction id of its own, with its epoch: every transaction that is running now, or has ended,
/// has a lower one.
pub async fn assign_xid(source: &Session) -> Result<i64, PgError> {
    let row = source.query_one(include_str!("sql/assign_xid.sql"), &[]).await?;
    Ok(row.get(0))
}

/// The lowest transaction id, with its epoch, that no transaction has taken yet. Takes none itself.
pub async fn next_xid(source: &Session) -> Result<i64, PgError> {
    let row = source.query_one(include_str!("sql/next_xid.sql"), &[]).await?;
    Ok(row.get(0))
}
