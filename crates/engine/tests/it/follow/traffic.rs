//! Volume: large transactions, backlogs, and the testkit's mixed traffic.

use super::bench::Bench;

#[tokio::test]
async fn a_large_transaction_and_a_backlog_of_small_ones_arrive_whole() {
    let bench =
        Bench::new("create table public.t (id int primary key, x text); create table public.ledger (n int)")
            .await;
    bench
        .run("insert into t select g, md5(g::text) from generate_series(1, 20000) g")
        .await;
    bench
        .run("do $$ begin for n in 1..1500 loop insert into public.ledger values (n); commit; end loop; end $$")
        .await;
    bench.run("update t set x = 'y' where id % 2 = 0").await;

    bench.catch_up_and_compare().await;

    let query = "select concat_ws(' ', transactions, changes) from transhume.frontier";
    assert_eq!(bench.on_target(query).await, "1502 31500");
}

#[tokio::test]
async fn changes_that_a_tables_snapshot_shows_are_skipped() {
    let bench =
        Bench::new("create table public.a (id int primary key); create table public.b (id int primary key)")
            .await;
    bench
        .run("insert into a values (1); insert into b values (1)")
        .await;
    let row = bench
        .source
        .query_one("select txid_current_snapshot()::text", &[])
        .await
        .unwrap();
    let snapshot: String = row.get(0);
    bench
        .target
        .batch_execute(&format!(
            "insert into public.a values (1);
             with taken as (insert into transhume.snapshot (name, snapshot, from_slot)
                            values ('', '{snapshot}', false) returning id)
             update transhume.relation set snapshot_id = taken.id from taken where table_name = 'a'"
        ))
        .await
        .unwrap();
    bench
        .run("insert into a values (2); insert into b values (2)")
        .await;

    bench.catch_up_and_compare().await;
}
