//! What finding one row that differs reads on the source, beyond what comparing equal tables does.
//!
//! One table at a time, of three sizes and several kinds of keys; the server's own counters tell what was read.

use std::fmt::Write;

use anyhow::{Context, Result, bail};

use super::way::{Comparison, Way};

/// Kinds of tables: a name, and the file that builds and fills one of `:scale` rows named `searched`.
const KINDS: [(&str, &str); 9] = [
    ("integer key", include_str!("../sql/verify/integer.sql")),
    ("composite key", include_str!("../sql/verify/composite.sql")),
    (
        "composite key, ten values in its first column",
        include_str!("../sql/verify/tenant.sql"),
    ),
    ("timestamptz key", include_str!("../sql/verify/time.sql")),
    ("text key, collation C", include_str!("../sql/verify/bytes.sql")),
    (
        "text key, collation of a language",
        include_str!("../sql/verify/text.sql"),
    ),
    (
        "the same, capitals, small letters and signs mixed",
        include_str!("../sql/verify/mixed.sql"),
    ),
    (
        "no key, an index on a timestamptz",
        include_str!("../sql/verify/indexed.sql"),
    ),
    ("no key, no index", include_str!("../sql/verify/keyless.sql")),
];

const DATABASE: &str = "searched";

/// Sizes, by the smallest: a cost that grows with the table would grow as they do.
const TIMES: [u64; 3] = [1, 4, 16];

/// Of the source's table, as the server counts.
#[derive(Debug, Clone, Copy)]
struct Counters {
    rows: i64,
    blocks: i64,
}

pub(super) fn look(comparison: &Comparison<'_>, rows: u64) -> Result<String> {
    let mut text = String::from(
        "| key | rows | read to compare: rows | blocks | more where one row differs: rows | blocks |\n\
         |---|--:|--:|--:|--:|--:|\n",
    );
    for (kind, sql) in KINDS {
        for times in TIMES {
            let rows = rows * times;
            build(comparison, sql, rows)?;
            let equal = read(comparison, Some(0))?;
            let change = include_str!("../sql/verify/change_one.sql");
            comparison
                .site
                .sql(&comparison.site.target.url(DATABASE), change, rows)?;
            let different = read(comparison, Some(1))?;
            let _ = writeln!(
                text,
                "| {kind} | {rows} | {} | {} | {} | {} |",
                equal.rows,
                equal.blocks,
                different.rows - equal.rows,
                different.blocks - equal.blocks
            );
        }
    }
    Ok(text)
}

fn build(comparison: &Comparison<'_>, sql: &str, rows: u64) -> Result<()> {
    for cluster in [&comparison.site.source, &comparison.site.target] {
        let administer = cluster.url("postgres");
        let create = include_str!("../sql/verify/create.sql");
        comparison.site.sql(&administer, create, 0)?;
        let url = cluster.url(DATABASE);
        comparison.site.sql(&url, sql, rows)?;
        comparison
            .site
            .sql(&url, "vacuum (freeze, analyze) searched", 0)?;
    }
    Ok(())
}

/// Compares once, and reads what that read on the source.
fn read(comparison: &Comparison<'_>, expected: Option<i32>) -> Result<Counters> {
    let source = comparison.site.source.url(DATABASE);
    let reset = include_str!("../sql/verify/reset.sql");
    comparison.site.sql(&source, reset, 0)?;
    let log = comparison.scratch.join("one_row");
    let status = comparison.command(Way::Transhume, DATABASE, &log)?.status()?;
    if status.code() != expected {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        bail!("transhume verify ended with {status}:\n{said}");
    }
    let counted = comparison
        .site
        .sql(&source, include_str!("../sql/verify/counters.sql"), 0)?;
    let numbers = counted.split_once('|').context("reading the counters")?;
    Ok(Counters {
        rows: numbers.0.parse()?,
        blocks: numbers.1.parse()?,
    })
}
