//! The sample that a forecast of the move rests on: some seconds of copying and building on both sides, all of it rolled back.
//!
//! Refuses to stand in the way: where it cannot be taken, that is told and there is no forecast.

use std::time::Instant;

use tokio::task::JoinSet;
use transhume_core::{
    assess::{
        forecast::{Amount, MoveForecast, StreamSample},
        observation::Observed,
    },
    load::capacity::BuildMemory,
    table::{Persistence, Table},
};
use transhume_pg::{
    assess::sample,
    connection::{
        names,
        raw::{Mode, RawConnection},
        session::Session,
    },
    follow::wal,
};
use transhume_wire::lsn::Lsn;

use crate::{
    endpoints::Endpoints,
    error::{Doing, Result},
    load::{self, LoadOptions},
    report::Reporter,
};

/// Below it a move takes seconds, and a sample of it would be most of it.
const SMALLEST_BYTES: i64 = 32 * 1024 * 1024;
/// A table much smaller than the largest says little of the rate.
const SMALLEST_SHARE: i64 = 16;
/// Role of our sessions, as in `application_name`.
const ROLE: &str = "sample";

/// None where there is little to move, or the sample could not be taken.
pub(super) async fn forecast(
    endpoints: &Endpoints,
    observed: &Observed,
    reporter: &Reporter,
) -> Option<MoveForecast> {
    let tables = sampled(observed);
    if tables.is_empty() {
        return None;
    }
    match Box::pin(taken(endpoints, observed, &tables)).await {
        Ok(forecast) => forecast,
        Err(error) => {
            reporter.step(format!("no forecast of the move: the sample failed: {error}"));
            None
        }
    }
}

/// The largest tables, the largest first; none where all of them are small.
fn sampled(observed: &Observed) -> Vec<Table> {
    let mut tables: Vec<&Table> = observed
        .selected_with_rows()
        .filter(|table| table.persistence == Persistence::Permanent && table.bytes > 0)
        .collect();
    if tables.iter().map(|table| table.bytes).sum::<i64>() < SMALLEST_BYTES {
        return Vec::new();
    }
    tables.sort_by_key(|table| std::cmp::Reverse(table.bytes));
    let smallest = tables[0].bytes / SMALLEST_SHARE;
    let large = tables.into_iter().filter(|table| table.bytes >= smallest);
    large.cloned().collect()
}

async fn taken(endpoints: &Endpoints, observed: &Observed, tables: &[Table]) -> Result<Option<MoveForecast>> {
    let (source, target) = endpoints.sessions("assess", ROLE).await?;
    let (counts, memory) = load::worker_counts(&LoadOptions::default(), &source, &target).await?;
    let began = Instant::now();
    let before = wal_end(&source, observed).await?;
    let mut streams = JoinSet::new();
    // As the load does: a table that is much larger than others is copied by several at once.
    let each = tables.iter().cycle().take(counts.loaders as usize).cloned();
    for (number, table) in each.enumerate() {
        streams.spawn(stream(endpoints.clone(), table, number, memory));
    }
    let mut samples = Vec::new();
    while let Some(sample) = streams.join_next().await {
        samples.extend(sample.expect("a sample does not panic")?);
    }
    let written = wal_end(&source, observed).await?.bytes_since(before);
    let seconds = began.elapsed().as_secs_f64();
    let amount = Amount {
        wal_bytes_per_second: float(written) / seconds,
        ..amount(&source, observed).await?
    };
    Ok(MoveForecast::of(&amount, &samples))
}

async fn stream(
    endpoints: Endpoints,
    table: Table,
    number: usize,
    memory: BuildMemory,
) -> Result<Option<StreamSample>> {
    let name = names::application_name("assess", ROLE);
    let doing = "taking a sample of the move";
    let (source, target) = tokio::try_join!(
        RawConnection::connect(&endpoints.source, &name, Mode::Sql),
        RawConnection::connect(&endpoints.target, &name, Mode::Sql)
    )
    .doing(doing)?;
    let (mut source, mut target) = (source, target);
    let sample = sample::stream((&mut source, &mut target), &table, number, memory)
        .await
        .doing(doing);
    source.close().await;
    target.close().await;
    sample
}

async fn wal_end(source: &Session, observed: &Observed) -> Result<Lsn> {
    if observed.source.capabilities.in_recovery {
        return Ok(Lsn::ZERO);
    }
    wal::inserted_end(source)
        .await
        .doing("reading the source's WAL position")
}

async fn amount(source: &Session, observed: &Observed) -> Result<Amount> {
    let tables: Vec<&Table> = observed.selected_with_rows().collect();
    let oids: Vec<u32> = tables.iter().map(|table| table.oid).collect();
    let index_bytes = sample::index_bytes(source, &oids)
        .await
        .doing("reading the size of the source's indexes")?;
    let rows = tables
        .iter()
        .map(|table| table.rows_estimate)
        .max()
        .unwrap_or_default();
    let limit = observed.source.capabilities.number("max_slot_wal_keep_size");
    let sum: i64 = tables.iter().map(|table| table.bytes).sum();
    Ok(Amount {
        table_bytes: float(sum.unsigned_abs()),
        index_bytes: float(index_bytes.unsigned_abs()),
        rows_at_most: float(rows.max(0).unsigned_abs()),
        wal_bytes_per_second: 0.0,
        wal_limit_bytes: limit
            .and_then(|megabytes| u64::try_from(megabytes).ok())
            .map(|megabytes| float(megabytes << 20)),
    })
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn float(number: u64) -> f64 {
    number as f64
}
