//! The ledger without a key: each acknowledged transaction is there exactly once, each failed one is not.

use std::collections::HashMap;

use super::read;
use crate::connection::connect_canonical;
use crate::traffic::{Acknowledged, Mark};
use crate::workload::TOTAL_BALANCE;

/// More of them say nothing new.
const SHOWN: usize = 10;

/// Holds the database at `url`, which serves the application now, to what the clients were promised.
///
/// # Panics
/// With the marks that are lost, doubled or present although they failed.
pub async fn ledger_check(url: &str, promised: &Acknowledged) {
    let counts = counts(url).await;
    let count = |mark: &Mark| counts.get(mark).copied().unwrap_or(0);
    let lost: Vec<&Mark> = promised
        .committed
        .iter()
        .filter(|mark| count(mark) == 0)
        .take(SHOWN)
        .collect();
    let back: Vec<&Mark> = promised
        .failed
        .iter()
        .filter(|mark| count(mark) > 0)
        .take(SHOWN)
        .collect();
    let doubled: Vec<_> = counts
        .iter()
        .filter(|(_, count)| **count > 1)
        .take(SHOWN)
        .collect();
    let healthy = lost.is_empty() && back.is_empty() && doubled.is_empty();
    assert!(
        healthy,
        "of {} committed transactions, lost: {lost:?}; doubled: {doubled:?}; there although failed: {back:?} (seed {})",
        promised.committed.len(),
        promised.seed
    );
    let surprises = &promised.surprises;
    assert!(
        surprises.is_empty(),
        "unexpected errors (seed {}):\n{}",
        promised.seed,
        surprises.join("\n")
    );
}

async fn counts(url: &str) -> HashMap<Mark, i64> {
    let client = read(connect_canonical(url).await, "the database");
    let query = "SELECT client, seq, count(*) FROM torture.ledger_nokey GROUP BY 1, 2";
    let rows = read(client.query(query, &[]).await, "the ledger");
    let total = "SELECT sum(balance)::bigint FROM torture.accounts";
    let total: i64 = read(client.query_one(total, &[]).await, "the balances").get(0);
    assert_eq!(
        total, TOTAL_BALANCE,
        "the sum of all balances changed: a transaction was torn apart"
    );
    rows.iter()
        .map(|row| ((row.get(0), row.get(1)), row.get(2)))
        .collect()
}
