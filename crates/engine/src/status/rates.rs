//! What the samples of the last minute say: rates, the parts of the latency, how long the load still takes.

use serde::Serialize;
use transhume_pg::{
    connection::session::Session,
    state::sample::{self, Sample},
};

use crate::error::{Doing, Result};

/// Seconds that rates are taken over: long enough to be calm, short enough to be now.
const OVER: f64 = 60.0;
/// A sample that is older says nothing of now: the runner writes one every five seconds.
const STALE: f64 = 20.0;
/// Seconds between two samples that a rate can be told from.
const SHORTEST: f64 = 2.0;

#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LatencyStatus {
    /// From the source's WAL to the runner.
    pub receive_seconds: f64,
    /// From the runner to the target.
    pub apply_seconds: f64,
    /// Since it was measured.
    pub age_seconds: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Rates {
    /// What they are taken over.
    pub over_seconds: f64,
    pub transactions_per_second: f64,
    pub changes_per_second: f64,
    /// What the source writes; null where it is unknown.
    pub source_wal_bytes_per_second: Option<f64>,
    /// What of it is applied.
    pub applied_wal_bytes_per_second: Option<f64>,
    pub rows_loaded_per_second: f64,
    pub bytes_loaded_per_second: f64,
    /// Of the load, from 0 to 1 by the source's sizes; null where nothing is loaded.
    pub load_share: Option<f64>,
    /// Of the load, at this rate; null where none is told.
    pub load_seconds_left: Option<f64>,
    /// Since the newest sample.
    pub age_seconds: f64,
}

/// Without a runner there is no rate, and what was is in the samples.
pub(super) async fn read(
    target: &Session,
    is_runner_alive: bool,
) -> Result<(Option<LatencyStatus>, Option<Rates>)> {
    let samples = sample::since(target, OVER + STALE)
        .await
        .doing("reading the latest samples")?;
    Ok(match samples.last() {
        Some(newest) if is_runner_alive && newest.age_seconds <= STALE => (latency(newest), rates(&samples)),
        _ => (None, None),
    })
}

fn latency(newest: &Sample) -> Option<LatencyStatus> {
    Some(LatencyStatus {
        receive_seconds: newest.receive_seconds?,
        apply_seconds: newest.apply_seconds?,
        age_seconds: newest.age_seconds,
    })
}

/// Between the newest and the oldest of the last minute.
fn rates(samples: &[Sample]) -> Option<Rates> {
    let newest = samples.last()?;
    let oldest = samples.iter().find(|sample| newest.at - sample.at <= OVER)?;
    let over = newest.at - oldest.at;
    if over < SHORTEST {
        return None;
    }
    // Never below zero: what is loaded anew is taken off.
    let per_second = |from: i64, to: i64| (to.saturating_sub(from)).max(0) as f64 / over;
    let positions = |from: Option<i64>, to: Option<i64>| Some(per_second(from?, to?));
    let share = newest.load_share;
    let pace = share
        .zip(oldest.load_share)
        .map(|(now, then)| (now - then) / over)
        .filter(|pace| *pace > 0.0);
    Some(Rates {
        over_seconds: over,
        transactions_per_second: per_second(oldest.transactions, newest.transactions),
        changes_per_second: per_second(oldest.changes, newest.changes),
        source_wal_bytes_per_second: positions(oldest.source_wal_end, newest.source_wal_end),
        applied_wal_bytes_per_second: positions(oldest.applied, newest.applied),
        rows_loaded_per_second: per_second(oldest.rows_loaded, newest.rows_loaded),
        bytes_loaded_per_second: per_second(oldest.bytes_loaded, newest.bytes_loaded),
        load_share: share,
        load_seconds_left: share.zip(pace).map(|(share, pace)| (1.0 - share) / pace),
        age_seconds: newest.age_seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: f64) -> Sample {
        Sample {
            at,
            age_seconds: 200.0 - at,
            phase: "full-load".to_owned(),
            source_wal_end: Some(0),
            received: None,
            applied: None,
            receive_seconds: Some(0.5),
            apply_seconds: Some(1.5),
            transactions: 0,
            changes: 0,
            slot_retained_bytes: None,
            rows_loaded: 0,
            bytes_loaded: 0,
            load_share: Some(0.0),
        }
    }

    #[test]
    fn rates_are_those_of_the_last_minute() {
        let samples = [
            Sample {
                changes: 99_000,
                ..sample(100.0)
            },
            Sample {
                changes: 100_000,
                load_share: Some(0.25),
                ..sample(150.0)
            },
            Sample {
                changes: 103_000,
                source_wal_end: Some(5_000),
                load_share: Some(0.5),
                ..sample(200.0)
            },
        ];
        let rates = rates(&samples).unwrap();
        assert_eq!((rates.over_seconds, rates.changes_per_second), (50.0, 60.0));
        assert_eq!(rates.source_wal_bytes_per_second, Some(100.0));
        assert_eq!(rates.applied_wal_bytes_per_second, None);
        assert_eq!(rates.load_seconds_left, Some(100.0));
    }

    #[test]
    fn one_sample_makes_no_rate_and_a_load_that_began_anew_no_time() {
        assert_eq!(rates(&[sample(1.0)]), None);
        let samples = [
            Sample {
                rows_loaded: 500,
                load_share: Some(0.9),
                ..sample(190.0)
            },
            sample(200.0),
        ];
        let rates = rates(&samples).unwrap();
        assert_eq!(
            (rates.rows_loaded_per_second, rates.load_seconds_left),
            (0.0, None)
        );
    }
}
