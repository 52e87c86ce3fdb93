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
    load::{PartSize, capacity::BuildMemory},
    table::{Persistence, Table},
};
use transhume_pg::{
    assess::sample::{self, SampledIndex},
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
    tables.into_iter().cloned().collect()
}

/// What streams copy by themselves, as the load's plan has it: the largest ones first, and the bytes of the largest.
fn pieces(tables: &[Table], loaders: u32) -> (Vec<Table>, f64) {
    let bytes = |table: &Table| table.bytes.unsigned_abs();
    let size = PartSize::of_load(tables.iter().map(bytes).sum(), loaders);
    let most = loaders as usize;
    let largest = tables
        .iter()
        .map(|table| bytes(table) / size.parts(bytes(table)).max(1))
        .max();
    let parts = |table: &Table| {
        usize::try_from(size.parts(bytes(table)))
            .unwrap_or(most)
            .min(most)
    };
    let each = tables
        .iter()
        .flat_map(|table| std::iter::repeat_n(table, parts(table)));
    (
        each.take(most).cloned().collect(),
        float(largest.unwrap_or_default()),
    )
}

async fn taken(endpoints: &Endpoints, observed: &Observed, tables: &[Table]) -> Result<Option<MoveForecast>> {
    let (source, target) = endpoints.sessions("assess", ROLE).await?;
    let (counts, memory) = load::worker_counts(&LoadOptions::default(), &source, &target).await?;
    let began = Instant::now();
    let before = wal_end(&source, observed).await?;
    let mut streams = JoinSet::new();
    let (pieces, largest_piece_bytes) = pieces(tables, counts.loaders);
    for (number, table) in pieces.into_iter().enumerate() {
        let built = sample::sampled_index(&source, table.oid)
            .await
            .doing("choosing an index for the sample")?;
        streams.spawn(stream(endpoints.clone(), (table, built), number, memory));
    }
    let mut samples = Vec::new();
    while let Some(sample) = streams.join_next().await {
        samples.extend(sample.expect("a sample does not panic")?);
    }
    let written = wal_end(&source, observed).await?.bytes_since(before);
    let seconds = began.elapsed().as_secs_f64();
    let amount = Amount {
        wal_bytes_per_second: float(written) / seconds,
        largest_piece_bytes,
        ..amount(&source, observed).await?
    };
    Ok(MoveForecast::of(&amount, &samples))
}

async fn stream(
    endpoints: Endpoints,
    (table, built): (Table, Option<SampledIndex>),
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
    let sample = sample::stream(
        (&mut source, &mut target),
        (&table, built.as_ref()),
        number,
        memory,
    )
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
    let (index_bytes, largest_index_bytes) = sample::index_bytes(source, &oids)
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
        largest_piece_bytes: 0.0,
        index_bytes: float(index_bytes.unsigned_abs()),
        largest_index_bytes: float(largest_index_bytes.unsigned_abs()),
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
