//! Batches written as sets: values of every type, and what sets are refused for.

use transhume_testkit::{
    oracle::{self, Except},
    traffic::{Traffic, TrafficOptions},
    workload,
};

use super::bench::Bench;

/// Transactions of the mixed traffic: a few batches of hundreds.
const TRANSACTIONS: u64 = 600;

#[tokio::test]
async fn a_backlog_of_mixed_traffic_on_every_kind_of_table_leaves_the_same_rows() {
    let mut bench = Bench::servers().await;
    let (source, target) = (bench.servers.source_url.clone(), bench.servers.target_url.clone());
    workload::create_torture(&source, &target).await;
    workload::create_torture(&target, &source).await;
    for session in [&bench.source, &bench.target] {
        session
            .batch_execute(include_str!("sql/empty_torture.sql"))
            .await
            .unwrap();
    }
    bench.begin_migration().await;
    bench.run(include_str!("sql/torture_rows.sql")).await;
    let traffic = Traffic::start(&source, &TrafficOptions::default());
    traffic.wait_for(TRANSACTIONS).await;
    let acknowledged = traffic.stop().await;

    bench.catch_up().await.unwrap();

    let except = Except {
        tables: vec!["torture.unlogged".to_owned()],
        ..Except::default()
    };
    let differences = oracle::row_differences(&source, &target, &except).await;
    assert!(
        differences.is_empty(),
        "seed {}: {}",
        acknowledged.seed,
        differences.join("\n")
    );
}

#[tokio::test]
async fn rows_that_trade_a_unique_value_are_written_one_by_one() {
    let bench = Bench::new(
        "create table swap (id int primary key, place int unique, x text);
         create table other (id int primary key)",
    )
    .await;
    bench
        .run(
            "insert into swap select g, g from generate_series(1, 10) g;
             begin;
             insert into other values (1);
             update swap set place = -1 where id = 1;
             update swap set place = 1 where id = 2;
             update swap set place = 2 where id = 1;
             commit",
        )
        .await;

    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn a_refused_flight_keeps_the_earlier_ones_of_its_transaction() {
    let bench =
        Bench::new("create table swap (id int primary key, place int unique); create table many (id int)")
            .await;
    bench
        .run("insert into swap select g, g from generate_series(1, 10) g")
        .await;
    bench.catch_up().await.unwrap();
    bench
        .run(
            "begin;
             insert into many select generate_series(1, 25000);
             update swap set place = -1 where id = 1;
             update swap set place = 1 where id = 2;
             update swap set place = 2 where id = 1;
             insert into many select generate_series(1, 25000);
             commit",
        )
        .await;

    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn values_mean_what_their_type_reads_even_where_a_cast_from_text_does_not() {
    let bench = Bench::new(
        "create type pair as (a int, b text);
         create function wrong(text) returns pair language sql as 'select row(0, ''wrong'')::public.pair';
         create cast (text as pair) with function wrong(text);
         create domain short as varchar(3);
         create domain shorts as short[];
         create type colour as enum ('red', 'dark \"blue\"');
         create table wrong_cast (id int primary key, p pair);
         create table odd (k colour, w varchar(4), s short, t shorts, n numeric(6, 2), b bit(3), c char(3), o oidvector,
                           x xml, i interval second(2), primary key (k, w))",
    )
    .await;
    bench
        .run(
            r#"insert into wrong_cast select g, row(g, 'right')::pair from generate_series(1, 3) g;
             update wrong_cast set p = row(7, null) where id = 2;
             insert into odd values
               ('red', 'ab  ', 'xyz', '{abc,NULL,""}', 12.3, '101', 'a', '1 2', '<a>&amp;</a>', '1.239 s'),
               ('dark "blue"', '', '', '{}', 'NaN', '000', '', '', NULL, '-1 day'),
               ('red', E'\\', E'a\n', NULL, NULL, NULL, NULL, NULL, 'text <b/>', NULL);
             update odd set s = 'new', t = '{"{}","\\\"","NUL"}' where k = 'red';
             update odd set w = 'key' where k = 'dark "blue"';
             delete from odd where w = E'\\'"#,
        )
        .await;

    bench.catch_up_and_compare().await;
}
