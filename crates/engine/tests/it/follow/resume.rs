//! It is killed, cut off, or finds another slot than its own: nothing is lost, nothing doubled.

use std::time::Duration;

use transhume_engine::follow::{EndReason, Until};

use super::bench::{Bench, stop_of};

const LEDGER: &str = "create table public.ledger (client int, seq int)";

/// Inserts that are easy to count, many small transactions.
async fn insert_many(bench: &Bench, from: u32, to: u32) {
    for seq in from..to {
        bench
            .run(&format!("insert into public.ledger values (1, {seq})"))
            .await;
    }
}

async fn assert_exactly_once(bench: &Bench, count: u32) {
    bench.compare().await;
    let query = "select concat_ws(' ', count(*), count(distinct seq)) from public.ledger";
    assert_eq!(bench.on_target(query).await, format!("{count} {count}"));
}

#[tokio::test]
async fn commits_are_ordered_and_dropped_by_their_commit_lsn_only() {
    let bench =
        Bench::new("create table public.t (id int primary key, x int); create table public.ledger (n int)")
            .await;
    let other = transhume_pg::session::Session::connect(&bench.endpoints.source, "other")
        .await
        .unwrap();
    for round in 0..20 {
        // The first to begin commits last; every other round its changes are applied after a restart.
        bench
            .run(&format!(
                "begin; insert into public.ledger values ({})",
                2 * round
            ))
            .await;
        let second = format!("insert into public.ledger values ({})", 2 * round + 1);
        other.batch_execute(&second).await.unwrap();
        if round % 4 == 0 {
            bench
                .start(Until::CaughtUp(bench.source_end().await))
                .await
                .cancel()
                .await
                .unwrap();
        }
        bench
            .run(&format!(
                "insert into public.ledger values ({}); commit",
                1000 + round
            ))
            .await;
    }

    bench.catch_up_and_compare().await;
    assert_eq!(bench.on_target("select count(*) from public.ledger").await, "60");
}

#[tokio::test]
async fn a_task_that_is_aborted_again_and_again_applies_everything_once() {
    let bench = Bench::new(LEDGER).await;
    let mut next = 0;
    for round in 0..8 {
        let running = bench.start(Until::Cancelled).await;
        insert_many(&bench, next, next + 60).await;
        next += 60;
        if round % 2 == 0 {
            // In the middle of whatever it does.
            bench
                .wait_on_target("select count(*) > 0 from public.ledger", "true")
                .await;
        }
        running.task.abort();
    }

    bench.catch_up().await.unwrap();
    assert_exactly_once(&bench, next).await;
}

#[tokio::test]
async fn backends_killed_on_either_side_are_replaced() {
    let bench = Bench::new(LEDGER).await;
    let running = bench.start(Until::Cancelled).await;
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where application_name like 'transhume:%' and pid <> pg_backend_pid()";
    for round in 0..6 {
        insert_many(&bench, round * 50, round * 50 + 50).await;
        let side = if round % 2 == 0 {
            &bench.target
        } else {
            &bench.source
        };
        side.query_one(kill, &[]).await.unwrap();
    }

    bench
        .wait_on_target("select count(*) >= 300 from public.ledger", "true")
        .await;
    running.cancel().await.unwrap();
    assert_exactly_once(&bench, 300).await;
}

#[tokio::test]
async fn servers_that_crash_and_come_back_lose_and_double_nothing() {
    let mut bench = Bench::new(LEDGER).await;
    let running = bench.start(Until::Cancelled).await;
    insert_many(&bench, 0, 50).await;
    bench.source.batch_execute("checkpoint").await.unwrap();
    insert_many(&bench, 50, 100).await;
    bench
        .wait_on_target("select count(*) from public.ledger", "100")
        .await;

    // The slot's position falls back to the checkpoint: everything since is sent again.
    bench.source_server.kill_postmaster();
    bench.source_server.start_again().unwrap();
    bench.reconnect().await;
    insert_many(&bench, 100, 150).await;
    bench.target_server.kill_postmaster();
    bench.target_server.start_again().unwrap();
    bench.reconnect().await;
    insert_many(&bench, 150, 200).await;

    bench
        .wait_on_target("select count(*) >= 200 from public.ledger", "true")
        .await;
    running.cancel().await.unwrap();
    assert_exactly_once(&bench, 200).await;
}

#[tokio::test]
async fn the_slot_is_never_confirmed_beyond_the_frontier() {
    let bench = Bench::new(LEDGER).await;
    let running = bench.start(Until::Cancelled).await;
    for round in 0..30 {
        insert_many(&bench, round * 10, round * 10 + 10).await;
        let slot =
            "select confirmed_flush_lsn::text from pg_replication_slots where slot_name like 'transhume%'";
        let confirmed: String = bench.source.query_one(slot, &[]).await.unwrap().get(0);
        let query = format!("select lsn >= '{confirmed}' from transhume.frontier");
        assert_eq!(bench.on_target(&query).await, "true", "confirmed {confirmed}");
    }
    running.cancel().await.unwrap();
}

#[tokio::test]
async fn an_idle_stream_moves_the_slot_past_what_is_not_ours() {
    let bench = Bench::new(LEDGER).await;
    bench
        .run("alter publication transhume_0123abcd owner to current_user")
        .await;
    let running = bench.start(Until::Cancelled).await;
    bench
        .run("create temp table noise as select generate_series(1, 100000)")
        .await;
    bench
        .run("select pg_logical_emit_message(false, 'other', repeat('x', 1000000))")
        .await;
    let end = bench.source_end().await;
    bench
        .run("select pg_logical_emit_message(false, 'other', 'x')")
        .await;

    bench
        .wait_on_target(&format!("select lsn >= '{end}' from transhume.frontier"), "true")
        .await;
    running.cancel().await.unwrap();
    let confirmed = "select confirmed_flush_lsn >= $1::text::pg_lsn from pg_replication_slots";
    let moved: bool = bench
        .source
        .query_one(confirmed, &[&end.to_string()])
        .await
        .unwrap()
        .get(0);
    assert!(moved, "the last feedback is sent before it ends");
}

#[tokio::test]
async fn a_frontier_that_moves_late_is_taken_up_once_and_then_stops_it() {
    let bench = Bench::new(LEDGER).await;
    let running = bench.start(Until::Cancelled).await;
    let move_frontier = "update transhume.frontier set lsn = lsn + 1";
    for round in 0..2 {
        insert_many(&bench, round, round + 1).await;
        let query = "select count(*) from public.ledger";
        bench.wait_on_target(query, &(round + 1).to_string()).await;
        // As the COMMIT of a runner that was killed would, and then as a runner that is alive.
        bench.target.batch_execute(move_frontier).await.unwrap();
    }
    insert_many(&bench, 2, 3).await;

    let (message, hint) = stop_of(running.ended().await);

    assert_eq!(message, "the frontier was moved by someone else");
    assert!(hint.contains("another runner"));
    assert_eq!(bench.on_target("select count(*) from public.ledger").await, "2");
}

#[tokio::test]
async fn a_slot_that_was_advanced_or_dropped_is_named() {
    let bench = Bench::new(LEDGER).await;
    insert_many(&bench, 0, 3).await;
    bench
        .run("select pg_replication_slot_advance('transhume_0123abcd', pg_current_wal_lsn())")
        .await;
    let (message, _) = stop_of(bench.catch_up().await);
    assert!(message.contains("beyond the frontier"), "{message}");

    bench
        .run("select pg_drop_replication_slot('transhume_0123abcd')")
        .await;
    let (message, _) = stop_of(bench.catch_up().await);
    assert_eq!(
        message,
        "the slot transhume_0123abcd does not exist on the source"
    );
}

#[tokio::test]
async fn another_source_is_refused() {
    let bench = Bench::new(LEDGER).await;
    bench
        .target
        .batch_execute("update transhume.migration set source_system = '1'")
        .await
        .unwrap();

    let (message, _) = stop_of(bench.catch_up().await);

    assert_eq!(
        message,
        "the source server is not the one that this migration began with"
    );
}

#[tokio::test]
async fn a_slot_in_use_is_waited_for() {
    let bench = Bench::new(LEDGER).await;
    let first = bench.start(Until::Cancelled).await;
    insert_many(&bench, 0, 1).await;
    bench
        .wait_on_target("select count(*) from public.ledger", "1")
        .await;
    let second = bench.start(Until::Cancelled).await;
    insert_many(&bench, 1, 20).await;
    bench
        .wait_on_target("select count(*) from public.ledger", "20")
        .await;
    first.cancel().await.unwrap();
    insert_many(&bench, 20, 40).await;

    bench
        .wait_on_target("select count(*) from public.ledger", "40")
        .await;
    assert_eq!(second.cancel().await.unwrap().reason, EndReason::Cancelled);
    assert_exactly_once(&bench, 40).await;
}

#[tokio::test]
async fn a_fast_stop_of_the_source_does_not_wait_for_us() {
    let mut bench = Bench::new(LEDGER).await;
    let running = bench.start(Until::Cancelled).await;
    insert_many(&bench, 0, 10).await;
    let stopping = std::time::Instant::now();
    bench.source_server.restart().unwrap();
    assert!(
        stopping.elapsed() < Duration::from_secs(15),
        "{:?}",
        stopping.elapsed()
    );
    bench.reconnect().await;
    insert_many(&bench, 10, 20).await;

    bench
        .wait_on_target("select count(*) from public.ledger", "20")
        .await;
    running.cancel().await.unwrap();
}
