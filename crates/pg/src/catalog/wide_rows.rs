//! Rows that take more as text than a server can print.
//!
//! A value is copied in binary whatever its size, but the stream carries text, and bytes are printed as twice as many digits: a
//! walsender that meets such a row in the WAL fails there each time. Lengths are read from the rows themselves, never the
//! values, and only where a table keeps enough out of line. A look ends in time whatever there is to see.

use std::time::{Duration, Instant};

use transhume_core::{
    assess::observation::{WideRow, WideRows},
    sqlstate,
};
use transhume_wire::ident::{QualifiedName, quote_identifier};

use super::qualified_name;
use crate::connection::{error::PgError, session::Session};

/// Of a text or a message (`MaxAllocSize`), with room for what else a message holds.
pub const PRINTED_MOST_BYTES: i64 = (1 << 30) - (1 << 16);

/// For all tables together: an assessment is asked for by people.
const PATIENCE: Duration = Duration::from_secs(10);

/// A table that may hold such a row.
struct Candidate {
    table: QualifiedName,
    byte_columns: Vec<String>,
    text_columns: Vec<String>,
}

/// The widest row of each table where it takes more than so many bytes as text. The session's statements have no limit of
/// their own, before and after.
pub async fn wide_rows(session: &Session, most_bytes: i64) -> Result<WideRows, PgError> {
    let rows = session
        .query(include_str!("sql/wide_tables.sql"), &[&most_bytes])
        .await?;
    let mut found = WideRows::default();
    let end = Instant::now() + PATIENCE;
    for row in &rows {
        let candidate = Candidate {
            table: qualified_name(row, "table_name")?,
            byte_columns: row.try_get("byte_columns")?,
            text_columns: row.try_get("text_columns")?,
        };
        match widest(session, &candidate, end).await? {
            Some(bytes) if bytes > most_bytes => found.found.push(WideRow {
                table: candidate.table,
                bytes: bytes.unsigned_abs(),
            }),
            Some(_) => {}
            None => found.unseen.push(candidate.table),
        }
    }
    if !rows.is_empty() {
        session.batch_execute("set statement_timeout = 0").await?;
    }
    Ok(found)
}

/// None where the time is up, or the table may not be read.
async fn widest(session: &Session, candidate: &Candidate, end: Instant) -> Result<Option<i64>, PgError> {
    let left = end.saturating_duration_since(Instant::now()).as_millis();
    if left == 0 {
        return Ok(None);
    }
    let length = |column: &String, times: i64| {
        format!(
            // Written so, all operators bind alike.
            "({times}::pg_catalog.int8 operator(pg_catalog.*) coalesce(pg_catalog.octet_length({}), 0))",
            quote_identifier(column)
        )
    };
    let bytes = candidate.byte_columns.iter().map(|column| length(column, 2));
    let texts = candidate.text_columns.iter().map(|column| length(column, 1));
    let row = bytes
        .chain(texts)
        .collect::<Vec<_>>()
        .join(" operator(pg_catalog.+) ");
    let asked = format!(
        "select coalesce(pg_catalog.max({row}), 0) from only {}",
        candidate.table
    );
    session
        .batch_execute(&format!("set statement_timeout = {left}"))
        .await?;
    match session.query_one(&asked, &[]).await.map_err(PgError::from) {
        Ok(row) => Ok(Some(row.try_get(0)?)),
        Err(error) if error.sqlstate() == Some(sqlstate::QUERY_CANCELED) || error.refusal().is_some() => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
