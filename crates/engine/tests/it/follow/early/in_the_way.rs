//! What is in the way of a large transaction that is written early leaves it for its commit, and costs nothing but time.

use std::time::Duration;

use transhume_engine::follow::Until;

use super::{
    super::bench::{Bench, session, stop_of},
    IS_GONE, TABLES, begin_large, bench, compare, goes_on, more,
};

#[tokio::test]
async fn what_cannot_be_written_before_waits_for_the_commit() {
    for statements in [
        "savepoint a; update big set x = 'lost' where id < 4000; rollback to a",
        "truncate small",
        "alter table big replica identity full; delete from big where id = 7",
        "alter table big replica identity full; update big set x = 'by its row' where id = 7",
        "select pg_logical_emit_message(true, 'transhume', 'nobody''s')",
    ] {
        let bench = bench().await;
        let running = bench.start(Until::Cancelled).await;
        goes_on(&bench, 1).await;
        let large = begin_large(&bench).await;
        large.batch_execute("savepoint before").await.unwrap();
        more(&large, 6000).await;
        large.batch_execute(statements).await.unwrap();
        more(&large, 7000).await;
        bench.wait_on_target(IS_GONE, "true").await;
        // It is not tried again.
        more(&large, 8000).await;
        assert_eq!(bench.on_target("select count(*) from public.big").await, "0");
        assert_eq!(bench.on_target(IS_GONE).await, "true");
        large.batch_execute("commit").await.unwrap();
        compare(&bench, running).await;
    }
}

#[tokio::test]
async fn the_session_that_applies_goes_first() {
    let unique = format!("{TABLES}; create unique index on public.big (n)");
    let bench = Bench::in_progress(TABLES, &unique).await;
    let running = bench.start(Until::Cancelled).await;
    let large = begin_large(&bench).await;

    // The source does not mind; the target's index has the other one wait for the large one.
    bench.run("insert into big values (9001, 1, 'same')").await;
    bench
        .wait_on_target("select count(*) from public.big where id = 9001", "1")
        .await;
    large
        .batch_execute("delete from big where id = 1; commit")
        .await
        .unwrap();
    compare(&bench, running).await;
}

#[tokio::test]
async fn whoever_wants_a_lock_on_the_target_gets_it() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let large = begin_large(&bench).await;

    let lock = bench.target.batch_execute("begin; lock table public.big");
    tokio::time::timeout(Duration::from_secs(20), lock)
        .await
        .expect("the lock is had")
        .unwrap();
    bench.target.batch_execute("commit").await.unwrap();
    goes_on(&bench, 1).await;
    large.batch_execute("commit").await.unwrap();
    compare(&bench, running).await;
}

#[tokio::test]
async fn a_session_that_is_lost_costs_nothing_but_time() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let large = begin_large(&bench).await;
    let end = "select bool_and(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'transhume:%:early'";
    assert_eq!(bench.on_target(end).await, "true");
    goes_on(&bench, 1).await;
    large.batch_execute("commit").await.unwrap();
    compare(&bench, running).await;
}

#[tokio::test]
async fn a_row_that_is_missing_is_told_with_the_commit_s_position() {
    let bench = bench().await;
    bench.run("insert into big values (0, 0, 'here')").await;
    bench.catch_up_and_compare().await;
    bench.target.batch_execute("delete from big").await.unwrap();
    let running = bench.start(Until::Cancelled).await;
    let large = begin_large(&bench).await;
    large
        .batch_execute("update big set x = 'changed' where id = 0; commit")
        .await
        .unwrap();

    let (message, _) = stop_of(running.ended().await);
    assert!(message.contains("the row is not on the target"), "{message}");
    assert_eq!(bench.on_target("select count(*) from public.big").await, "0");
    bench
        .target
        .batch_execute("insert into big values (0, 0, 'here')")
        .await
        .unwrap();
    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn it_waits_where_nobody_lets_it_move_the_frontier() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let large = begin_large(&bench).await;
    let keeper = session(&bench.endpoints.target).await;
    keeper
        .batch_execute("begin; select from transhume.frontier for update")
        .await
        .unwrap();
    large.batch_execute("commit").await.unwrap();
    bench
        .wait_on_target(
            "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'",
            "true",
        )
        .await;
    assert_eq!(bench.on_target("select count(*) from public.big").await, "0");
    keeper.batch_execute("commit").await.unwrap();
    compare(&bench, running).await;
}

#[tokio::test]
async fn what_a_savepoint_took_back_at_the_end_is_not_there() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let large = begin_large(&bench).await;
    let lost =
        "savepoint a; insert into big select g, g, repeat('lost', 200) from generate_series(6001, 9000) g";
    large.batch_execute(lost).await.unwrap();
    bench
        .wait_on_target("select pg_relation_size('public.big') > 5000000", "true")
        .await;
    large
        .batch_execute("rollback to a; insert into small values (1); commit")
        .await
        .unwrap();
    compare(&bench, running).await;
    assert_eq!(bench.on_target("select count(*) from public.big").await, "5000");
}
