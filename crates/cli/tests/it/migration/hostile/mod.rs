//! Everybody who may write while a cutover fences the source, all at once: each waits or is refused, and whatever was
//! acknowledged to anybody is on the target, once.

mod crowd;

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use tokio_postgres::Client;
use transhume_demo::cluster::ClusterOptions;
use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
    pgbouncer::PgBouncer,
    server::{EVERYDAY_MAJOR, client_programs, cluster, server, start},
};

use self::crowd::{Crowd, HOSTILE, Outcome, Places, Way};
use super::{
    feeding,
    site::{DATABASE, Running, Site, phase},
};

const SCHEMA: &str = "
    create role app login; create role owner login; grant create on schema public to owner;
    create table by_superuser (n int primary key); create table by_app (n int primary key);
    create table by_copy (n int, copied int); create table by_truncate (n int primary key);
    create table late_commit (n int primary key); create table prepared (n int primary key);
    create table serial (n bigint primary key); create sequence numbers;
    create table large (n oid primary key);
    create table by_walsender (n int primary key); create table by_lookalike (n int primary key);
    create table by_definer (n int primary key); create table by_dblink (n int primary key);
    create table by_two_phases (n int primary key); create table by_pooled (n int primary key);
    create table by_listener (n int primary key); create table said_of_ddl (tag text, at timestamptz);
    set role owner; create table by_owner (n int primary key); reset role;
    grant insert on by_app to app; grant insert, truncate on by_truncate to app;
    grant usage on sequence numbers to app; grant insert on by_listener to app;
    create function write_as_definer(n int) returns void language sql security definer
        as 'insert into public.by_definer values (n)';
    create function say_of_ddl() returns event_trigger language plpgsql security definer
        as $$ begin insert into public.said_of_ddl values (tg_tag, clock_timestamp()); end $$;
    create event trigger say_of_ddl on ddl_command_end execute function say_of_ddl();
";

/// The gate names a prepared transaction; gone past, the fence cannot stand and leaves no trace.
async fn a_prepared_transaction_is_in_the_way(site: &Site) {
    site.execute_on_source("begin; insert into prepared values (1); prepare transaction 'one'")
        .await;
    let ended = site.call(&["cutover", "--yes", "--override", "verification"]);
    assert_eq!(ended.code, 1, "{}", ended.error);
    assert!(ended.error.contains("prepared-transactions"), "{}", ended.error);
    let overridden = "verification,prepared-transactions,fence,long-transactions";
    let words = [
        "cutover",
        "--yes",
        "--attempts",
        "2",
        "--lock-timeout",
        "100ms",
        "--override",
        overridden,
    ];
    let ended = site.call(&words);
    assert_ne!(ended.code, 0, "{}", ended.error);
    assert!(
        ended
            .error
            .contains("locks were not to be had within 100 ms, in 2 attempts"),
        "{}",
        ended.error
    );
    assert_eq!(site.status().as_ref().map(phase), Some("follow"));
    site.execute_on_source("commit prepared 'one'").await;
}

async fn following() -> (Site, Running) {
    let mut source = ClusterOptions::new(server(EVERYDAY_MAJOR));
    source
        .settings
        .push(("max_prepared_transactions".to_owned(), "5".to_owned()));
    let site = Site::of(
        start(source),
        cluster(EVERYDAY_MAJOR),
        client_programs(EVERYDAY_MAJOR),
    )
    .await;
    let target = connect(&site.target_url).await.expect("the target answers");
    let roles = "create role app login; create role owner login";
    target.batch_execute(roles).await.expect("roles can be made");
    site.execute_on_source(SCHEMA).await;
    feeding::feed(&site).await;
    let beside = connect(&site.source.url("postgres")).await.expect("it answers");
    beside
        .batch_execute("create extension dblink")
        .await
        .expect("it is there");
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;
    (site, runner)
}

/// A session that has done something and stays.
async fn staying(site: &Site, statements: &str) -> Client {
    let session = connect(&site.source_url).await.expect("the source answers");
    session
        .batch_execute(statements)
        .await
        .expect("the statements are in order");
    session
}

/// The fence was tried in vain.
const TRIED: &str = "writers go on meanwhile";

/// Every row that was promised to anybody is on the target. Large objects may be too many to be looked at again within
/// the pause; then the report says so.
async fn nothing_is_lost(site: &Site, outcomes: &BTreeMap<&'static str, Outcome>, report: &Value) {
    let target = connect(&site.target_url).await.expect("the target answers");
    let findings = report["findings"].as_array().expect("findings").iter();
    let is_told = findings
        .clone()
        .any(|finding| finding["code"] == "large-objects-not-compared-again");
    for hostile in HOSTILE
        .iter()
        .filter(|hostile| hostile.name != "lo_create" || !is_told)
    {
        let rows = target.query(hostile.rows, &[]).await.expect(hostile.rows);
        let found: HashSet<i64> = rows
            .iter()
            .map(|row| row.try_get(0).unwrap_or_else(|_| row.get::<_, i32>(0).into()))
            .collect();
        let outcome = &outcomes[hostile.name];
        let lost: Vec<_> = outcome
            .promised
            .iter()
            .filter(|promised| !found.contains(promised))
            .collect();
        assert!(
            lost.is_empty(),
            "{}: {lost:?} of {outcome:?}\n{report:#}",
            hostile.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_during_the_fence_waits_or_is_refused_and_nothing_acknowledged_is_lost() {
    let cutovers = std::env::var("TRANSHUME_CUTOVERS").map_or(1, |number| number.parse().expect("a number"));
    for _ in 0..cutovers {
        everybody_meets_a_cutover().await;
    }
}

async fn everybody_meets_a_cutover() {
    let (site, _runner) = following().await;
    let pooler = PgBouncer::start(&site.source, DATABASE);
    a_prepared_transaction_is_in_the_way(&site).await;
    let crowd = Crowd::start(&Places {
        source: site.source_url.clone(),
        beside: site.source.url("postgres"),
        pooler: pooler.url(DATABASE),
        publisher: site.target.url("publisher"),
    });
    crowd
        .wait_for("writes", |_, outcome| outcome.promised.len() >= 3)
        .await;
    let advisory = staying(&site, "select pg_advisory_lock(1)").await;
    let reader = staying(
        &site,
        "begin isolation level repeatable read; select count(*) from by_app",
    )
    .await;
    let late = staying(&site, "begin; insert into late_commit values (1)").await;

    let words = [
        "cutover",
        "--yes",
        "--override",
        "verification,prepared-transactions",
        "--attempts",
        "100",
    ];
    let mut cutover = site.begin(&words);
    cutover.said(TRIED).await;
    late.batch_execute("commit").await.expect("it was let through");
    assert_eq!(cutover.ended().await, 0, "{}", cutover.log());

    crowd
        .wait_for("refusal", |hostile, outcome| {
            hostile.way == Way::Publisher || !outcome.refusals.is_empty()
        })
        .await;
    let outcomes = crowd.end().await;
    for session in [&advisory, &reader] {
        assert!(session.batch_execute("select 1").await.is_err(), "it was ended");
    }
    let history = "select detail::text from transhume.history where step = 'cutover'";
    let history = site.target_names(history).await;
    let report: Value = serde_json::from_str(history.last().expect("a cutover")).expect("JSON");
    assert_eq!(report["late_changes"], 0, "{report:#}");
    assert!(report["fence_attempts"].as_u64() > Some(1), "{report:#}");
    nothing_is_lost(&site, &outcomes, &report).await;
    // On the target the event trigger writes of what the migration does there, large objects above all.
    let except = Except {
        tables: vec!["public.said_of_ddl".to_owned()],
        ..Except::default()
    };
    let different = oracle::row_differences(&site.source_url, &site.target_url, &except).await;
    assert!(different.is_empty(), "{different:#?}");
    for table in ["late_commit", "prepared"] {
        let count = site
            .target_names(&format!("select count(*)::text from {table}"))
            .await;
        assert_eq!(count, ["1"], "{table}");
    }
}
