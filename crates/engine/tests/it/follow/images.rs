//! Many changes of rows that no key tells apart, in one batch.

use super::bench::Bench;

const TABLES: &str = "create table ledger (account int, amount numeric(12, 2), note text, at timestamptz, extra json, f float8);
     alter table ledger replica identity full;
     create table indexed (a int, b text collate \"C\", c int[]); create index on indexed (a, b);
     alter table indexed replica identity full;
     create table big (n int, body text); alter table big alter body set storage external;
     alter table big replica identity full;";

/// Each row is there twice, and one in seven has no note.
const ROWS: &str = r#"insert into ledger
       select n % 50, n + 0.50, nullif('line ' || n, 'line ' || n / 7 * 7), '2026-01-01Z', '{"n": 1}', n / 3.0
       from generate_series(1, 400) n, generate_series(1, 2);
     insert into ledger select from generate_series(1, 5);
     insert into indexed select n % 20, 'b' || n, array[n] from generate_series(1, 500) n;
     insert into big select n, repeat(md5(n::text), 200) from generate_series(1, 20) n;"#;

const CHANGES: &str = r#"begin;
     delete from ledger where ctid in (select min(ctid) from ledger where account < 10 group by amount);
     update ledger set amount = amount + 1 where account between 10 and 20;
     update ledger set note = null where account between 18 and 30;
     update ledger set note = 'again', f = '-0' where account between 25 and 35;
     delete from ledger where account = 28;
     update ledger set extra = '{"n":1}' where ctid in (select min(ctid) from ledger where account > 40 group by amount);
     delete from ledger where ctid in (select ctid from ledger where account is null limit 2);
     update ledger set account = 1 where ctid in (select ctid from ledger where account is null limit 1);
     insert into ledger select 60, n, 'new', now(), null, n from generate_series(1, 30) n, generate_series(1, 2);
     delete from ledger where ctid in (select min(ctid) from ledger where account = 60 and amount < 20 group by amount);
     update ledger set amount = 0 where account = 60 and amount > 15;
     update indexed set c = c || 1 where a < 10; delete from indexed where a = 11; update indexed set a = a + 100 where a > 15;
     update big set n = n + 100 where n > 5; update big set body = 'short' where n > 110; delete from big where n < 4;
     commit;"#;

#[tokio::test]
async fn one_look_at_the_table_finds_all_rows_without_a_key_that_a_batch_changes() {
    let bench = Bench::new(TABLES).await;
    bench.run(ROWS).await;
    bench.catch_up_and_compare().await;
    let looks = "select coalesce(sum(seq_scan), 0) from pg_stat_user_tables where relname = 'ledger'";
    // The comparison's session is still open; what it did is counted by the time that it ends.
    let written = "select sum(n_tup_del + n_tup_upd) > 500 from pg_stat_user_tables where relname = 'ledger'";
    bench.run(CHANGES).await;
    bench.catch_up_and_compare().await;

    bench.wait_on_target(written, "true").await;
    let looks: u32 = bench.on_target(looks).await.parse().unwrap();
    assert!(looks < 60, "{looks} sequential scans");
}

#[tokio::test]
async fn a_row_without_a_key_that_is_missing_among_many_stops_before_its_transaction() {
    let bench = Bench::new(TABLES).await;
    bench.run(ROWS).await;
    bench.catch_up_and_compare().await;
    let gone = "delete from public.ledger where account = 7 and amount = 7.50";
    bench.target.batch_execute(gone).await.unwrap();
    bench.run("update ledger set note = 'x' where account = 7").await;

    let (message, _) = super::bench::stop_of(bench.catch_up().await);

    assert_eq!(
        message,
        "UPDATE of public.ledger cannot be applied: the row is not on the target"
    );
    assert_eq!(
        bench
            .on_target("select count(*) from public.ledger where note = 'x'")
            .await,
        "0"
    );
}
