//! What becomes of changes that the target refuses, by the operator's policy; and what is waited out whatever
//! that says.

use transhume_core::follow::error_policy::{ErrorAction, ErrorPolicy};
use transhume_engine::follow::Until;

use super::bench::{Bench, stop_of};

const TABLES: &str = "create table t (id int primary key, x varchar(5));
     create table u (id int primary key);
     create table ledger (account int, amount int); alter table ledger replica identity full";

async fn stored(bench: &Bench) -> String {
    bench
        .on_target(
            "select string_agg(concat_ws(' ', table_name, operation, key, old_values, new_values, class, sqlstate), '; '
                               order by id) from transhume.exception",
        )
        .await
}

#[tokio::test]
async fn refused_changes_are_stored_whole_with_their_transaction_and_all_others_are_written() {
    let mut bench = Bench::new(TABLES).await;
    bench.on_error = ErrorPolicy {
        data: ErrorAction::Log,
        conflict: ErrorAction::Log,
        table: ErrorAction::Stop,
    };
    bench
        .run("insert into t values (1, 'a'), (2, 'b'), (3, 'c'); insert into ledger values (1, 5), (2, 6)")
        .await;
    bench.catch_up_and_compare().await;
    bench
        .target
        .batch_execute(
            "delete from public.t where id = 2; insert into public.t values (9, 'mine');
             delete from public.ledger where account = 2;
             alter table public.t add check (x <> 'bad')",
        )
        .await
        .unwrap();
    bench
        .run(
            "begin;
             update t set x = 'one' where id = 1; update t set x = 'two' where id = 2;
             insert into t values (9, 'nine'); insert into u values (1); insert into t values (4, 'bad');
             commit;
             insert into u values (2);
             delete from ledger where account = 2; insert into ledger values (3, 7);
             update t set id = 10 where id = 3",
        )
        .await;

    bench.catch_up().await.unwrap();
    // Nothing twice after another start.
    bench.run("insert into u values (3)").await;
    bench.catch_up().await.unwrap();

    let rows = bench
        .on_target("select string_agg(concat(id, ' ', x), ', ' order by id) from public.t")
        .await;
    assert_eq!(rows, "1 one, 9 mine, 10 c");
    assert_eq!(bench.on_target("select count(*) from public.u").await, "3");
    assert_eq!(
        bench.on_target("select sum(amount) from public.ledger").await,
        "12"
    );
    assert_eq!(
        stored(&bench).await,
        r#"t update {"id": "2"} {"x": "two", "id": "2"} conflict; t insert {"x": "nine", "id": "9"} conflict 23505; t insert {"x": "bad", "id": "4"} data 23514; ledger delete {"amount": "6", "account": "2"} conflict"#
    );
    let transactions = bench
        .on_target("select count(distinct (commit_lsn, xid)) from transhume.exception")
        .await;
    assert_eq!(transactions, "2");
}

#[tokio::test]
async fn a_refused_table_is_suspended_where_that_is_wished_and_the_rest_goes_on() {
    let mut bench = Bench::new(TABLES).await;
    bench.on_error.conflict = ErrorAction::Suspend;
    bench
        .target
        .batch_execute("insert into public.t values (1, 'mine')")
        .await
        .unwrap();
    bench
        .run("begin; insert into u values (1); insert into t values (1, 'a'); commit; insert into u values (2)")
        .await;

    bench.catch_up().await.unwrap();

    assert_eq!(bench.on_target("select count(*) from public.u").await, "2");
    assert_eq!(bench.on_target("select x from public.t").await, "mine");
    let state = bench
        .on_target("select state from transhume.relation where table_name = 't'")
        .await;
    assert_eq!(state, "suspended");
    let finding = bench
        .on_target("select severity || ': ' || message from transhume.finding where code = 'table-suspended'")
        .await;
    assert!(
        finding.starts_with("blocker: INSERT of public.t cannot be applied"),
        "{finding}"
    );

    // The other classes still stop.
    bench
        .target
        .batch_execute("alter table public.u add check (id < 5)")
        .await
        .unwrap();
    bench.run("insert into u values (7)").await;
    let (message, _) = stop_of(bench.catch_up().await);
    assert!(
        message.starts_with("INSERT of public.u cannot be applied"),
        "{message}"
    );
}

#[tokio::test]
async fn a_target_that_takes_no_writes_is_waited_out_and_presets_of_its_role_are_no_hindrance() {
    let bench = Bench::new(TABLES).await;
    bench
        .target
        .batch_execute(
            "alter role postgres set search_path = nowhere;
             alter role postgres set statement_timeout = '1ms';
             alter role postgres set lock_timeout = '1ms';
             alter role postgres set datestyle = 'German';
             alter role postgres set synchronous_commit = off;
             alter role postgres set row_security = off",
        )
        .await
        .unwrap();
    bench.run("insert into u values (1)").await;
    bench.catch_up().await.unwrap();
    // Whoever compares has no settings of its own.
    bench
        .target
        .batch_execute("alter role postgres reset all")
        .await
        .unwrap();
    bench.compare().await;

    let running = bench.start(Until::Cancelled).await;
    let applying = "select pid from pg_stat_activity where application_name like '%:apply'";
    bench
        .wait_on_target(&format!("select exists ({applying})"), "true")
        .await;
    let applying = bench.on_target(applying).await;
    let administrator = super::bench::session(&bench.endpoints.target).await;
    administrator
        .batch_execute("alter system set default_transaction_read_only = on")
        .await
        .unwrap();
    administrator
        .batch_execute("select pg_reload_conf()")
        .await
        .unwrap();
    bench
        .wait_on_target(
            "select reset_val from pg_settings where name = 'default_transaction_read_only'",
            "on",
        )
        .await;
    bench
        .run("insert into u values (2); insert into ledger values (1, 1)")
        .await;
    bench
        .wait_on_target(
            &format!("select count(*) from pg_stat_activity where pid = {applying}"),
            "0",
        )
        .await;
    let before = bench.on_target("select count(*) from public.u").await;
    administrator
        .batch_execute("alter system reset default_transaction_read_only")
        .await
        .unwrap();
    administrator
        .batch_execute("select pg_reload_conf()")
        .await
        .unwrap();
    bench.wait_on_target("select count(*) from public.u", "2").await;
    assert_eq!(before, "1");
    running.cancel().await.unwrap();
    bench.compare().await;
}

#[tokio::test]
async fn who_locks_a_table_of_the_target_is_named_while_apply_waits_for_it() {
    let bench = Bench::new(TABLES).await;
    let running = bench.start(Until::Cancelled).await;
    let locker = super::bench::session(&bench.endpoints.target).await;
    locker
        .batch_execute("begin; lock table public.u in access exclusive mode")
        .await
        .unwrap();
    bench.run("insert into u values (1)").await;

    let named = format!("%process {} of postgres (test)", locker.backend_pid());
    bench
        .wait_on_target(
            &format!("select waiting_for like '{named}' from transhume.runner"),
            "true",
        )
        .await;
    locker.batch_execute("commit").await.unwrap();
    bench.wait_on_target("select count(*) from public.u", "1").await;
    bench
        .wait_on_target("select waiting_for = '' from transhume.runner", "true")
        .await;
    running.cancel().await.unwrap();
}
