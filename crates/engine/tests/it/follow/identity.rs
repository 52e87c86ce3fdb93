//! Keys that change, swap and come back, and constraints that are checked late.

use super::bench::Bench;

const TABLES: &str = "create table chain (id int primary key, x text);
     create table place (id int primary key, pos int unique deferrable initially deferred);
     create table spot (id int primary key, pos int unique deferrable initially immediate);
     create table plain_unique (id int primary key, code text unique);";

const CHANGES: &str = "insert into chain values (1, 'a'), (2, 'b'), (3, 'c');
     begin;
     update chain set id = 10 where id = 1;
     update chain set id = 11 where id = 10;
     update chain set id = 1 where id = 2;
     insert into chain values (2, 'new');
     delete from chain where id = 3;
     insert into chain values (3, 'again');
     update chain set id = 4 where id = 3;
     commit;
     insert into place values (1, 1), (2, 2);
     begin;
     update place set pos = 2 where id = 1;
     update place set pos = 1 where id = 2;
     commit;
     insert into spot values (1, 1), (2, 2), (3, 3);
     update spot set pos = 4 - pos;
     insert into plain_unique values (1, 'x'), (2, 'y');
     begin;
     update plain_unique set code = null where id = 1;
     update plain_unique set code = 'x' where id = 2;
     update plain_unique set code = 'y' where id = 1;
     commit;";

#[tokio::test]
async fn key_changes_in_chains_and_late_checked_swaps_keep_their_order() {
    let bench = Bench::new(TABLES).await;
    bench.run(CHANGES).await;
    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn the_same_holds_without_replica_role() {
    let mut bench = Bench::new(TABLES).await;
    bench.replica_role = false;
    bench.run(CHANGES).await;
    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn triggers_and_foreign_keys_of_the_target_stay_silent_in_replica_role() {
    let schema = "create table parent (id int primary key);
         create table child (id int primary key, parent int references parent on delete cascade);
         create table log (n int);
         create function note() returns trigger language plpgsql as
           'begin insert into public.log values (1); return new; end';
         create trigger noting after insert on parent for each row execute function note();";
    let bench = Bench::new(schema).await;
    bench
        .run(
            "insert into parent values (1), (2); insert into child values (1, 1), (2, 2);
             delete from parent where id = 1;",
        )
        .await;

    bench.catch_up_and_compare().await;
    assert_eq!(bench.on_target("select count(*) from public.log").await, "2");
}

#[tokio::test]
async fn what_a_savepoint_rolled_back_never_arrives() {
    let bench = Bench::new("create table t (id int primary key, x text)").await;
    bench
        .run(
            "begin;
             insert into t select g, 'kept' from generate_series(1, 500) g;
             savepoint a; insert into t select g, 'gone' from generate_series(501, 1000) g;
             savepoint b; update t set x = 'gone';
             rollback to a;
             insert into t values (501, 'after');
             commit;
             begin; insert into t values (9999, 'never'); rollback;",
        )
        .await;

    bench.catch_up_and_compare().await;
    assert_eq!(bench.on_target("select count(*) from public.t").await, "501");
}

#[tokio::test]
async fn a_missing_row_stops_before_its_transaction_and_keeps_all_before_it() {
    let bench = Bench::new("create table t (id int primary key, x text)").await;
    bench.run("insert into t values (1, 'a'), (2, 'b')").await;
    bench.catch_up_and_compare().await;
    bench
        .target
        .batch_execute("delete from public.t where id = 2")
        .await
        .unwrap();
    bench.run("update t set x = 'before' where id = 1").await;
    bench.run("update t set x = 'conflict' where id = 2").await;
    bench.run("update t set x = 'after' where id = 1").await;

    let (message, _) = super::bench::stop_of(bench.catch_up().await);

    assert_eq!(
        message,
        "UPDATE of public.t cannot be applied: the row is not on the target"
    );
    assert_eq!(bench.on_target("select x from public.t").await, "before");
    bench
        .target
        .batch_execute("insert into public.t values (2, 'b')")
        .await
        .unwrap();
    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn keys_that_are_equal_without_being_the_same_and_ranges_that_change_places_find_their_rows() {
    let bench = Bench::new(
        "create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         create table nondeterministic (k text collate folded primary key, n int);
         create table computed_key (a int, b int generated always as (a * 2) stored, c int, primary key (a, b));
         alter table computed_key replica identity full;
         create table booked (id int primary key, during int4range, exclude using gist (during with &&));
         create table changing (id int primary key, code text not null unique, n int)",
    )
    .await;
    bench
        .run(
            "insert into nondeterministic values ('Straße', 1), ('ABC', 2), ('def', 3);
             update nondeterministic set k = 'abc' where k = 'aBc';
             update nondeterministic set n = 7 where k = 'STRAßE';
             update nondeterministic set n = 8 where k = 'Abc';
             delete from nondeterministic where k = 'DEF';
             insert into nondeterministic values ('DeF', 4);
             insert into computed_key values (1, default, 1), (2, default, 2), (3, default, 3);
             update computed_key set c = 10 where a = 1;
             update computed_key set a = 20 where a = 2;
             delete from computed_key where a = 3;
             insert into booked values (1, '[0,10)'), (2, '[10,20)');
             begin;
             update booked set during = '[100,110)' where id = 1;
             update booked set during = '[0,10)' where id = 2;
             update booked set during = '[10,20)' where id = 1;
             commit;
             insert into changing values (1, 'a', 1), (2, 'b', 2);
             update changing set n = 3 where id = 1;
             alter table changing replica identity using index changing_code_key;
             update changing set code = 'c', n = 4 where id = 1;
             alter table changing replica identity full;
             update changing set id = 5 where code = 'c';
             delete from changing where id = 2;
             alter table changing replica identity default;
             update changing set n = 6 where id = 5",
        )
        .await;

    bench.catch_up_and_compare().await;
    assert_eq!(
        bench
            .on_target("select string_agg(k || n, ' ' order by n) from public.nondeterministic")
            .await,
        "DeF4 Straße7 abc8"
    );
}
