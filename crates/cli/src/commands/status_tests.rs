use transhume_engine::{
    phase::Phase,
    status::{ChangedRows, Known, LoadShare, SourceFigures, TableState},
};

use super::*;
use crate::show::sample_status::following;

#[test]
fn the_block_says_all_that_is_known() {
    let expected = "\
migration 0123abcd is in phase follow since 2026-11-22T12:00:00Z
  source      postgresql://ann@old/shop
  target      postgresql://ann@new/shop
  runner      none; `transhume run` continues
  load        2 of 2 tables, 0 of 0 parts, 12,345 rows, 1.00 MB
  builds      3 of 3 indexes and constraints
  lag         128 kB, 0.4 s
  latency     0.1 s to the runner, 0.3 s from there to the target
  rate        1,234 changes/s, 12 transactions/s; the source writes 2.00 MB/s of WAL
  applied LSN 0/160000, the source's WAL ends at 0/180000
  changes     7 transactions, 1,234 changes
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
        standing::lag(&status).unwrap(),
        "128 kB, 0.4 s (3.0 s ago; the source: connection refused)"
    );
    status.source_figures.known = Known::Unknown;
    (status.lag_bytes, status.slot.retained_bytes) = (None, None);
    assert_eq!(
        standing::lag(&status).unwrap(),
        "unknown since 2026-11-22T12:34:56Z; the source: connection refused"
    );
    assert!(standing::slot(&status).contains("an unknown amount of WAL"));
}

#[test]
fn a_load_under_way_says_how_much_is_done_and_how_long_it_still_takes() {
    let mut status = following();
    (status.phase, status.load.tables_done) = (Phase::FullLoad, 1);
    let rates = status.rates.as_mut().unwrap();
    rates.load_share = Some(0.25);
    rates.bytes_loaded_per_second = 52_428_800.0;
    rates.rows_loaded_per_second = 80_000.0;
    rates.load_seconds_left = Some(240.0);
    let line = standing::load(&status).unwrap();
    assert!(
        line.ends_with("25 %, 50.0 MB/s, 80,000 rows/s, about 4 min 00 s left"),
        "{line}"
    );
}

#[test]
fn tables_are_told_in_columns() {
    let table = TableState {
        schema: "shop".to_owned(),
        name: "orders".to_owned(),
        state: "loaded".to_owned(),
        rows_estimate: 1_000,
        bytes: 1 << 20,
        load: LoadShare {
            share: 1.0,
            parts: 2,
            parts_done: 2,
            rows: 1_000,
            bytes: 1 << 19,
            builds: 1,
            builds_done: 1,
            format: "binary".to_owned(),
        },
        changed: Some(ChangedRows {
            inserts: 10,
            updates: 20,
            deletes: 3,
        }),
        exceptions: 0,
        is_waited_for: false,
        verified: None,
    };
    let text = figures::tables(&[table]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("table"), "{text}");
    let words: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(
        words,
        [
            "shop.orders",
            "loaded",
            "1.00",
            "MB",
            "1,000",
            "100",
            "%",
            "10",
            "20",
            "3",
            "0",
            "never"
        ]
    );
}
