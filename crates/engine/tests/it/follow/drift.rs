//! The source's tables change their shape: it stops before the first change concerned, says what to
//! run, and goes on once that is done.

use super::bench::{Bench, stop_of};

async fn runs_on_after_the_hint(bench: &Bench, expected: &str) {
    let (message, hint) = stop_of(bench.catch_up().await);
    assert_eq!(message, expected);
    let statement = hint
        .strip_prefix("on the target: ")
        .and_then(|rest| rest.strip_suffix("; then run again"))
        .unwrap_or_else(|| panic!("no statement in: {hint}"));
    bench.target.batch_execute(statement).await.unwrap();
    bench.catch_up_and_compare().await;
}

#[tokio::test]
async fn a_new_column_stops_before_its_first_change_and_its_statement_makes_it_go_on() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    bench.run("insert into t values (1)").await;
    bench
        .run("alter table t add column \"No\"\"te\" numeric(10,2) not null default 7")
        .await;
    bench.run("update t set id = 2").await;

    let (_, hint) = stop_of(bench.catch_up().await);
    assert_eq!(bench.on_target("select id from public.t").await, "1");
    assert!(hint.contains("numeric(10,2)"), "{hint}");
    runs_on_after_the_hint(&bench, "the target has no column No\\\"te in public.t").await;
}

#[tokio::test]
async fn a_column_of_another_type_stops_and_goes_on() {
    let bench = Bench::new("create table public.t (id int primary key, x varchar(5), n int)").await;
    bench.run("insert into t values (1, 'abc', 1)").await;
    bench.run("alter table t alter column x type varchar(50)").await;
    bench.run("insert into t values (2, 'abcdefgh', 2)").await;
    runs_on_after_the_hint(&bench, "column x of public.t has another type on the target").await;

    bench.run("alter table t alter column n type bigint").await;
    bench.run("update t set n = 5000000000").await;
    runs_on_after_the_hint(&bench, "column n of public.t has another type on the target").await;
}

#[tokio::test]
async fn a_renamed_table_stops_and_goes_on() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    bench.run("insert into t values (1)").await;
    bench.run("alter table t rename to u").await;
    bench.run("insert into u values (2)").await;

    runs_on_after_the_hint(&bench, "public.t is called public.u on the source now").await;
}

#[tokio::test]
async fn a_table_that_is_not_part_of_the_migration_stops() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    bench
        .run("create table late (id int); insert into late values (1)")
        .await;

    let (message, _) = stop_of(bench.catch_up().await);

    assert_eq!(
        message,
        "the stream has changes of public.late, which is not part of the migration"
    );
}

#[tokio::test]
async fn columns_match_by_name_and_the_target_may_have_more() {
    let bench = Bench::with_schemas(
        "create table public.t (id int primary key, a text, gone int, b int);
         alter table public.t drop column gone",
        "create table public.t (b int, extra text default 'x', id int primary key, a text)",
    )
    .await;
    bench
        .run("insert into t values (1, 'a', 2), (2, 'b', 3); update t set b = 5 where id = 1")
        .await;

    bench.catch_up().await.unwrap();

    let found = bench
        .on_target("select string_agg(concat_ws(',', id, a, b, extra), ' ' order by id) from public.t")
        .await;
    assert_eq!(found, "1,a,5,x 2,b,3,x");
}
