//! Digest of a table: a row count and an order-free sum over its rows, the same on both sides
//! exactly when the rows are the same multiset (design §8).
//!
//! Each row's canonical text (columns in the order given, by name) is hashed with md5; the two
//! halves of the hashes are added up as exact numbers, so that neither order nor duplicates cancel.
//! md5 is fast and the same in every version; nobody attacks their own database here.

use transhume_core::table::Table;
use transhume_wire::ident::quote_identifier;

use crate::{error::PgError, session::Session, snapshot};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub rows: i64,
    /// Sums of the high and the low halves, as decimal numbers.
    sums: (String, String),
}

/// The query that digests `table`; it runs on either side.
pub fn query(table: &Table) -> String {
    let columns = table
        .columns
        .iter()
        .map(|column| quote_identifier(&column.name))
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        "select count(*), coalesce(sum(('x' || left(hash, 16))::bit(64)::bigint), 0)::text, \
         coalesce(sum(('x' || right(hash, 16))::bit(64)::bigint), 0)::text \
         from (select md5(row({columns})::text) as hash from only {}) as hashed",
        table.name
    )
}

/// Digests `table` under the named snapshot, in a transaction of its own: its lock on the table must not
/// keep the application waiting longer than this. None where the table was truncated or rewritten
/// since, which leaves older snapshots nothing to see.
pub async fn compute(
    session: &Session,
    snapshot_name: &str,
    table: &Table,
) -> Result<Option<Digest>, PgError> {
    snapshot::import(session, snapshot_name).await?;
    let row = session.query_one(&query(table), &[]).await?;
    let rewritten = session
        .query_opt(
            include_str!("sql/was_rewritten_by_name.sql"),
            &[&table.name.to_string()],
        )
        .await?;
    session.batch_execute("rollback").await?;
    let is_as_it_was = rewritten.is_some_and(|row| !row.get::<_, bool>(0));
    Ok(is_as_it_was.then(|| Digest {
        rows: row.get(0),
        sums: (row.get(1), row.get(2)),
    }))
}
