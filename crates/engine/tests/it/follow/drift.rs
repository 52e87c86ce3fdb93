//! The source's tables change their shape: the stream stands before the first change concerned, says what
//! to run, and goes on by itself once that is done. Until it is caught up, it stops instead.

use transhume_engine::follow::{EndReason, Until};

use super::bench::{Bench, Running, stop_of};

/// What the stream stands for, from its finding: the message, and the remedy with what is to be run between backquotes.
async fn stands_for(bench: &Bench) -> (String, String) {
    let finding = "select message from transhume.finding where code = 'schema-drift'";
    bench
        .wait_on_target(&format!("select exists ({finding})"), "true")
        .await;
    let remedy = "select remedy from transhume.finding where code = 'schema-drift'";
    (bench.on_target(finding).await, bench.on_target(remedy).await)
}

/// Runs the statement that it waits for; then all that the source has arrives, without a new start.
async fn goes_on_after_the_remedy(bench: &Bench, expected: &str) {
    let (message, remedy) = stands_for(bench).await;
    assert!(message.starts_with(expected), "{message}");
    let statement = remedy.split('`').nth(1).unwrap_or_default();
    bench.target.batch_execute(statement).await.unwrap();
    bench
        .wait_on_target(
            "select count(*) from transhume.finding where code = 'schema-drift'",
            "0",
        )
        .await;
}

async fn arrives(bench: &Bench, running: Running) {
    let end = bench.source_end().await;
    bench
        .source
        .batch_execute("select pg_logical_emit_message(false, 'test', 'end')")
        .await
        .unwrap();
    bench
        .wait_on_target(&format!("select lsn >= '{end}' from transhume.frontier"), "true")
        .await;
    assert_eq!(running.cancel().await.unwrap().reason, EndReason::Cancelled);
    bench.compare().await;
}

#[tokio::test]
async fn the_stream_stands_before_each_change_that_does_not_fit_and_goes_on_by_itself() {
    let bench = Bench::new(
        "create type mood as enum ('sad', 'happy');
         create table public.t (id int primary key, x varchar(5), m mood);
         create table public.u (id int primary key)",
    )
    .await;
    bench
        .run("insert into t values (1, 'a', 'sad'); insert into u values (1)")
        .await;
    let running = bench.start(Until::Cancelled).await;
    bench.wait_on_target("select count(*) from public.t", "1").await;

    // A value for the rows that are there, which is not the default any more.
    bench
        .run(
            "begin;
             insert into u values (2);
             alter table t add column n int not null default 7;
             alter table t alter column n set default 8;
             insert into t values (2, 'b', 'sad');
             commit;
             insert into u values (3)",
        )
        .await;
    goes_on_after_the_remedy(&bench, "the target has no column n in public.t").await;
    bench.wait_on_target("select count(*) from public.u", "3").await;

    bench.run("alter table t alter column x type varchar(20); insert into t values (3, 'longer than it was', 'sad', 1)").await;
    goes_on_after_the_remedy(&bench, "column x of public.t has another type on the target").await;

    bench.run("alter type mood add value 'calm' before 'happy'").await;
    bench
        .run("insert into t values (4, 'd', 'calm', 2); insert into u values (4)")
        .await;
    let (message, _) = stands_for(&bench).await;
    assert_eq!(
        bench.on_target("select count(*) from public.u").await,
        "3",
        "{message}"
    );
    goes_on_after_the_remedy(&bench, "a change of public.t has the label \"calm\"").await;
    bench.wait_on_target("select count(*) from public.u", "4").await;
    assert_eq!(
        bench
            .on_target("select array_agg(enumlabel order by enumsortorder) from pg_enum")
            .await,
        "{sad,calm,happy}"
    );

    bench
        .run("alter table u rename to v; insert into v values (5)")
        .await;
    goes_on_after_the_remedy(&bench, "public.u is called public.v on the source now").await;
    bench.wait_on_target("select count(*) from public.v", "5").await;

    bench
        .run("alter table t replica identity full; update t set x = 'full' where id = 1")
        .await;
    bench
        .run("alter table t drop column x; update t set n = 9 where id = 2; delete from t where id = 3")
        .await;
    bench.wait_on_target("select count(*) from public.t", "3").await;
    bench
        .target
        .batch_execute("alter table public.t drop column x")
        .await
        .unwrap();
    let story = bench
        .on_target("select count(*) from transhume.history where step = 'the stream waits'")
        .await;
    assert_eq!(story, "4");
    arrives(&bench, running).await;
}

#[tokio::test]
async fn while_the_stream_stands_requests_are_heard_and_a_hold_is_refused() {
    let bench = Bench::new("create table public.t (id int primary key)").await;
    let running = bench.start(Until::Cancelled).await;
    bench
        .run("alter table t add column n uuid default gen_random_uuid(); insert into t values (1)")
        .await;

    let (_, remedy) = stands_for(&bench).await;
    assert!(remedy.contains("`transhume table reload public.t`"), "{remedy}");
    bench
        .wait_on_target(
            "select stands_before is not null and waiting_for like '%has no column n%' from transhume.runner",
            "true",
        )
        .await;
    bench
        .target
        .batch_execute("insert into transhume.command (name) values ('hold')")
        .await
        .unwrap();
    bench
        .wait_on_target(
            "select state || ': ' || answer from transhume.command where name = 'hold'",
            "failed: the stream is waiting: the target has no column n in public.t",
        )
        .await;
    bench
        .target
        .batch_execute("insert into transhume.command (name) values ('stop')")
        .await
        .unwrap();
    assert_eq!(running.ended().await.unwrap().reason, EndReason::Stopped);
}

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
