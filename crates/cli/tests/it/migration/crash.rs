//! kill -9 of the program in every phase: the next run goes on, nothing is lost and nothing doubled.

use transhume_testkit::{
    oracle::{self, Except},
    traffic::{Traffic, TrafficOptions},
};

use super::site::{Site, phase};

/// Kills a run as soon as the migration is in this phase, then lets another one finish.
async fn killed_in(wanted: &str) {
    let site = Site::with_torture(15, 15).await;
    let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
    traffic.wait_for(20).await;
    let mut first = site.begin(&["run"]);
    site.wait_for(&mut first, wanted, |status| has_reached(phase(status), wanted))
        .await;
    first.kill();

    traffic.wait_for(50).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut second = site.begin(&["run"]);
    site.wait_for(&mut second, "follow", |status| phase(status) == "follow")
        .await;
    traffic.wait_for(50).await;
    second.kill();
    traffic.wait_for(50).await;
    let promised = traffic.stop().await;
    site.succeed(&["run", "--until-caught-up"]);

    let differences = oracle::row_differences(&site.source_url, &site.target_url, &Except::default()).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    oracle::ledger_check(&site.target_url, &promised).await;
}

/// Phases pass quickly with little data: a later one than the wanted counts too.
fn has_reached(now: &str, wanted: &str) -> bool {
    const ORDER: [&str; 5] = ["prepare", "pre-data", "full-load", "post-data", "follow"];
    let place = |name: &str| ORDER.iter().position(|phase| *phase == name);
    place(now) >= place(wanted)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_the_slot_is_made_costs_nothing() {
    killed_in("prepare").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_the_schema_is_restored_costs_nothing() {
    killed_in("pre-data").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_during_the_full_load_costs_nothing() {
    killed_in("full-load").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_during_post_data_costs_nothing() {
    killed_in("post-data").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_following_costs_nothing() {
    killed_in("follow").await;
}

/// The schema is kept at hand for as long as a run lives, in a directory that others may read.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_leaves_no_file_behind() {
    let site = Site::with_torture(15, 15).await;
    let directory = tempfile::tempdir().unwrap();
    let mut run = site.begin_with(&["run"], &[("TMPDIR", directory.path().to_str().unwrap())]);
    site.wait_for(&mut run, "follow", |status| phase(status) == "follow")
        .await;
    run.kill();
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_of_both_servers_are_waited_out_by_a_following_run() {
    let mut site = Site::with_torture(15, 15).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    let process = runner.process();
    site.wait_for(&mut runner, "a look at the source", |status| {
        status["runner"]["pid"] == process && !status["source_wal_end"].is_null()
    })
    .await;

    for restart_source in [true, false] {
        let server = if restart_source {
            &mut site.source
        } else {
            &mut site.target
        };
        server.restart().expect("the server starts again");
        let traffic = Traffic::start(
            &site.source_url,
            &TrafficOptions {
                first_seq: if restart_source { 1 } else { 1_000_000 },
                ..TrafficOptions::default()
            },
        );
        traffic.wait_for(50).await;
        let promised = traffic.stop().await;
        let end = site.source_wal_end().await;
        site.wait_for(&mut runner, "frontier past the restart", |status| {
            reaches(status, end)
        })
        .await;
        oracle::ledger_check(&site.target_url, &promised).await;
    }
}

/// The frontier of a status is at or past an LSN.
fn reaches(status: &serde_json::Value, end: u64) -> bool {
    let lsn = |text: &str| {
        let (high, low) = text.split_once('/')?;
        Some(u64::from_str_radix(high, 16).ok()? << 32 | u64::from_str_radix(low, 16).ok()?)
    };
    status["frontier"]
        .as_str()
        .and_then(lsn)
        .is_some_and(|frontier| frontier >= end)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_ends_a_runner_in_the_middle_of_its_load() {
    let site = Site::with_torture(15, 15).await;
    let before = site.traces().await;
    let mut runner = site.begin(&["run", "--rate-limit", "10kB"]);
    site.wait_for(&mut runner, "full load", |status| phase(status) == "full-load")
        .await;

    site.succeed(&["abort", "--yes"]);

    assert_eq!(runner.ended().await, 0, "{}", runner.log());
    assert_eq!(site.traces().await, before);
}
