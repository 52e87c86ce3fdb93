//! How long a move will take: load, index builds and catching up, from a sample of seconds on both sides.
//!
//! Owns the arithmetic, and the comparison with what happened. Refuses servers and clocks: what was measured is told. Invariants:
//! more to move or more writing never makes a forecast shorter, and what is assumed instead of measured says so.

use serde::{Deserialize, Serialize};

/// What is applied in a second at least; an assumption, as in the forecast of the write pause.
const APPLIED_BYTES_PER_SECOND: f64 = 4.0 * 1024.0 * 1024.0;
/// Tables and indexes twice over at the fullest: WAL, the files that a build sorts in, and room to go on.
const HEAD_ROOM: f64 = 1.5;

/// One stream of the sample: rows of one table from the source into a table of the target, then an index on them there.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamSample {
    /// What its rows take on the source.
    pub bytes: f64,
    pub rows: f64,
    pub copy_seconds: f64,
    /// Bytes of the index, and the time it took.
    pub index: Option<(f64, f64)>,
}

/// What there is to move, and what the source does meanwhile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Amount {
    pub table_bytes: f64,
    /// Of the largest piece that one stream copies by itself: a table, or a part of a very large one.
    pub largest_piece_bytes: f64,
    pub index_bytes: f64,
    /// Of the index that takes one session the longest.
    pub largest_index_bytes: f64,
    /// Of the largest table: sorting takes longer the more there is to sort.
    pub rows_at_most: f64,
    pub wal_bytes_per_second: f64,
    /// What a slot may keep; none where nothing limits it.
    pub wal_limit_bytes: Option<f64>,
}

/// How long it will take, in seconds, and what it will need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MoveForecast {
    pub load_seconds: f64,
    pub build_seconds: f64,
    /// Until what the source wrote meanwhile is applied; null where it writes more than is sure to be applied.
    pub catch_up_seconds: Option<f64>,
    /// All streams together.
    pub load_bytes_per_second: f64,
    pub wal_bytes_per_hour: f64,
    /// By the end of load and builds.
    pub wal_kept_bytes: f64,
    /// What the source lets a slot keep; null where nothing limits it.
    pub wal_limit_bytes: Option<f64>,
    /// On the target, with head-room.
    pub storage_bytes: f64,
    pub sampled_bytes: f64,
    pub streams: usize,
}

/// A forecast beside what happened.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ForecastOutcome {
    pub forecast: MoveForecast,
    /// Load and builds together; null while they are under way.
    pub took_seconds: Option<f64>,
    /// Above 1 it took longer than was forecast.
    pub factor: Option<f64>,
}

impl MoveForecast {
    /// None where nothing was measured.
    pub fn of(amount: &Amount, streams: &[StreamSample]) -> Option<Self> {
        let load_rate: f64 = streams.iter().map(|one| one.bytes / one.copy_seconds).sum();
        if !(load_rate.is_finite() && load_rate > 0.0) {
            return None;
        }
        let shares = f64::from(u32::try_from(streams.len()).unwrap_or(u32::MAX));
        // The largest piece is one stream's, however many there are.
        let seconds = |all: f64, largest: f64, rate: f64| (all / rate).max(largest * shares / rate);
        let load_seconds = seconds(amount.table_bytes, amount.largest_piece_bytes, load_rate);
        let build_rate = index_rate(streams).unwrap_or(load_rate);
        let build_seconds = seconds(amount.index_bytes, amount.largest_index_bytes, build_rate)
            * sorting(amount.rows_at_most, streams);
        let wal = amount.wal_bytes_per_second;
        let wal_kept_bytes = wal * (load_seconds + build_seconds);
        let spare = APPLIED_BYTES_PER_SECOND - wal;
        Some(Self {
            load_seconds,
            build_seconds,
            catch_up_seconds: (spare > 0.0).then(|| wal_kept_bytes / spare),
            load_bytes_per_second: load_rate,
            wal_bytes_per_hour: wal * 3_600.0,
            wal_kept_bytes,
            wal_limit_bytes: amount.wal_limit_bytes,
            storage_bytes: (amount.table_bytes + amount.index_bytes) * HEAD_ROOM,
            sampled_bytes: streams.iter().map(|one| one.bytes).sum(),
            streams: streams.len(),
        })
    }

    /// Load and builds.
    pub fn seconds(&self) -> f64 {
        self.load_seconds + self.build_seconds
    }

    /// The slot will be lost, or close to it, before the load is over.
    pub fn exceeds_the_slot(&self) -> bool {
        self.wal_limit_bytes
            .is_some_and(|limit| self.wal_kept_bytes > limit)
    }
}

impl ForecastOutcome {
    pub fn of(forecast: MoveForecast, took_seconds: Option<f64>) -> Self {
        let factor = took_seconds.map(|took| took / forecast.seconds());
        Self {
            factor: factor.filter(|factor| factor.is_finite()),
            forecast,
            took_seconds,
        }
    }
}

/// Bytes of indexes in a second, all streams together; none where no index was built.
fn index_rate(streams: &[StreamSample]) -> Option<f64> {
    let built = streams.iter().filter_map(|one| one.index);
    let rate: f64 = built.map(|(bytes, seconds)| bytes / seconds).sum();
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

/// How much longer it takes to sort a row of the largest table than one of the sample.
fn sorting(rows: f64, streams: &[StreamSample]) -> f64 {
    let sampled = streams.iter().map(|one| one.rows).fold(2.0, f64::max);
    (rows.max(sampled).ln() / sampled.ln()).max(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MB: f64 = 1_048_576.0;

    fn stream(megabytes: f64) -> StreamSample {
        StreamSample {
            bytes: megabytes * MB,
            rows: 1_000.0,
            copy_seconds: 1.0,
            index: Some((megabytes * MB / 4.0, 0.5)),
        }
    }

    fn amount() -> Amount {
        Amount {
            table_bytes: 1_000.0 * MB,
            largest_piece_bytes: 100.0 * MB,
            index_bytes: 200.0 * MB,
            largest_index_bytes: 10.0 * MB,
            rows_at_most: 1_000.0,
            wal_bytes_per_second: MB,
            wal_limit_bytes: Some(64.0 * MB),
        }
    }

    #[test]
    fn streams_add_up_and_what_is_written_meanwhile_is_caught_up_with() {
        let forecast = MoveForecast::of(&amount(), &[stream(10.0), stream(10.0)]).unwrap();
        assert!((forecast.load_seconds - 50.0).abs() < 1e-6, "{forecast:?}");
        assert!((forecast.build_seconds - 20.0).abs() < 1e-6, "{forecast:?}");
        // 70 MB were written, and 3 MB in a second are applied beyond what is written.
        assert!((forecast.catch_up_seconds.unwrap() - 70.0 / 3.0).abs() < 1e-6);
        assert!(forecast.exceeds_the_slot());
        let busy = Amount {
            wal_bytes_per_second: 5.0 * MB,
            ..amount()
        };
        assert_eq!(
            MoveForecast::of(&busy, &[stream(10.0)]).unwrap().catch_up_seconds,
            None
        );
        assert_eq!(MoveForecast::of(&amount(), &[]), None);
    }

    #[test]
    fn what_one_stream_does_alone_bounds_the_whole() {
        let one_table = Amount {
            largest_piece_bytes: 900.0 * MB,
            largest_index_bytes: 150.0 * MB,
            ..amount()
        };
        let forecast = MoveForecast::of(&one_table, &[stream(10.0), stream(10.0)]).unwrap();
        assert!((forecast.load_seconds - 90.0).abs() < 1e-6, "{forecast:?}");
        assert!((forecast.build_seconds - 30.0).abs() < 1e-6, "{forecast:?}");
    }

    #[test]
    fn what_happened_stands_beside_it() {
        let forecast = MoveForecast::of(&amount(), &[stream(10.0), stream(10.0)]).unwrap();
        let outcome = ForecastOutcome::of(forecast.clone(), Some(105.0));
        assert!((outcome.factor.unwrap() - 1.5).abs() < 1e-6, "{outcome:?}");
        assert_eq!(ForecastOutcome::of(forecast, None).factor, None);
    }

    proptest! {
        #[test]
        fn more_to_move_never_takes_less(more in 0.0..1e12f64, rows in 1.0..1e10f64) {
            let base = MoveForecast::of(&amount(), &[stream(10.0)]).unwrap();
            let larger = Amount {
                table_bytes: amount().table_bytes + more,
                index_bytes: amount().index_bytes + more / 3.0,
                rows_at_most: amount().rows_at_most + rows,
                ..amount()
            };
            let larger = MoveForecast::of(&larger, &[stream(10.0)]).unwrap();
            prop_assert!(larger.seconds() >= base.seconds());
            prop_assert!(larger.storage_bytes >= base.storage_bytes);
        }
    }
}
