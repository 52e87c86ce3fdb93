//! Every metric once: its name, kind and meaning, and what it is in a status.
//!
//! Names and units follow Prometheus' conventions: base units, counters end in `_total`. A name is never used for
//! something else.

use transhume_engine::{
    finding::Severity,
    phase::Phase,
    status::{Status, WayBackState},
};

pub(super) struct Metric {
    /// Without the prefix `transhume_`.
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) help: &'static str,
    /// Beside `database` and `direction`.
    pub(super) labels: &'static [&'static str],
    pub(super) series: fn(&Status) -> Vec<Series>,
}

pub(super) struct Series {
    /// Of the metric's labels, in their order.
    pub(super) labels: Vec<String>,
    pub(super) value: f64,
}

const GAUGE: &str = "gauge";
const COUNTER: &str = "counter";

/// A metric without labels of its own.
macro_rules! plain {
    ($name:literal, $kind:expr, $help:literal, $value:expr) => {
        Metric {
            name: $name,
            kind: $kind,
            help: $help,
            labels: &[],
            series: |status| one(($value)(status)),
        }
    };
}

/// In the order in which they are told.
pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "info",
        kind: GAUGE,
        help: "Always 1: which migration it is, and the program that tells.",
        labels: &["migration", "version"],
        series: |status| {
            vec![Series {
                labels: vec![status.migration.clone(), env!("CARGO_PKG_VERSION").to_owned()],
                value: 1.0,
            }]
        },
    },
    Metric {
        name: "phase",
        kind: GAUGE,
        help: "1 for the phase that the migration is in, 0 for the others.",
        labels: &["phase"],
        series: |status| {
            let series = Phase::ALL.into_iter();
            series
                .map(|phase| state(phase.name(), phase == status.phase))
                .collect()
        },
    },
    plain!(
        "needs_attention",
        GAUGE,
        "1 where somebody must act, as \"transhume status --check\" says.",
        |status: &Status| Some(flag(status.needs_attention()))
    ),
    plain!(
        "runner_up",
        GAUGE,
        "1 while a runner is alive.",
        |status: &Status| Some(flag(status.runner.is_some()))
    ),
    plain!(
        "runner_waiting",
        GAUGE,
        "1 while the runner waits for something that it names in the status.",
        |status: &Status| Some(flag(
            status
                .runner
                .as_ref()
                .is_some_and(|runner| !runner.waiting_for.is_empty())
        ))
    ),
    plain!(
        "source_figures_age_seconds",
        GAUGE,
        "Age of the figures that only the source knows: lag and retained WAL. Left out where they are unknown.",
        |status: &Status| status.source_figures.age_seconds
    ),
    plain!(
        "lag_bytes",
        GAUGE,
        "WAL of the source that is not applied on the target yet.",
        |status: &Status| status.lag_bytes.map(number)
    ),
    plain!(
        "lag_seconds",
        GAUGE,
        "Age of the newest applied commit while there is lag, else 0.",
        |status: &Status| status.lag_seconds
    ),
    plain!(
        "receive_latency_seconds",
        GAUGE,
        "From the source's WAL to the runner.",
        |status: &Status| status.latency.as_ref().map(|latency| latency.receive_seconds)
    ),
    plain!(
        "apply_latency_seconds",
        GAUGE,
        "From the runner to the target.",
        |status: &Status| status.latency.as_ref().map(|latency| latency.apply_seconds)
    ),
    plain!(
        "applied_position_bytes",
        GAUGE,
        "Position of the source's WAL (LSN) up to which all is applied.",
        |status: &Status| status.frontier.map(|lsn| number(lsn.0))
    ),
    plain!(
        "source_position_bytes",
        GAUGE,
        "Position (LSN) at which the source's WAL ends.",
        |status: &Status| status.source_wal_end.map(|lsn| number(lsn.0))
    ),
    plain!(
        "transactions_applied_total",
        COUNTER,
        "Source transactions that were applied.",
        |status: &Status| Some(number(status.transactions))
    ),
    plain!(
        "changes_applied_total",
        COUNTER,
        "Row changes that were applied.",
        |status: &Status| Some(number(status.changes))
    ),
    plain!(
        "slot_retained_bytes",
        GAUGE,
        "WAL that the slot keeps on the source.",
        |status: &Status| status.slot.retained_bytes.map(number)
    ),
    plain!(
        "slot_limit_bytes",
        GAUGE,
        "What the slot may keep at most; left out where nobody limits it.",
        |status: &Status| status.slot.limit_bytes.map(number)
    ),
    plain!(
        "slot_growth_bytes_per_second",
        GAUGE,
        "Growth of the retained WAL over the last minute.",
        |status: &Status| status.slot.bytes_per_second.map(number)
    ),
    plain!(
        "slot_seconds_to_full",
        GAUGE,
        "Until the slot's limit is reached at that rate; left out while it does not grow.",
        |status: &Status| status.slot.seconds_to_full.map(number)
    ),
    plain!(
        "load_tables",
        GAUGE,
        "Tables of the full load.",
        |status: &Status| Some(number(status.load.tables))
    ),
    plain!(
        "load_tables_done",
        GAUGE,
        "Tables whose rows are loaded.",
        |status: &Status| Some(number(status.load.tables_done))
    ),
    plain!(
        "load_rows",
        GAUGE,
        "Rows that the full load has copied; fewer again where a table is loaded anew.",
        |status: &Status| Some(number(status.load.rows))
    ),
    plain!(
        "load_bytes",
        GAUGE,
        "Bytes that the full load has copied.",
        |status: &Status| Some(number(status.load.bytes))
    ),
    plain!(
        "load_progress_ratio",
        GAUGE,
        "Share of the full load that is done, by the source's sizes.",
        |status: &Status| status.rates.as_ref().and_then(|rates| rates.load_share)
    ),
    plain!(
        "load_seconds_left",
        GAUGE,
        "What the full load still takes at the rate of the last minute.",
        |status: &Status| status.rates.as_ref().and_then(|rates| rates.load_seconds_left)
    ),
    plain!(
        "load_paused",
        GAUGE,
        "1 while the full load is paused.",
        |status: &Status| Some(flag(status.pause.is_some()))
    ),
    plain!(
        "builds",
        GAUGE,
        "Indexes and constraints to be made.",
        |status: &Status| Some(number(status.build.all))
    ),
    plain!(
        "builds_done",
        GAUGE,
        "Indexes and constraints that are made.",
        |status: &Status| Some(number(status.build.done))
    ),
    plain!(
        "snapshot_age_seconds",
        GAUGE,
        "Age of the oldest snapshot that keeps the source's vacuum back for the load.",
        |status: &Status| status.snapshot.as_ref().map(|snapshot| snapshot.age_seconds)
    ),
    Metric {
        name: "findings",
        kind: GAUGE,
        help: "Open findings.",
        labels: &["severity"],
        series: |status| {
            let severities = [Severity::Blocker, Severity::Warning].into_iter();
            severities.map(|severity| findings(status, severity)).collect()
        },
    },
    plain!(
        "tables_with_stored_changes",
        GAUGE,
        "Tables with changes that were stored instead of being applied.",
        |status: &Status| Some(count(status.exceptions.len()))
    ),
    plain!(
        "tables_not_followed",
        GAUGE,
        "Tables that are not kept up while the rest is followed.",
        |status: &Status| Some(count(status.not_loaded.len()))
    ),
    Metric {
        name: "verification_result",
        kind: GAUGE,
        help: "1 for the result of the last verification, 0 for the others.",
        labels: &["result"],
        series: |status| {
            let Some(last) = &status.verification else {
                return Vec::new();
            };
            let results = ["equal", "different", "undecided", "incomplete"].into_iter();
            results
                .map(|result| state(result, result == last.result))
                .collect()
        },
    },
    plain!(
        "verification_age_seconds",
        GAUGE,
        "Since the last verification began.",
        |status: &Status| status.verification.as_ref().map(|last| last.age_seconds)
    ),
    plain!(
        "verification_tables_different",
        GAUGE,
        "Tables that differed in the last verification.",
        |status: &Status| status
            .verification
            .as_ref()
            .map(|last| number(last.tables_different))
    ),
    plain!(
        "write_pause_forecast_seconds",
        GAUGE,
        "How long writers would wait if it were cut over now.",
        |status: &Status| status
            .write_pause
            .as_ref()
            .map(|pause| pause.forecast.milliseconds / 1_000.0)
    ),
    Metric {
        name: "fallback_state",
        kind: GAUGE,
        help: "1 for the state of the fallback after a cutover, 0 for the others.",
        labels: &["state"],
        series: |status| {
            let Some(back) = &status.way_back else {
                return Vec::new();
            };
            let states = FALLBACK_STATES.iter();
            states
                .map(|(known, name)| state(name, *known == back.state))
                .collect()
        },
    },
];

const FALLBACK_STATES: [(WayBackState, &str); 5] = [
    (WayBackState::Open, "open"),
    (WayBackState::FallingBack, "falling-back"),
    (WayBackState::FallenBack, "fallen-back"),
    (WayBackState::Unknown, "unknown"),
    (WayBackState::Removed, "removed"),
];

fn one(value: Option<f64>) -> Vec<Series> {
    let series = |value| Series {
        labels: Vec::new(),
        value,
    };
    value.map(series).into_iter().collect()
}

fn state(name: &str, is_on: bool) -> Series {
    Series {
        labels: vec![name.to_owned()],
        value: flag(is_on),
    }
}

fn findings(status: &Status, severity: Severity) -> Series {
    let of_severity = status
        .findings
        .iter()
        .filter(|finding| finding.severity == severity);
    Series {
        labels: vec![severity.name().to_owned()],
        value: count(of_severity.count()),
    }
}

fn flag(is_on: bool) -> f64 {
    f64::from(u8::from(is_on))
}

fn number(value: u64) -> f64 {
    value as f64
}

fn count(value: usize) -> f64 {
    value as f64
}
