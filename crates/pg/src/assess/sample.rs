//! A sample of a move: rows of one table from the source into a table of the target, and an index on them, all of it rolled back.
//!
//! Owns its statements. Refuses to be more than a stopwatch: a type that the target may not have yet is moved as text, and
//! what the sample made is gone when its transaction ends.

use std::time::{Duration, Instant};

use tokio_postgres::Client;
use transhume_core::{
    assess::forecast::StreamSample,
    load::capacity::BuildMemory,
    table::{Column, Table},
};
use transhume_wire::ident::quote_identifier;

use crate::{
    connection::{error::PgError, raw::RawConnection},
    load::copy::{CopyMeter, CopyTotals, copy_through},
};

/// Of rows, to learn how many of them a second takes.
const FIRST_BYTES: f64 = 1024.0 * 1024.0;
/// What one copy of the sample shall take.
const SECONDS: f64 = 1.5;
/// What a row of a table is taken to have that was never analysed, in bytes.
const ROW_BYTES: f64 = 200.0;
/// A sample is not worth more of the source's time, or of the target's disk.
const MOST_BYTES: f64 = 256.0 * 1024.0 * 1024.0;
/// OIDs from here on are made by users or extensions.
const FIRST_USER_OID: u32 = 16_384;

/// What the indexes of these tables take, and the largest of them.
pub async fn index_bytes(source: &Client, tables: &[u32]) -> Result<(i64, i64), PgError> {
    let row = source
        .query_one(include_str!("sql/index_bytes.sql"), &[&tables])
        .await?;
    Ok((row.try_get("bytes")?, row.try_get("largest")?))
}

/// An index to build on the sample: its access method, and names of columns.
#[derive(Debug, Clone)]
pub struct SampledIndex {
    pub method: String,
    pub columns: Vec<String>,
}

/// The largest one of the table that can be built on a copy of its rows; none where there is no such.
pub async fn sampled_index(source: &Client, table: u32) -> Result<Option<SampledIndex>, PgError> {
    let row = source
        .query_opt(include_str!("sql/sampled_index.sql"), &[&table])
        .await?;
    row.map(|row| {
        Ok(SampledIndex {
            method: row.try_get("method")?,
            columns: row.try_get("names")?,
        })
    })
    .transpose()
}

/// One stream; `number` tells it from those beside it.
pub async fn stream(
    (source, target): (&mut RawConnection, &mut RawConnection),
    (table, built): (&Table, Option<&SampledIndex>),
    number: usize,
    memory: BuildMemory,
) -> Result<Option<StreamSample>, PgError> {
    let columns: Vec<&Column> = table.written_columns().collect();
    if columns.is_empty() {
        return Ok(None);
    }
    source
        .simple_query("begin isolation level repeatable read read only")
        .await?;
    let place = format!("transhume_sample_{number}.sample");
    target
        .simple_query(&making(number, &place, &columns, memory))
        .await?;
    let row_bytes = match table.rows_estimate {
        rows if rows > 0 => (float(table.bytes) / float(rows)).max(1.0),
        _ => ROW_BYTES,
    };
    let first = copy(source, target, (table, &place), &columns, FIRST_BYTES / row_bytes).await?;
    let rate = rows_of(first.0) / first.1.as_secs_f64().max(1e-6);
    let wanted = (rate * SECONDS).min(MOST_BYTES / row_bytes);
    let (totals, took) = if wanted > rows_of(first.0) {
        copy(source, target, (table, &place), &columns, wanted).await?
    } else {
        first
    };
    if totals.rows == 0 {
        return Ok(None);
    }
    let rows = rows_of(totals);
    let index = match built {
        Some(built) => index(target, &place, built).await?,
        None => None,
    };
    source.simple_query("rollback").await?;
    target.simple_query("rollback").await?;
    Ok(Some(StreamSample {
        bytes: rows * row_bytes,
        rows,
        copy_seconds: took.as_secs_f64().max(1e-6),
        index,
    }))
}

fn making(number: usize, place: &str, columns: &[&Column], memory: BuildMemory) -> String {
    let columns: Vec<String> = columns
        .iter()
        .map(|column| format!("{} {}", quote_identifier(&column.name), type_of(column)))
        .collect();
    format!(
        "begin; set local synchronous_commit to off; set local maintenance_work_mem to '{}kB'; \
         set local max_parallel_maintenance_workers to {}; create schema transhume_sample_{number}; create table {place} ({})",
        memory.maintenance_work_mem_kib,
        memory.max_parallel_maintenance_workers,
        columns.join(", ")
    )
}

fn is_built_in(column: &Column) -> bool {
    column.type_oid < FIRST_USER_OID
}

fn type_of(column: &Column) -> &str {
    if is_built_in(column) {
        &column.type_name
    } else {
        "text"
    }
}

/// Empties the table before, so that each copy is as the load's are.
async fn copy(
    source: &mut RawConnection,
    target: &mut RawConnection,
    (table, place): (&Table, &str),
    columns: &[&Column],
    rows: f64,
) -> Result<(CopyTotals, Duration), PgError> {
    target.simple_query(&format!("truncate {place}")).await?;
    let values: Vec<String> = columns
        .iter()
        .map(|column| {
            let name = quote_identifier(&column.name);
            if is_built_in(column) {
                name
            } else {
                format!("{name}::pg_catalog.text")
            }
        })
        .collect();
    let out = format!(
        "copy (select {} from only {} limit {rows:.0}) to stdout with (format binary)",
        values.join(", "),
        table.name
    );
    let into = format!("copy {place} from stdin with (format binary)");
    let began = Instant::now();
    let totals = copy_through(source, &out, target, &into, &CopyMeter::default(), None)
        .await
        .map_err(|error| error.error)?;
    Ok((totals, began.elapsed()))
}

/// None where the target cannot build it.
async fn index(
    target: &mut RawConnection,
    place: &str,
    built: &SampledIndex,
) -> Result<Option<(f64, f64)>, PgError> {
    let names: Vec<String> = built.columns.iter().map(|name| quote_identifier(name)).collect();
    target.simple_query("savepoint index").await?;
    let began = Instant::now();
    let made = format!(
        "create index sample_index on {place} using {} ({})",
        quote_identifier(&built.method),
        names.join(", ")
    );
    if target.simple_query(&made).await.is_err() {
        target.simple_query("rollback to savepoint index").await?;
        return Ok(None);
    }
    let took = began.elapsed().as_secs_f64().max(1e-6);
    let size = format!(
        "select pg_catalog.sum(pg_catalog.pg_relation_size(indexrelid)) from pg_catalog.pg_index where indrelid = '{place}'::pg_catalog.regclass"
    );
    let rows = target.simple_query(&size).await?;
    let bytes = rows.first().and_then(|row| row.first()?.as_ref()?.parse().ok());
    Ok(bytes.map(|bytes: f64| (bytes, took)))
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn rows_of(totals: CopyTotals) -> f64 {
    totals.rows as f64
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn float(number: i64) -> f64 {
    number as f64
}
