//! What the status says while nobody applies, or the source is away. A run that stopped, a runner that is alive and does not apply, one that dies behind the fence, a transaction in the fence's
//! way: told with its cause by whoever is asked, and paid for by nobody.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use transhume_demo::cluster::StopMode;
use transhume_engine::failpoint::Point;
use transhume_testkit::connection::connect;

use super::{
    points::Points,
    site::{Running, Site, phase},
};

const TABLE: &str = "
    create table item (id int primary key, body text not null);
    insert into item select n, 'before' from generate_series(1, 10) n;
";

/// With the time that a debug build takes to connect on a busy machine; without a stored stop the gate waits for 10 s.
const SOON: Duration = Duration::from_secs(8);

/// Whether anything has locked the table against writers since then.
const FENCED: &str =
    "select count(*) from pg_locks where mode = 'ShareRowExclusiveLock' and relation = 'item'::regclass";

fn stops(status: &Value) -> Vec<&Value> {
    let findings = status["findings"].as_array().expect("findings");
    let is_stop = |finding: &&Value| finding["code"] == "run-stopped";
    findings.iter().filter(is_stop).collect()
}

async fn follower(site: &Site, arguments: &[&str]) -> Running {
    let mut runner = site.begin(arguments);
    let process = runner.process();
    site.wait_for(&mut runner, "follower", |status| {
        status["runner"]["pid"] == process && phase(status) == "follow"
    })
    .await;
    runner
}

fn signal(running: &Running, signal: &str) {
    let kill = Command::new("kill")
        .args([signal, &running.process().to_string()])
        .status();
    assert!(kill.expect("kill is there").success());
}

async fn execute_on_target(site: &Site, sql: &str) {
    let target = connect(&site.target_url).await.expect("the target answers");
    target
        .batch_execute(sql)
        .await
        .expect("the statement is in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_known_to_all_until_a_run_goes_on_the_way_that_it_names() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLE).await;
    site.succeed(&["run", "--until-caught-up"]);
    execute_on_target(&site, "delete from item where id = 1").await;
    site.execute_on_source("update item set body = 'changed' where id = 1")
        .await;
    let stopped = site.call(&["run", "--until-caught-up"]);
    assert_eq!(stopped.code, 1, "{}", stopped.error);

    let status = site.status().expect("the target answers");
    let found = stops(&status);
    let told = found.first().unwrap_or_else(|| panic!("{status:#}"));
    assert_eq!(told["severity"], "blocker");
    for words in ["UPDATE of public.item cannot be applied", "the run stopped at 2"] {
        assert!(
            told["message"].as_str().unwrap_or_default().contains(words),
            "{told:#}"
        );
    }

    let began = Instant::now();
    let check = site.call(&["cutover", "--check"]);
    assert_eq!(check.code, 1, "{}", check.output);
    assert!(
        began.elapsed() < SOON,
        "after {:?}: {}",
        began.elapsed(),
        check.output
    );
    assert!(check.output.contains("the run stopped at 2"), "{}", check.output);
    let refused = site.call(&[
        "cutover",
        "--yes",
        "--override",
        "verification,findings,lag,runner",
    ]);
    assert_eq!(refused.code, 1, "{}", refused.error);
    assert!(
        refused.error.contains("UPDATE of public.item cannot be applied"),
        "{}",
        refused.error
    );
    assert_eq!(site.status().as_ref().map(phase), Some("follow"));

    // As the remedy says.
    let remedy = told["remedy"].as_str().unwrap_or_default();
    for words in [
        "transhume run --on-conflict suspend",
        "transhume table reload public.item",
    ] {
        assert!(remedy.contains(words), "{remedy}");
    }
    let mut runner = follower(&site, &["run", "--on-conflict", "suspend"]).await;
    site.wait_for(&mut runner, "suspended table", |status| {
        !status["not_loaded"].as_array().expect("tables").is_empty()
    })
    .await;
    site.succeed(&["table", "reload", "public.item", "--yes"]);
    let changed = "select count(*) from item where id = 1 and body = 'changed'";
    site.wait_for_count(&site.target_url, changed, 1).await;
    let status = site.status().expect("the target answers");
    assert!(stops(&status).is_empty(), "{status:#}");
    runner.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_does_not_apply_costs_no_writer_anything() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLE).await;
    let runner = follower(&site, &["run"]).await;
    signal(&runner, "-STOP");
    let points = Points::new();
    let words = [
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--drain-timeout",
        "2s",
    ];
    let mut cutover = site.begin_with(&words, &[points.variable()]);
    let source = connect(&site.source_url).await.expect("the source answers");
    while cutover.is_alive() {
        let row = source
            .query_one(FENCED, &[])
            .await
            .expect("the locks can be read");
        assert_eq!(row.get::<_, i64>(0), 0, "{}", cutover.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(cutover.ended().await, 1, "{}", cutover.log());
    assert!(
        cutover.log().contains("is alive, but did not come so far"),
        "{}",
        cutover.log()
    );
    let passed = points.passed();
    assert!(
        !passed.iter().any(|point| point == Point::FenceRaised.name()),
        "{passed:?}"
    );
    signal(&runner, "-CONT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_dies_behind_the_fence_is_named_as_the_cause_at_once() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLE).await;
    let mut runner = follower(&site, &["run"]).await;
    let points = Points::new();
    points.hold(Point::FenceRaised);
    let words = [
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--drain-timeout",
        "60s",
    ];
    let mut cutover = site.begin_with(&words, &[points.variable()]);
    points.wait_at(&mut cutover, Point::FenceRaised).await;
    runner.kill();
    points.let_go();
    let began = Instant::now();
    assert_eq!(cutover.ended().await, 1, "{}", cutover.log());
    assert!(
        began.elapsed() < SOON,
        "after {:?}: {}",
        began.elapsed(),
        cutover.log()
    );
    assert!(
        cutover.log().contains("the runner ended meanwhile"),
        "{}",
        cutover.log()
    );
    assert_eq!(site.status().as_ref().map(phase), Some("follow"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fence_that_cannot_be_raised_names_who_stood_in_the_way() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLE).await;
    site.succeed(&["run", "--until-caught-up"]);
    let writer = connect(&site.source_url).await.expect("the source answers");
    writer
        .batch_execute(
            "set application_name = 'transhume:lookalike'; begin; update item set body = 'held' where id = 2",
        )
        .await
        .expect("a transaction can be open");
    let directory = tempfile::tempdir().expect("a directory");
    let reports = directory.path().display().to_string();
    let words = [
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--attempts",
        "2",
        "--report",
        &reports,
    ];
    let refused = site.call(&words);
    assert_eq!(refused.code, 1, "{}", refused.error);
    for words in [
        "the fence could not be raised",
        "transhume:lookalike) has held public.item for",
    ] {
        assert!(refused.error.contains(words), "{}", refused.error);
    }

    // It stands in the history, and there is a report of it.
    let undone =
        "select detail->'unfinished'->>'message' from transhume.history where step = 'cutover undone'";
    let reasons = site.target_names(undone).await;
    assert!(
        reasons.len() == 1 && reasons[0].contains("the fence could not be raised"),
        "{reasons:?}"
    );
    let files = std::fs::read_dir(&reports).expect("reports").flatten();
    let texts: Vec<String> = files
        .map(|file| std::fs::read_to_string(file.path()).expect("a report"))
        .collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    for text in texts {
        assert!(
            text.contains("not done") && text.contains("the fence could not be raised"),
            "{text}"
        );
    }
}

/// Some ten megabytes of WAL, flushed.
const TEN_MEGABYTES: &str =
    "insert into item select n, repeat(md5(n::text), 60) from generate_series(11, 5011) n";

#[tokio::test(flavor = "multi_thread")]
async fn the_lag_is_right_after_a_runner_was_killed_and_unknown_without_the_source() {
    const MEGABYTE: u64 = 1 << 20;
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source(TABLE).await;
    let mut runner = follower(&site, &["run"]).await;
    let caught_up =
        |status: &Value| status["lag_bytes"] == 0 && status["source_figures"]["last_known"].is_string();
    site.wait_for(&mut runner, "no lag", caught_up).await;
    runner.kill();
    let before = site.source_wal_end().await;
    site.execute_on_source(TEN_MEGABYTES).await;
    let written = site.source_wal_end().await - before;
    assert!(written > 8 * MEGABYTE, "{written}");
    let status = site.status().expect("the target answers");
    assert_eq!(status["source_figures"]["known"], "measured", "{status:#}");
    for figure in [&status["lag_bytes"], &status["slot"]["retained_bytes"]] {
        let told = figure.as_u64().unwrap_or_else(|| panic!("{status:#}"));
        assert!(
            told >= written && told < written + 8 * MEGABYTE,
            "{told} of {written}: {status:#}"
        );
    }
    let lag = status["lag_bytes"].as_u64().unwrap_or_default();
    assert!(lag.abs_diff(written) < MEGABYTE, "{lag} of {written}");

    site.source.stop(StopMode::Immediate).expect("the source stops");
    let status = site.status().expect("the target answers");
    assert_eq!(status["source_figures"]["known"], "unknown", "{status:#}");
    assert!(
        status["lag_bytes"].is_null() && status["slot"]["retained_bytes"].is_null(),
        "{status:#}"
    );
    let text = site.succeed(&["status"]).output;
    assert!(text.contains("lag         unknown since 2"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_waits_for_its_source_is_shown_as_that() {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source(TABLE).await;
    let mut runner = follower(&site, &["run"]).await;
    let process = runner.process();
    site.source.stop(StopMode::Immediate).expect("the source stops");
    let waits = |status: &Value| {
        let reason = status["runner"]["waiting_for"].as_str().unwrap_or_default();
        status["runner"]["pid"] == process && reason.contains("source")
    };
    site.wait_for(&mut runner, "waiting for the source", waits).await;
    site.source.start_again().expect("the source starts");
    site.wait_for(&mut runner, "going on", |status| {
        status["runner"]["waiting_for"] == "" && status["source_figures"]["known"] == "measured"
    })
    .await;
    runner.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_are_stored_instead_of_being_applied_are_told_and_counted() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLE).await;
    site.succeed(&["run", "--until-caught-up"]);
    assert_eq!(site.call(&["status", "--check"]).code, 1, "nobody follows");
    let runner = follower(&site, &["run", "--on-conflict", "log"]).await;
    assert_eq!(site.call(&["status", "--check"]).code, 0);
    execute_on_target(&site, "delete from item where id in (1, 2)").await;
    site.execute_on_source("update item set body = 'changed' where id = 1")
        .await;
    site.wait_for_count(&site.target_url, "select count(*) from transhume.exception", 1)
        .await;
    assert_eq!(site.call(&["status", "--check"]).code, 1);
    drop(runner);
    site.execute_on_source("update item set body = 'changed' where id = 2")
        .await;
    let ended = site.call(&["run", "--on-conflict", "log", "--until-caught-up"]);
    assert_eq!(ended.code, 1, "{}", ended.error);
    assert!(
        ended
            .error
            .contains("but 2 changes are stored in transhume.exception"),
        "{}",
        ended.error
    );
}

/// A log of what is done to the schema, as many keep one.
const EVENT_TRIGGER: &str = "
    create table ddl_log (id serial primary key, tag text);
    create function log_ddl() returns event_trigger language plpgsql as
        $$ begin insert into public.ddl_log (tag) select tg_tag; end $$;
    create event trigger log_ddl on ddl_command_end execute function log_ddl();
";

#[tokio::test(flavor = "multi_thread")]
async fn event_triggers_of_the_source_stay_silent_at_a_cutover_and_are_no_late_changes() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLE).await;
    site.execute_on_source(EVENT_TRIGGER).await;
    site.succeed(&["run", "--until-caught-up"]);
    let source = connect(&site.source_url).await.expect("the source answers");
    let count = "select count(*) from ddl_log";
    let before: i64 = source.query_one(count, &[]).await.expect("a count").get(0);
    let ended = site.succeed(&["cutover", "--yes", "--override", "verification", "--json"]);
    let report: Value = serde_json::from_str(&ended.output).expect("a report");
    assert_eq!(report["late_changes"], 0, "{report:#}");
    let source = connect(&site.source_url).await.expect("the source answers");
    let after: i64 = source.query_one(count, &[]).await.expect("a count").get(0);
    assert_eq!(after, before, "our own statements were logged");
}
