//! `verify --mode since-last`: what did not change is left out, exactly by LSN, and is said to be.

use std::collections::BTreeSet;

use serde_json::Value;
use transhume_testkit::connection::connect;

use super::site::{Ended, Site, phase};

const TABLES: &str = "
create table hot (id int primary key, n int);
create table idle (id int primary key, t text);
create table emptied (id int primary key);
create table rewritten (id int primary key, t text);
create table heap (v int);
create table partitioned (id int, k int, primary key (id, k)) partition by range (k);
create table partitioned_1 partition of partitioned for values from (0) to (10);
create table partitioned_2 partition of partitioned for values from (10) to (20);
insert into hot select g, 0 from generate_series(1, 100) g;
insert into idle select g, 'row ' || g from generate_series(1, 3000) g;
insert into emptied select g from generate_series(1, 10) g;
insert into rewritten select g, 'x' from generate_series(1, 10) g;
insert into heap select g from generate_series(1, 10) g;
insert into partitioned select g, g % 20 from generate_series(1, 100) g;
analyze";

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.output)
        .unwrap_or_else(|error| panic!("{error}: {}{}", ended.output, ended.error))
}

/// Names of the tables that were compared, the others having been left out.
fn compared(report: &Value) -> BTreeSet<&str> {
    let tables = report["tables"].as_array().expect("tables").iter();
    tables
        .filter(|table| table["unchanged"].is_null())
        .map(|table| table["table"]["name"].as_str().expect("a name"))
        .collect()
}

/// Compares what changed since, which must leave this exit code and have compared these.
#[track_caller]
fn since_last(site: &Site, code: i32, expected: &[&str]) -> Value {
    let ended = site.call(&["verify", "--mode", "since-last", "--json"]);
    let report = report(&ended);
    assert_eq!(ended.code, code, "{report:#}{}", ended.error);
    assert_eq!(
        compared(&report),
        expected.iter().copied().collect(),
        "{report:#}"
    );
    assert_eq!(report["tables"].as_array().map(Vec::len), Some(7), "{report:#}");
    report
}

async fn on_target(site: &Site, sql: &str) {
    let target = connect(&site.target_url).await.expect("the target answers");
    target.batch_execute(sql).await.expect("the target takes it");
}

async fn only_what_changed_is_compared(source: u32, target: u32) {
    let all = [
        "emptied",
        "heap",
        "hot",
        "idle",
        "partitioned_1",
        "partitioned_2",
        "rewritten",
    ];
    let site = Site::empty(source, target).await;
    site.execute_on_source(TABLES).await;
    site.succeed(&["run", "--until-caught-up"]);
    since_last(&site, 0, &all);
    // Followed inside the verification itself, and by one runner after the other.
    since_last(&site, 0, &[]);
    site.execute_on_source("update hot set n = n + 1").await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "a runner", |status| {
        phase(status) == "follow" && !status["runner"].is_null()
    })
    .await;
    since_last(&site, 0, &["hot"]);

    site.execute_on_source(
        "truncate emptied; update hot set n = 7 where id = 7; delete from partitioned where id = 15",
    )
    .await;
    site.execute_on_source("vacuum full rewritten").await;
    // Nothing of ours: outside the promise, and said so.
    on_target(&site, "update idle set t = 'planted' where id = 1").await;
    let report = since_last(&site, 0, &["emptied", "hot", "partitioned_2", "rewritten"]);
    let idle = report["tables"].as_array().expect("tables").iter();
    let idle = idle
        .clone()
        .find(|table| table["table"]["name"] == "idle")
        .expect("idle");
    assert!(idle["unchanged"]["seconds"].as_f64() > Some(0.0), "{idle:#}");
    let text = site.succeed(&["verify", "--mode", "since-last"]).output;
    for part in [
        "unchanged since it was found equal",
        "what others write on the target",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let gate = site.call(&["cutover", "--check", "--json"]);
    assert!(
        gate.output.contains("7 unchanged since they were compared"),
        "{}",
        gate.output
    );

    // What is found different stays to be compared until it is found equal.
    on_target(
        &site,
        "set session_replication_role = replica; delete from hot where id = 9",
    )
    .await;
    site.execute_on_source("insert into hot values (200, 0); insert into idle values (0, 'new')")
        .await;
    for _ in 0..2 {
        let report = since_last(&site, 1, &["hot", "idle"]);
        assert_eq!(report["rows"].as_array().map(Vec::len), Some(2), "{report:#}");
    }
    site.succeed(&["verify", "--mode", "since-last", "--repair"]);
    since_last(&site, 0, &[]);

    // A load of its own is a change, whatever the stream says.
    site.succeed(&["table", "reload", "--yes", "public.heap"]);
    since_last(&site, 0, &["heap"]);
    // A sample or single tables say nothing of what they did not look at.
    site.execute_on_source("update hot set n = -1; insert into heap values (1)")
        .await;
    site.succeed(&["verify", "--mode", "sample"]);
    site.succeed(&["verify", "--table", "public.hot"]);
    since_last(&site, 0, &["heap"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_changed_since_it_was_found_equal_is_compared_within_one_version() {
    only_what_changed_is_compared(15, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_changed_since_it_was_found_equal_is_compared_between_versions() {
    only_what_changed_is_compared(13, 18).await;
}
