//! Batches that leave behind others whose answers are still on their way.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior};
use transhume_engine::follow::Until;
use transhume_testkit::proxy::Proxy;

use super::bench::Bench;

/// Each way, so that batches leave before those before them are answered.
const DELAY_MILLISECONDS: u64 = 15;
/// Transactions, and how often one comes: seldom enough for a batch each.
const TRANSACTIONS: i32 = 100;
const EVERY: Duration = Duration::from_millis(4);
/// Every so many of them is refused as a set.
const SWAP_EVERY: i32 = 9;

/// The session that applies.
const APPLIES: &str = "select pid from pg_stat_activity where application_name like '%apply'";

async fn follow_over_a_long_way(schema: &str) -> (Bench, Proxy) {
    let mut bench = Bench::new(schema).await;
    let proxy = bench.through_proxy().await;
    proxy.delay(DELAY_MILLISECONDS);
    (bench, proxy)
}

fn traffic() -> Interval {
    let mut traffic = tokio::time::interval(EVERY);
    traffic.set_missed_tick_behavior(MissedTickBehavior::Delay);
    traffic
}

/// What is refused as a set is written one by one, and all that had left behind it is written after it, once.
#[tokio::test]
async fn what_left_behind_a_refused_batch_is_sent_again() {
    let (bench, _proxy) = follow_over_a_long_way(
        "create table swap (id int primary key, place int unique);
         create table ledger (n int);
         create table counted (id int primary key, n int)",
    )
    .await;
    bench
        .run("insert into swap values (1, 1), (2, 2); insert into counted values (1, 0)")
        .await;
    let running = bench.start(Until::Cancelled).await;
    bench.wait_on_target("select n from counted", "0").await;
    let applies = bench.on_target(APPLIES).await;

    let mut traffic = traffic();
    for n in 1..=TRANSACTIONS {
        traffic.tick().await;
        let swap = if n % SWAP_EVERY == 0 {
            "update swap set place = -place; update swap set place = 3 + place;"
        } else {
            ""
        };
        bench
            .run(&format!(
                "begin; {swap} insert into ledger values ({n}); update counted set n = {n}; commit"
            ))
            .await;
        if n <= SWAP_EVERY {
            // So that every statement is prepared: preparing waits for what is in the air.
            bench
                .wait_on_target("select n from counted", &n.to_string())
                .await;
        }
    }

    bench
        .wait_on_target("select n from counted", &TRANSACTIONS.to_string())
        .await;
    assert_eq!(bench.on_target(APPLIES).await, applies, "a session did it all");
    running.cancel().await.unwrap();
    bench.compare().await;
}

/// The connection ends while batches are on their way: what of them is on the target is not written again.
#[tokio::test]
async fn a_connection_that_ends_with_batches_in_the_air_doubles_nothing() {
    let (bench, proxy) = follow_over_a_long_way(
        "create table ledger (n int); create table counted (id int primary key, n int)",
    )
    .await;
    bench.run("insert into counted values (1, 0)").await;
    let running = bench.start(Until::Cancelled).await;
    bench.wait_on_target("select n from counted", "0").await;

    let mut traffic = traffic();
    for n in 1..=TRANSACTIONS {
        traffic.tick().await;
        if n % (TRANSACTIONS / 4) == 0 {
            proxy.cut();
        }
        bench
            .run(&format!(
                "begin; insert into ledger values ({n}); update counted set n = {n}; commit"
            ))
            .await;
    }

    bench
        .wait_on_target("select n from counted", &TRANSACTIONS.to_string())
        .await;
    running.cancel().await.unwrap();
    bench.compare().await;
}
