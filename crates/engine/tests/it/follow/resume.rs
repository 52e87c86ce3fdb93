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
    let other = transhume_pg::connection::session::Session::connect(&bench.endpoints.source, "other")
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
    bench.servers.source.kill_postmaster();
    bench.servers.source.start_again().unwrap();
    bench.reconnect().await;
    insert_many(&bench, 100, 150).await;
    bench.servers.target.kill_postmaster();
    bench.servers.target.start_again().unwrap();
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

    assert_eq!(message, "the applied LSN was moved by someone else");
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
    assert!(message.contains("beyond the applied LSN"), "{message}");

    bench
        .run("select pg_drop_replication_slot('transhume_0123abcd')")
        .await;
    let (message, _) = stop_of(bench.catch_up().await);
    assert_eq!(
        message,
        "the slot transhume_0123abcd does not exist on the source"
    );
}

/// A cutover drops it once the target is open, and its runner may be about to begin anew just then.
#[tokio::test]
async fn a_slot_that_a_cutover_dropped_is_an_end_and_no_loss() {
    let bench = Bench::new(LEDGER).await;
    bench
        .target
        .batch_execute("update transhume.migration set phase = 'done'")
        .await
        .unwrap();
    bench
        .run("select pg_drop_replication_slot('transhume_0123abcd')")
        .await;
    let end = bench.start(Until::Cancelled).await.ended().await.unwrap();
    assert_eq!(end.reason, EndReason::CutOver);
}

#[tokio::test]
async fn another_source_is_refused() {
    let bench = Bench::new(LEDGER).await;
    let other = "the source server is not the one that this migration began with";
    for (change, undo, wanted) in [
        (
            "update transhume.migration set source_system = '1' || source_system",
            "update transhume.migration set source_system = substr(source_system, 2)",
            other,
        ),
        (
            "update transhume.migration set source_timeline = source_timeline + 1",
            "update transhume.migration set source_timeline = source_timeline - 1",
            other,
        ),
        (
            "update transhume.migration set source_database_oid = source_database_oid::int8 + 1",
            "update transhume.migration set source_database_oid = source_database_oid::int8 - 1",
            "the source database postgres is not the one",
        ),
        (
            "update transhume.frontier set lsn = lsn + 1000000000",
            "update transhume.frontier set lsn = lsn - 1000000000",
            "the source has another past than the one that was followed",
        ),
    ] {
        bench.target.batch_execute(change).await.unwrap();
        let (message, _) = stop_of(bench.catch_up().await);
        assert!(message.contains(wanted), "{change}: {message}");
        bench.target.batch_execute(undo).await.unwrap();
    }
    bench.catch_up().await.unwrap();
    bench
        .target
        .batch_execute("update transhume.frontier set lsn = '0/0'")
        .await
        .unwrap();

    let (message, _) = stop_of(bench.catch_up().await);
    assert_eq!(message, "the target holds no applied LSN");
}

#[tokio::test]
async fn a_slot_whose_wal_is_gone_is_named_and_never_waited_for() {
    let bench = Bench::new(LEDGER).await;
    bench.run("alter system set max_slot_wal_keep_size = '1MB'").await;
    bench.run("select pg_reload_conf()").await;
    for _ in 0..3 {
        bench
            .run("select pg_logical_emit_message(false, 'other', repeat('x', 20000000))")
            .await;
        bench.run("select pg_switch_wal()").await;
        bench.run("checkpoint").await;
    }

    let (message, hint) = stop_of(bench.catch_up().await);
    assert!(
        message.contains("has lost WAL that was not read yet"),
        "{message}"
    );
    assert!(hint.contains("max_slot_wal_keep_size"), "{hint}");
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

/// The stop blocks a thread, and following must go on meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fast_stop_of_the_source_waits_neither_for_us_nor_for_our_backlog() {
    let mut bench = Bench::new("create table public.ledger (client int, seq int, filler text)").await;
    let running = bench.start(Until::Cancelled).await;
    insert_filled(&bench, 0, 10).await;
    bench
        .wait_on_target("select count(*) from public.ledger", "10")
        .await;
    // Nothing can be applied, and more is waiting than all buffers on the way hold.
    let lock = "begin; lock table public.ledger in access exclusive mode";
    bench.target.batch_execute(lock).await.unwrap();
    bench
        .run("insert into ledger select 1, 10 + g, repeat('x', 1000) from generate_series(1, 150000) g")
        .await;
    let stopping = std::time::Instant::now();
    bench.servers.source.restart().unwrap();
    let took = stopping.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");

    bench.target.batch_execute("rollback").await.unwrap();
    bench.reconnect().await;
    bench
        .wait_on_target("select count(*) from public.ledger", "150010")
        .await;
    running.cancel().await.unwrap();
}

async fn insert_filled(bench: &Bench, from: u32, to: u32) {
    bench
        .run(&format!(
            "insert into public.ledger select 1, g, 'x' from generate_series({from}, {to} - 1) g"
        ))
        .await;
}

/// The target's WAL writer stands still: what is committed is seen and not flushed.
#[tokio::test]
async fn what_the_target_loses_by_a_crash_was_never_confirmed() {
    let mut bench = Bench::new(LEDGER).await;
    let query = "select pid from pg_stat_activity where backend_type = 'walwriter'";
    let walwriter: i32 = bench.target.query_one(query, &[]).await.unwrap().get(0);
    let running = bench.start(Until::Cancelled).await;
    insert_many(&bench, 0, 20).await;
    bench
        .wait_on_target("select count(*) from public.ledger", "20")
        .await;
    let stopped = std::process::Command::new("kill")
        .args(["-STOP", &walwriter.to_string()])
        .status();
    assert!(stopped.unwrap().success());
    insert_many(&bench, 20, 200).await;
    bench
        .wait_on_target("select count(*) from public.ledger", "200")
        .await;
    bench.servers.target.kill_postmaster();
    bench.servers.target.start_again().unwrap();
    bench.reconnect().await;

    bench
        .wait_on_target("select count(*) from public.ledger", "200")
        .await;
    running.cancel().await.unwrap();
    assert_exactly_once(&bench, 200).await;
}
