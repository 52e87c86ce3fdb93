//! What a materialized view holds, as a digest that neither order nor versions change.

use crate::connection::{error::PgError, session::Session};

/// Rows and the sum of their hashes; duplicates count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    pub rows: i64,
    sum: String,
}

/// `view` and `columns` quoted; the columns in the same order on both sides.
pub async fn contents(session: &Session, view: &str, columns: &[String]) -> Result<Contents, PgError> {
    // A hash of text under the collation "C" is the same on every server.
    let query = format!(
        "select pg_catalog.count(*), coalesce(pg_catalog.sum(pg_catalog.hashtextextended(\
         row({})::pg_catalog.text collate \"C\", 0)), 0)::pg_catalog.text from {view}",
        columns.join(", ")
    );
    let row = session.query_one(&query, &[]).await?;
    Ok(Contents {
        rows: row.try_get(0)?,
        sum: row.try_get(1)?,
    })
}
