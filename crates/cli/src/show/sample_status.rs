//! A status as tests of what is shown need one.

use transhume_engine::{
    cutover::write_pause::{Forecast, PauseEstimate, PausePart, PauseStep},
    lsn::Lsn,
    phase::Phase,
    report::{BuildProgress, LoadProgress},
    status::{
        Extent, Known, LatencyStatus, Rates, SlotStatus, SourceFigures, Status, StoredChanges, VERSION,
        VerificationStatus,
    },
};

pub(crate) fn following() -> Status {
    Status {
        version: VERSION,
        migration: "0123abcd".to_owned(),
        phase: Phase::Follow,
        phase_since: "2026-11-22T12:00:00Z".to_owned(),
        source: "postgresql://ann@old/shop".to_owned(),
        target: "postgresql://ann@new/shop".to_owned(),
        runner: None,
        load: LoadProgress {
            tables: 2,
            tables_done: 2,
            rows: 12_345,
            bytes: 1 << 20,
            ..LoadProgress::default()
        },
        build: BuildProgress {
            done: 3,
            all: 3,
            current: Vec::new(),
        },
        frontier: Some(Lsn(0x16_0000)),
        source_figures: measured(),
        source_wal_end: Some(Lsn(0x18_0000)),
        lag_bytes: Some(0x2_0000),
        lag_seconds: Some(0.4),
        latency: Some(LatencyStatus {
            receive_seconds: 0.1,
            apply_seconds: 0.3,
            age_seconds: 2.0,
        }),
        rates: Some(rates()),
        transactions: 7,
        changes: 1_234,
        slot: SlotStatus {
            name: "transhume_0123abcd".to_owned(),
            publication: "transhume_0123abcd".to_owned(),
            retained_bytes: Some(3 << 30),
            limit_bytes: Some(10 << 30),
            limited_by: "max_slot_wal_keep_size".to_owned(),
            bytes_per_second: Some(1_048_576),
            seconds_to_full: Some(7_168),
        },
        pause: None,
        snapshot: None,
        verification: Some(verified()),
        findings: Vec::new(),
        finding_groups: Vec::new(),
        phases: Vec::new(),
        deviations: vec!["source: replica identity of shop.ledger set to full".to_owned()],
        held_until_cutover: Vec::new(),
        exceptions: vec![StoredChanges {
            table: "shop.cart".to_owned(),
            count: 2,
            latest: "insert, value too long".to_owned(),
        }],
        not_loaded: Vec::new(),
        write_pause: Some(pause()),
        way_back: None,
    }
}

fn measured() -> SourceFigures {
    SourceFigures {
        known: Known::Measured,
        age_seconds: Some(0.0),
        last_known: Some("2026-11-22T12:34:56Z".to_owned()),
        problem: String::new(),
    }
}

fn part(name: PauseStep, milliseconds: f64, measured: bool) -> PausePart {
    PausePart {
        name,
        milliseconds,
        measured,
    }
}

fn rates() -> Rates {
    Rates {
        over_seconds: 60.0,
        transactions_per_second: 12.4,
        changes_per_second: 1_234.0,
        source_wal_bytes_per_second: Some(2_097_152.0),
        applied_wal_bytes_per_second: Some(2_097_152.0),
        rows_loaded_per_second: 0.0,
        bytes_loaded_per_second: 0.0,
        load_share: Some(1.0),
        load_seconds_left: None,
        age_seconds: 2.0,
    }
}

fn pause() -> PauseEstimate {
    PauseEstimate {
        forecast: Forecast {
            milliseconds: 1_240.3,
            parts: vec![
                part(PauseStep::Fence, 40.0, true),
                part(PauseStep::Drain, 1_200.0, false),
                part(PauseStep::LargeObjects, 0.3, true),
            ],
            rehearsed: true,
        },
        rehearsal_age_seconds: Some(90.2),
    }
}

fn verified() -> VerificationStatus {
    VerificationStatus {
        lsn: Lsn(0x15_0000),
        ended_at: None,
        result: "equal".to_owned(),
        age_seconds: 60.0,
        extent: Extent::Whole,
        tables: 2,
        tables_different: 0,
        object_blockers: Some(0),
        summary: "equal 1 min ago: the rows of 2 tables, and all objects".to_owned(),
    }
}
