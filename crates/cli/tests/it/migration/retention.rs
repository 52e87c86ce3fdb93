//! The WAL that the slot keeps on the source: bounded while nothing of ours is written, shown against its
//! limit, and let go where the operator says so.

use serde_json::Value;
use transhume_testkit::connection::connect;

use super::site::{Site, phase};

const MEGABYTE: u64 = 1 << 20;
const SCHEMA: &str = "create table public.kept (id serial primary key, body text);
    alter table public.kept alter column body set storage external";
/// About this many MB of WAL.
const BURST_MEGABYTES: u64 = 100;

fn retained(status: &Value) -> u64 {
    status["slot"]["retained_bytes"].as_u64().unwrap_or(u64::MAX)
}

/// Writes a burst into a table of this name in the database at `url`.
async fn burst(url: &str, table: &str) {
    let client = connect(url).await.expect("the server answers");
    client
        .batch_execute(&format!(
            "create table if not exists public.{table} (id serial primary key, body text);
             alter table public.{table} alter column body set storage external;
             insert into public.{table} (body)
             select repeat('x', 1 << 20) from generate_series(1, {BURST_MEGABYTES})"
        ))
        .await
        .expect("the burst is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_keeps_little_while_others_write_and_is_dropped_at_the_budget_where_that_is_wished() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(SCHEMA).await;
    site.execute_on_source("create database other").await;
    let arguments = ["run", "--wal-budget", "60MB", "--wal-action", "drop-slot"];
    site.succeed(&["run", "--until-caught-up"]);

    // Another database, then a table that is not published: neither brings a change to the stream.
    burst(&site.source.url("other"), "others").await;
    let mut runner = site.begin(&arguments[..1]);
    burst(&site.source_url, "late").await;
    let end = site.source_wal_end().await;
    let checkpoints = tokio::spawn(checkpoint_all_the_time(site.source_url.clone()));
    site.wait_for(&mut runner, "WAL let go without a change of ours", |status| {
        phase(status) == "follow" && retained(status) < 20 * MEGABYTE && frontier(status) >= end
    })
    .await;
    checkpoints.abort();
    runner.kill();

    // Somebody keeps apply waiting while our own tables are written.
    let mut blocker = connect(&site.target_url).await.expect("the target answers");
    let lock = blocker.transaction().await.expect("a transaction begins");
    lock.batch_execute("lock table public.kept in access exclusive mode")
        .await
        .expect("the table can be locked");
    let mut runner = site.begin(&arguments);
    site.wait_for(&mut runner, "the limit shown", |status| {
        status["slot"]["limit_bytes"] == 60 * MEGABYTE && status["slot"]["limited_by"] == "follow.wal_budget"
    })
    .await;
    burst(&site.source_url, "kept").await;

    assert_eq!(runner.ended().await, 1, "{}", runner.log());
    let log = runner.log();
    assert!(
        log.contains("was dropped: it kept") && log.contains("transhume abort"),
        "{log}"
    );
    assert!(
        site.traces()
            .await
            .iter()
            .all(|name| name.starts_with("transhume_") || name == "kept")
    );
    let status = site.status().expect("the state is still there");
    let findings = status["findings"].to_string();
    assert!(findings.contains("slot-dropped"), "{findings}");
    drop(lock);
    let again = site.call(&["run"]);
    assert_eq!(again.code, 1, "{}", again.error);
    assert!(again.error.contains("follow.wal_budget"), "{}", again.error);
}

/// The source's disk does not wait for a target that is away; one that is back catches up first.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_is_dropped_by_the_source_alone_and_not_while_it_is_caught_up_with() {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source(SCHEMA).await;
    let arguments = ["run", "--wal-budget", "60MB", "--wal-action", "drop-slot"];
    site.succeed(&["run", "--until-caught-up"]);
    // More than the budget is there when it begins: nobody could do anything before.
    burst(&site.source_url, "kept").await;
    let mut runner = site.begin(&arguments);
    let rows = i64::try_from(BURST_MEGABYTES).expect("few");
    site.wait_for_count(&site.target_url, "select count(*) from public.kept", rows)
        .await;
    let checkpoints = tokio::spawn(checkpoint_all_the_time(site.source_url.clone()));
    site.wait_for(&mut runner, "WAL let go", |status| {
        retained(status) < 60 * MEGABYTE
    })
    .await;
    checkpoints.abort();

    site.target
        .stop(transhume_demo::cluster::StopMode::Immediate)
        .expect("the target stops");
    burst(&site.source_url, "kept").await;
    runner.said("was dropped: it kept").await;
    let slots = "select count(*) + 1 from pg_replication_slots where slot_name like 'transhume%'";
    site.wait_for_count(&site.source_url, slots, 1).await;
    site.target.start_again().expect("the target starts");
    assert_eq!(runner.ended().await, 1, "{}", runner.log());
    let findings = site.status().expect("the state is still there")["findings"].to_string();
    assert!(findings.contains("slot-dropped"), "{findings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_that_the_stream_waits_with_is_set_aside_in_danger_where_that_is_wished() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(SCHEMA).await;
    site.execute_on_source("create table public.others (id int primary key)")
        .await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run", "--wal-budget", "60MB", "--wal-action", "suspend"]);

    site.execute_on_source(
        "alter table public.kept add column more int not null default 1;
         insert into public.kept (body) values ('does not fit'); insert into public.others values (1)",
    )
    .await;
    site.wait_for(&mut runner, "the stream that stands", |status| {
        status["findings"].to_string().contains("public.kept")
    })
    .await;
    burst(&site.source_url, "kept").await;

    site.wait_for_count(&site.target_url, "select count(*) from public.others", 1)
        .await;
    let status = site.status().expect("a status");
    assert_eq!(status["not_loaded"][0], "public.kept: suspended", "{status:#}");
    site.wait_for(&mut runner, "WAL let go", |status| {
        retained(status) < 60 * MEGABYTE
    })
    .await;
    assert!(
        runner.log().contains("as follow.wal_action says"),
        "{}",
        runner.log()
    );
}

/// A slot moves on by what the server writes at a checkpoint.
async fn checkpoint_all_the_time(url: String) {
    let client = connect(&url).await.expect("the server answers");
    loop {
        client
            .batch_execute("checkpoint")
            .await
            .expect("a superuser may checkpoint");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

fn frontier(status: &Value) -> u64 {
    let text = status["frontier"].as_str().unwrap_or("0/0");
    let (high, low) = text.split_once('/').expect("an LSN has a slash");
    let hexadecimal = |digits| u64::from_str_radix(digits, 16).expect("an LSN is hexadecimal");
    (hexadecimal(high) << 32) | hexadecimal(low)
}
