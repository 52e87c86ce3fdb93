use transhume_engine::{
    cutover::write_pause::{Forecast, Part, PauseEstimate, PauseStep},
    lsn::Lsn,
    phase::Phase,
    report::{BuildProgress, LoadProgress},
    status::{Extent, SlotStatus, VerificationStatus},
};

use super::*;

fn following() -> Status {
    Status {
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
        verification: Some(VerificationStatus {
            lsn: Lsn(0x15_0000),
            ended_at: None,
            result: "equal".to_owned(),
            age_seconds: 60.0,
            extent: Extent::Whole,
            tables: 2,
            tables_different: 0,
            object_blockers: Some(0),
            summary: "equal 1 min ago: the rows of 2 tables, and all objects".to_owned(),
        }),
        findings: Vec::new(),
        deviations: vec!["source: replica identity of shop.ledger set to full".to_owned()],
        held_until_cutover: Vec::new(),
        exceptions: vec!["shop.cart: 2, the latest: insert, value too long".to_owned()],
        not_loaded: Vec::new(),
        write_pause: Some(PauseEstimate {
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
        }),
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

fn part(name: PauseStep, milliseconds: f64, measured: bool) -> Part {
    Part {
        name,
        milliseconds,
        measured,
    }
}

#[test]
fn the_block_says_all_that_is_known() {
    let expected = "\
migration 0123abcd is in phase follow since 2026-11-22T12:00:00Z
  source      postgresql://ann@old/shop
  target      postgresql://ann@new/shop
  runner      none; `transhume run` goes on
  load        2 of 2 tables, 0 of 0 parts, 12,345 rows, 1.00 MB
  builds      3 of 3 indexes and constraints
  lag         128 kB, 0.4 s
  frontier    0/160000, the source's WAL ends at 0/180000
  applied     7 transactions, 1,234 changes
  slot        transhume_0123abcd, keeps 3.00 GB of WAL on the source of 10.0 GB (max_slot_wal_keep_size), \
growing by 1.00 MB/s: full in 119 min 28 s
  verified    equal 1 min ago: the rows of 2 tables, and all objects; at 0/150000
  pause       about 1.2 s: locks 40 ms, drain 1.2 s; rehearsed 90 s ago: locks, large objects measured
  changed     source: replica identity of shop.ledger set to full
  not applied shop.cart: 2, the latest: insert, value too long
";
    assert_eq!(text(&following(), Style::plain(), Shown::Few), expected);
}

#[test]
fn a_figure_that_was_not_measured_just_now_says_so() {
    let mut status = following();
    status.source_figures = SourceFigures {
        known: Known::Reported,
        age_seconds: Some(3.0),
        last_known: Some("2026-11-22T12:34:56Z".to_owned()),
        problem: "connection refused".to_owned(),
    };
    assert_eq!(
        lag(&status).unwrap(),
        "128 kB, 0.4 s (3.0 s ago; the source: connection refused)"
    );
    status.source_figures.known = Known::Unknown;
    (status.lag_bytes, status.slot.retained_bytes) = (None, None);
    assert_eq!(
        lag(&status).unwrap(),
        "unknown since 2026-11-22T12:34:56Z; the source: connection refused"
    );
    assert!(slot(&status).contains("an unknown amount of WAL"));
}
