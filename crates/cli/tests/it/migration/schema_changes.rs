//! The source's schema changes while it is followed: carried over where that is safe, else told before anybody
//! misses a row, and nothing is cut over meanwhile.

use serde_json::Value;
use transhume_engine::failpoint::Point;
use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
};

use super::{
    points::Points,
    site::{Running, Site, phase},
};

const SCHEMA: &str = "create type mood as enum ('sad', 'happy');
    create table public.t (id int primary key, m mood);
    create table public.p (id int, region int, primary key (id, region)) partition by list (region);
    create table public.p1 partition of public.p for values in (1);
    create unlogged table public.ul (id int primary key);
    insert into t values (1, 'sad'); insert into p values (1, 1); insert into ul values (1)";

const CHANGES: &str = "alter type mood add value 'calm' before 'happy';
    alter table t add column note text;
    create table p2 partition of p for values in (2);
    insert into p values (2, 2);
    alter table ul set logged;
    insert into ul values (2);
    create table late (id int);
    insert into late values (1)";

fn named(status: &Value, object: &str) -> bool {
    let findings = status["findings"].as_array();
    findings.is_some_and(|findings| findings.iter().any(|finding| finding["object"] == object))
}

async fn execute_on_target(site: &Site, statement: &str) {
    let target = connect(&site.target_url).await.expect("the target answers");
    target
        .batch_execute(statement)
        .await
        .expect("the statement is in order");
}

async fn settled(site: &Site, runner: &mut Running) {
    site.wait_for(runner, "nothing left to remedy", |status| {
        ["public.ul", "public.late", "public.t", "public.p2", "public.mood"]
            .iter()
            .all(|object| !named(status, object))
    })
    .await;
}

async fn assert_same_rows(site: &Site) {
    site.succeed(&["run", "--until-caught-up"]);
    let differences = oracle::row_differences(&site.source_url, &site.target_url, &Except::default()).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_safe_is_carried_over_and_the_rest_bars_the_cutover_until_it_is_remedied() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(SCHEMA).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "follow with a runner", |status| {
        phase(status) == "follow" && !status["runner"].is_null()
    })
    .await;
    site.wait_for_count(
        &site.target_url,
        "select count(*) from transhume.relation where target_oid is not null",
        3,
    )
    .await;

    changes_are_carried_over_or_told(&site, &mut runner).await;
    let refused = site.call(&["cutover", "--yes"]);
    assert_eq!(refused.code, 1, "{}", refused.error);
    let told = refused.error + &refused.output;
    assert!(
        told.contains("public.late") && told.contains("public.ul"),
        "{told}"
    );

    tables_are_taken_in(&site).await;
    settled(&site, &mut runner).await;
    a_rewrite_is_told_until_the_table_is_reloaded(&site, &mut runner).await;
    drop(runner);
    assert_same_rows(&site).await;
    let labels = site
        .target_names("select enumlabel::text from pg_enum order by enumsortorder")
        .await;
    assert_eq!(labels, ["sad", "calm", "happy"]);
}

async fn changes_are_carried_over_or_told(site: &Site, runner: &mut Running) {
    for statement in CHANGES.split(';') {
        site.execute_on_source(statement).await;
    }
    site.execute_on_source("insert into t values (2, 'calm', 'new'); update t set note = 'old' where id = 1")
        .await;
    site.wait_for_count(
        &site.target_url,
        "select count(*) from transhume.history where step = 'schema change carried over'",
        3,
    )
    .await;
    site.wait_for_count(
        &site.target_url,
        "select count(*) from public.t where note is not null",
        2,
    )
    .await;
    site.wait_for_count(
        &site.target_url,
        "select count(*) from pg_class where relname = 'p2'",
        1,
    )
    .await;
    site.wait_for_count(&site.target_url, "select count(*) from public.p2", 1)
        .await;
    site.wait_for(runner, "findings about what is not carried over", |status| {
        named(status, "public.ul") && named(status, "public.late") && !named(status, "public.p2")
    })
    .await;
}

async fn tables_are_taken_in(site: &Site) {
    site.succeed(&["table", "add", "--yes", "public.late"]);
    site.succeed(&["table", "reload", "--yes", "public.ul"]);
    site.execute_on_source(
        "insert into late values (2), (2); delete from late where id = 1; insert into ul values (3)",
    )
    .await;
}

async fn a_rewrite_is_told_until_the_table_is_reloaded(site: &Site, runner: &mut Running) {
    // Its rows get values on the source that are in no stream.
    site.execute_on_source("alter table t add column u uuid default gen_random_uuid()")
        .await;
    site.execute_on_source("update t set note = 'held' where id = 2")
        .await;
    site.wait_for(runner, "the rewrite told", |status| {
        named(status, "public.t")
            && status["findings"]
                .to_string()
                .contains("transhume table reload public.t")
    })
    .await;
    execute_on_target(
        site,
        "alter table public.t add column u uuid default gen_random_uuid()",
    )
    .await;
    site.wait_for_count(
        &site.target_url,
        "select count(*) from public.t where note = 'held'",
        1,
    )
    .await;
    site.wait_for(runner, "the rewrite still told", |status| {
        named(status, "public.t") && !status["findings"].to_string().contains("schema-drift")
    })
    .await;
    site.succeed(&["table", "reload", "--yes", "public.t"]);
    settled(site, runner).await;
}

const CUTOVER: [&str; 4] = ["cutover", "--yes", "--override", "verification"];

/// One table, whose shape the run has noted.
async fn followed() -> (Site, Running) {
    let site = Site::empty(15, 15).await;
    site.execute_on_source("create table public.t (id int primary key); insert into t values (1)")
        .await;
    site.succeed(&["run", "--until-caught-up"]);
    let runner = site.begin(&["run"]);
    let seen = "select count(*) from transhume.relation where target_oid is not null";
    site.wait_for_count(&site.target_url, seen, 1).await;
    (site, runner)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_looks_at_the_schemas_itself() {
    let (site, mut runner) = followed().await;
    runner.kill();
    let alter = "alter table public.t add column state text not null default 'new'";

    // No row is written after it, and no run is there to tell it.
    site.execute_on_source(alter).await;
    let refused = site.call(&CUTOVER);
    let told = refused.error + &refused.output;
    assert_eq!(refused.code, 1, "{told}");
    assert!(told.contains("public.t") && told.contains("state"), "{told}");

    execute_on_target(&site, alter).await;
    site.succeed(&CUTOVER);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_altered_while_a_cutover_prepares_itself_undoes_it() {
    let (site, mut runner) = followed().await;
    let points = Points::new();
    points.hold(Point::WayBackPrepared);
    let mut cutover = site.begin_with(&CUTOVER, &[points.variable()]);
    points.wait_at(&mut cutover, Point::WayBackPrepared).await;

    site.execute_on_source("create table public.late (id int)").await;
    points.let_go();

    assert_eq!(cutover.ended().await, 1, "{}", cutover.log());
    let told = cutover.log();
    assert!(told.contains("cutover prepared itself: public.late"), "{told}");
    site.wait_for(&mut runner, "following again", |status| phase(status) == "follow")
        .await;
    let traces = site.traces().await;
    assert!(!traces.iter().any(|name| name.contains("reverse")), "{traces:?}");
}
