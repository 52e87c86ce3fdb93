//! A source transaction is on the target by one target transaction, or not at all.

use transhume_engine::follow::Until;

use super::bench::Bench;

/// Rows of the latest source transaction, by its number.
const WRITTEN: &str = "select count(*) from (
    select n from keyed union all select n from again union all select n from ledger union all select n from many) rows
    where n = ";

/// BEGIN leaves in one go with what follows. Where it fails (here it is spoiled; pg_cancel_backend may hit it), nothing of that
/// may commit by itself, be it sets, rows one by one, a copy, or the new frontier.
#[tokio::test]
async fn statements_behind_a_begin_that_failed_write_nothing() {
    let mut bench = Bench::new(
        "create table keyed (id int primary key, n int);
         create table again (id int primary key, n int);
         create table ledger (n int, line text); alter table ledger replica identity full;
         create table many (id int primary key, n int);
         create table gone (id int primary key, n int)",
    )
    .await;
    let proxy = bench.through_proxy().await;
    bench
        .run("insert into keyed select g, 0 from generate_series(1, 40) g; insert into again table keyed")
        .await;
    bench.catch_up().await.unwrap();

    let kinds = [
        "update keyed set n = {n} where id = 1; update again set n = {n} where id = 1",
        "update keyed set n = {n} where id < 30; insert into again values (100 + {n}, {n}); delete from again where id < {n}",
        "update keyed set n = {n} where id = 1; insert into ledger select {n}, 'line' from generate_series(1, 5)",
        "update keyed set n = {n} where id = 1; update ledger set n = {n}",
        "update keyed set n = {n} where id = 1; delete from ledger where n < {n}; insert into ledger values ({n}, 'x')",
        "update keyed set n = {n} where id = 1; update ledger set n = {n}",
        "update keyed set n = {n} where id = 1; insert into many select {n} * 10000 + g, {n} from generate_series(1, 3000) g",
        "update keyed set n = {n} where id = 1; truncate gone; insert into again values (200 + {n}, {n})",
    ];
    for (place, kind) in kinds.iter().enumerate() {
        let write = async |n: usize| {
            let changes = kind.replace("{n}", &n.to_string());
            bench.run(&format!("begin; {changes}; commit")).await;
        };
        let (before, n) = (2 * place + 1, 2 * place + 2);
        let running = bench.start(Until::Cancelled).await;
        // Once, so that every statement is prepared: preparing waits for what is under way.
        write(before).await;
        bench
            .wait_on_target("select max(n) from keyed", &before.to_string())
            .await;
        proxy.spoil("begin isolation level read committed");
        write(n).await;
        running.ended().await.expect_err("BEGIN is refused");
        assert!(proxy.has_spoiled(), "{kind}");
        let written = bench.on_target(&format!("{WRITTEN}{n}")).await;
        assert_eq!(written, "0", "{kind}");

        bench.catch_up_and_compare().await;
    }
}
