//! Single tables loaded anew or set aside while the rest is followed under traffic.

use transhume_testkit::{
    oracle::{self, Except},
    traffic::{Traffic, TrafficOptions},
};

use super::site::{Running, Site, phase};

/// Without a key, referenced by others, referencing others, with triggers, with large values.
const TABLES: [&str; 5] = [
    "torture.ledger_nokey",
    "torture.parent",
    "torture.child",
    "torture.journal_nokey",
    "torture.doc",
];
/// Takes some seconds at [`RATE`], and is changed meanwhile.
const BALLAST: &str = "create table torture.ballast (id int, body text);
    alter table torture.ballast replica identity full;
    alter table torture.ballast alter column body set storage external;
    insert into torture.ballast select g, repeat('b', 1000) from generate_series(1, 3000) g";
const CHANGES: &str = "update torture.ballast set body = 'changed' where id = 7;
    insert into torture.ballast values (0, 'new'); delete from torture.ballast where id = 8";
/// Of bytes in a second.
const RATE: &str = "1MB";
/// Leaves ten seconds to look at what happens meanwhile.
const SLOW_RATE: &str = "300kB";

async fn following(site: &Site, arguments: &[&str]) -> Running {
    let mut runner = site.begin(arguments);
    site.wait_for(&mut runner, "follow with a runner", |status| {
        phase(status) == "follow" && !status["runner"].is_null()
    })
    .await;
    runner
}

fn reload(tables: &[&'static str]) -> Vec<&'static str> {
    [&["table", "reload", "--yes"], tables].concat()
}

async fn assert_same_rows(site: &Site) {
    let differences = oracle::row_differences(&site.source_url, &site.target_url, &Except::default()).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_loaded_anew_while_the_rest_is_followed() {
    let site = Site::with_torture(15, 15).await;
    site.succeed(&["run", "--until-caught-up"]);
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    let runner = following(&site, &["run"]).await;
    traffic.wait_for(50).await;

    for round in 0..3 {
        let ended = site.succeed(&reload(&TABLES));
        assert_eq!(
            ended.output.matches("loaded").count(),
            TABLES.len(),
            "round {round}"
        );
        traffic.wait_for(50).await;
    }
    let promised = traffic.stop().await;
    drop(runner);
    site.succeed(&["run", "--until-caught-up"]);
    assert_same_rows(&site).await;
    oracle::ledger_check(&site.target_url, &promised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_tables_are_loaded_anew_costs_nothing() {
    let site = Site::with_torture(15, 15).await;
    site.execute_on_source(BALLAST).await;
    site.succeed(&["run", "--until-caught-up"]);
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    let tables: Vec<&str> = [&TABLES[..], &["torture.ballast"]].concat();

    for round in 0..2 {
        let mut runner = following(&site, &["run", "--rate-limit", RATE]).await;
        traffic.wait_for(20).await;
        let asking = site.begin(&reload(&tables));
        site.wait_for(&mut runner, "a load", |status| {
            status["not_loaded"]
                .as_array()
                .is_some_and(|tables| !tables.is_empty())
        })
        .await;
        site.execute_on_source(CHANGES).await;
        if round == 1 {
            // Further on: tables of which all changes wait are done by now.
            traffic.wait_for(100).await;
        }
        runner.kill();
        drop(asking);
        traffic.wait_for(50).await;
    }
    let refused = site.call(&["cutover", "--yes"]);
    assert_ne!(refused.code, 0);
    assert!(refused.error.contains("torture.ballast"), "{}", refused.error);

    let promised = traffic.stop().await;
    site.succeed(&["run", "--until-caught-up"]);
    assert_same_rows(&site).await;
    oracle::ledger_check(&site.target_url, &promised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_says_that_it_waits_for_a_load_and_goes_on_after_it() {
    let site = Site::with_torture(15, 15).await;
    site.execute_on_source(BALLAST).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = following(&site, &["run", "--rate-limit", SLOW_RATE]).await;
    let asking = site.begin(&reload(&["torture.ballast"]));
    let bound = "select count(*) from transhume.relation r join transhume.snapshot s on s.id = r.snapshot_id
                 where r.table_name = 'ballast' and r.state = 'loading' and not s.from_slot";
    site.wait_for_count(&site.target_url, bound, 1).await;
    // Not in the load's snapshot.
    site.execute_on_source(CHANGES).await;

    site.wait_for(&mut runner, "a reason to wait", |status| {
        let reason = status["runner"]["waiting_for"].as_str().unwrap_or_default();
        reason.contains("torture.ballast")
    })
    .await;
    drop(asking);
    site.wait_for(&mut runner, "no table left", |status| {
        status["not_loaded"].as_array().is_some_and(Vec::is_empty)
    })
    .await;
    let changed = "select count(*) from torture.ballast where body = 'changed'";
    site.wait_for_count(&site.target_url, changed, 1).await;
    drop(runner);
    site.succeed(&["run", "--until-caught-up"]);
    assert_same_rows(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_table_holds_nobody_up_but_the_cutover_and_is_exact_once_resumed() {
    let site = Site::with_torture(15, 15).await;
    site.succeed(&["run", "--until-caught-up"]);
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    let mut runner = following(&site, &["run"]).await;

    site.succeed(&["table", "suspend", "--yes", "torture.ledger_nokey"]);
    traffic.wait_for(50).await;
    let status = site.status().expect("a status");
    assert_eq!(status["not_loaded"][0], "torture.ledger_nokey: suspended");
    let refused = site.call(&["cutover", "--yes"]);
    assert!(
        refused.error.contains("torture.ledger_nokey"),
        "{}",
        refused.error
    );
    let again = site.call(&["table", "suspend", "--yes", "torture.ledger_nokey"]);
    assert!(again.error.contains("is not suspended"), "{}", again.error);

    site.succeed(&["table", "resume", "--yes", "torture.ledger_nokey"]);
    site.wait_for(&mut runner, "no table left", |status| {
        status["not_loaded"].as_array().is_some_and(Vec::is_empty)
    })
    .await;
    traffic.wait_for(20).await;
    let promised = traffic.stop().await;
    drop(runner);
    site.succeed(&["run", "--until-caught-up"]);
    assert_same_rows(&site).await;
    oracle::ledger_check(&site.target_url, &promised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_nobody_can_fulfil_are_refused() {
    let site = Site::with_torture(15, 15).await;
    let early = site.call(&["table", "reload", "--yes", "torture.doc"]);
    assert!(early.error.contains("no migration"), "{}", early.error);
    site.succeed(&["run", "--until-caught-up"]);
    let unknown = site.call(&["table", "reload", "--yes", "torture.nothing"]);
    assert!(unknown.error.contains("no table"), "{}", unknown.error);
    let alone = site.call(&["table", "reload", "--yes", "torture.doc"]);
    assert!(alone.error.contains("no runner"), "{}", alone.error);
}
