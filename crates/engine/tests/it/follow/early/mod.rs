//! Large transactions that are written to the target before their commit: seen only at it, and in nobody's way.

mod in_the_way;

use std::time::Duration;

use transhume_engine::follow::Until;
use transhume_pg::connection::session::Session;

use super::bench::{Bench, Running, session};

const TABLES: &str = "create table public.big (id int primary key, n int, x text);
                      create table public.small (n int)";
/// Some hundred times the source's memory for decoding.
const LARGE: &str = "insert into big select g, g, repeat(md5(g::text), 20) from generate_series(1, 5000) g";
const IS_WRITING: &str = "select count(*) > 0 from pg_stat_activity
                          where application_name like 'transhume:%:early' and backend_xid is not null";
const IS_GONE: &str =
    "select count(*) = 0 from pg_stat_activity where application_name like 'transhume:%:early'";

const WRITER: &str = "select pid from pg_stat_activity
                      where application_name like 'transhume:%:early' and backend_xid is not null";

async fn bench() -> Bench {
    Bench::in_progress(TABLES, TABLES).await
}

/// A transaction on the source that is open, and of which something is written on the target.
async fn begin_large(bench: &Bench) -> Session {
    let large = session(&bench.endpoints.source).await;
    large.batch_execute("begin").await.unwrap();
    large.batch_execute(LARGE).await.unwrap();
    bench.wait_on_target(IS_WRITING, "true").await;
    bench
        .wait_on_target("select pg_relation_size('public.big') > 1000000", "true")
        .await;
    large
}

/// A thousand rows more, enough to be sent.
async fn more(large: &Session, from: i32) {
    let insert =
        format!("insert into big select {from} + g, g, repeat('z', 300) from generate_series(1, 1000) g");
    large.batch_execute(&insert).await.unwrap();
}

/// An ordinary transaction reaches the target.
async fn goes_on(bench: &Bench, n: i32) {
    bench.run(&format!("insert into small values ({n})")).await;
    let arrived = format!("select count(*) > 0 from public.small where n = {n}");
    bench.wait_on_target(&arrived, "true").await;
}

/// As if the load of the small table had read whatever began before this transaction, and of the other one nothing.
async fn read_small_under(bench: &Bench, xid: i64) {
    let bind = format!(
        "with taken as (insert into transhume.snapshot (name, snapshot, from_slot) values ('', '{xid}:{xid}:', false) returning id)
         update transhume.relation set snapshot_id = taken.id from taken where table_name = 'small'"
    );
    bench.target.batch_execute(&bind).await.unwrap();
}

/// All that the source has written by now is here.
async fn wait_until_received(bench: &Bench) {
    let end = bench.source_end().await;
    bench
        .run("select pg_logical_emit_message(false, 'test', 'end')")
        .await;
    let received = format!(
        "select coalesce(max(write_lsn), '0/0') >= '{end}' from pg_stat_replication where application_name like '%:stream'"
    );
    bench.wait_on_source(&received, "true").await;
}

async fn compare(bench: &Bench, running: Running) {
    goes_on(bench, -1).await;
    running.cancel().await.unwrap();
    bench.compare().await;
}

#[tokio::test]
async fn it_is_written_before_its_commit_and_seen_at_it() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let large = begin_large(&bench).await;
    goes_on(&bench, 1).await;
    assert_eq!(bench.on_target("select count(*) from public.big").await, "0");

    large.batch_execute("commit").await.unwrap();
    bench
        .wait_on_target("select count(*) from public.big", "5000")
        .await;
    // What came behind needs the relations that it announced.
    bench.run("update big set n = 0 where id = 1").await;
    bench.wait_on_target(IS_GONE, "true").await;
    compare(&bench, running).await;
    let counted = "select transactions || ' ' || changes from transhume.frontier";
    assert_eq!(bench.on_target(counted).await, "4 5003");
}

#[tokio::test]
async fn what_rolls_back_is_never_seen() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let large = begin_large(&bench).await;
    large.batch_execute("rollback").await.unwrap();
    // An abort is sent with what comes behind it.
    goes_on(&bench, 1).await;
    bench.wait_on_target(IS_GONE, "true").await;

    let large = begin_large(&bench).await;
    large.batch_execute("commit").await.unwrap();
    compare(&bench, running).await;
    assert_eq!(bench.on_target("select count(*) from public.big").await, "5000");
}

#[tokio::test]
async fn it_may_change_what_others_have_committed_meanwhile() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let large = begin_large(&bench).await;
    for round in 0..40 {
        let id = 10_000 + round * 100;
        let made = format!("insert into big select {id} + g, g, 'made' from generate_series(1, 10) g");
        bench.run(&made).await;
        let changed = format!(
            "update big set x = repeat('changed', 100) where id between {id} and {id} + 7;
             delete from big where id = {id} + 8;
             insert into big select {id} + 20 + g, g, repeat('large', 100) from generate_series(1, 50) g"
        );
        large.batch_execute(&changed).await.unwrap();
        bench
            .run(&format!(
                "update big set x = 'left' where id in ({id} + 9, {id} + 10)"
            ))
            .await;
    }
    assert_eq!(bench.on_target(IS_WRITING).await, "true");
    large.batch_execute("commit").await.unwrap();

    compare(&bench, running).await;
    let rows = "select count(*) from public.big where x like 'changed%'";
    assert_eq!(bench.on_target(rows).await, (40 * 7).to_string());
}

#[tokio::test]
async fn a_backlog_of_large_ones_is_applied_in_order() {
    let bench = bench().await;
    for round in 0..3 {
        bench
            .run(&format!(
                "insert into big select {round} * 10000 + g, g, repeat(md5(g::text), 20) from generate_series(1, 5000) g"
            ))
            .await;
        bench.run("update big set n = n + 1 where id % 3 = 0").await;
        bench.run("delete from big where id % 7 = 0").await;
    }
    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn wherever_the_way_to_the_target_is_cut_at_its_end_it_is_applied_once() {
    let mut bench = bench().await;
    let proxy = bench.through_proxy().await;
    let running = bench.start(Until::Cancelled).await;
    for (round, bytes) in (0..12).map(|n| n * 20).enumerate() {
        let large = session(&bench.endpoints.source).await;
        // Without a key, so that a second time would be seen.
        let insert = format!("begin; insert into small select {round} from generate_series(1, 2000)");
        large.batch_execute(&insert).await.unwrap();
        bench.wait_on_target(IS_WRITING, "true").await;
        let ((), committed) = tokio::join!(
            proxy.cut_after(bytes, Duration::from_secs(1)),
            large.batch_execute("commit"),
        );
        committed.unwrap();
        let arrived = format!("select count(*) from public.small where n = {round}");
        bench.wait_on_target(&arrived, "2000").await;
    }
    compare(&bench, running).await;
}

#[tokio::test]
async fn what_a_table_s_load_has_read_is_left_out() {
    let bench = bench().await;
    let large = session(&bench.endpoints.source).await;
    large.batch_execute("begin").await.unwrap();
    large.batch_execute("insert into small values (0)").await.unwrap();
    let xid: i64 = large
        .query_one("select txid_current()", &[])
        .await
        .unwrap()
        .get(0);
    read_small_under(&bench, xid + 1).await;
    let running = bench.start(Until::Cancelled).await;
    large.batch_execute(LARGE).await.unwrap();
    large
        .batch_execute("insert into small select 0 from generate_series(1, 5000)")
        .await
        .unwrap();
    bench.wait_on_target(IS_WRITING, "true").await;
    large.batch_execute("commit").await.unwrap();

    goes_on(&bench, 1).await;
    running.cancel().await.unwrap();
    assert_eq!(bench.on_target("select count(*) from public.big").await, "5000");
    assert_eq!(bench.on_target("select count(*) from public.small").await, "1");
}

/// What is skipped moves no frontier, and is nothing that a large transaction has to wait for.
#[tokio::test]
async fn a_backlog_that_the_load_has_read_is_in_no_large_one_s_way() {
    let bench = bench().await;
    let large = session(&bench.endpoints.source).await;
    large.batch_execute("begin").await.unwrap();
    for n in 0..20 {
        bench.run(&format!("insert into small values ({n})")).await;
        // The last of them just fills the source's memory, so that all that follows comes at once.
        let part = format!(
            "insert into big select {n} * 100 + g, g, repeat('x', 500) from generate_series(1, 90) g"
        );
        large.batch_execute(&part).await.unwrap();
    }
    let row = bench
        .source
        .query_one("select txid_current()", &[])
        .await
        .unwrap();
    large.batch_execute("commit").await.unwrap();
    read_small_under(&bench, row.get(0)).await;
    bench
        .target
        .batch_execute("insert into small select generate_series(0, 19)")
        .await
        .unwrap();
    bench.catch_up_and_compare().await;
}

/// What committed before is not on the target yet: it waits for that, and for its turn.
#[tokio::test]
async fn it_stays_behind_what_committed_before_it() {
    let bench = bench().await;
    let running = bench.start(Until::Cancelled).await;
    let large = begin_large(&bench).await;
    let writer = bench.on_target(WRITER).await;
    let keeper = session(&bench.endpoints.target).await;
    keeper
        .batch_execute("begin; lock table public.small in share mode")
        .await
        .unwrap();
    bench
        .run("begin; insert into small values (1); insert into big select g, g, 'before' from generate_series(6001, 9000) g; commit")
        .await;
    let waits = "select count(*) > 0 from pg_stat_activity where application_name like '%:apply' and wait_event_type = 'Lock'";
    bench.wait_on_target(waits, "true").await;
    large
        .batch_execute("update big set x = repeat('behind', 50) where id > 6000")
        .await
        .unwrap();
    // A second large one is kept meanwhile, and behind both.
    bench
        .run("insert into big select g, g, repeat('second', 50) from generate_series(10001, 12000) g")
        .await;
    large.batch_execute("commit").await.unwrap();
    bench.run("update big set n = 0 where id % 2 = 0").await;
    wait_until_received(&bench).await;
    assert_eq!(bench.on_target(WRITER).await, writer);
    assert_eq!(bench.on_target("select count(*) from public.big").await, "0");

    keeper.batch_execute("commit").await.unwrap();
    compare(&bench, running).await;
}
