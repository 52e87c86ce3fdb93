//! A stream that is behind is given moments to catch up in before the pause, and the report says so.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use transhume_engine::failpoint::Point;
use transhume_testkit::connection::connect;

use super::{points::Points, site::Site};

const TABLE: &str = "create table entry (id int primary key, body text not null)";

/// Two megabytes of WAL and more: too much to be left to the pause.
const MUCH: &str = "insert into entry select i, repeat(md5(i::text), 30) from generate_series(1, 3000) i";

const SENDERS: &str = "select count(*), max(pid) from pg_stat_replication \
                       where application_name like 'transhume%' and state = 'streaming'";

const LOCKED_OUT: &str = "select count(*) from pg_locks where relation = 'entry'::regclass \
                          and mode = 'ShareRowExclusiveLock' and granted";

/// Two moments of an eighth of a second and the pauses between them, where a debug build shares two cores.
const EASED_WITHIN: Duration = Duration::from_secs(8);

fn signal(signal: &str, pid: i32) {
    let sent = Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

/// The stream stands still: writers are let go on after the moment all the same, long before the stream moves again.
async fn ends_while_nothing_is_caught_up(site: &Site, sender: i32) {
    let points = Points::new();
    points.hold(Point::HoldIntended);
    let words = ["cutover", "--rehearse", "--yes", "--override", "verification"];
    let mut rehearsal = site.begin_with(&words, &[points.variable()]);
    points.wait_at(&mut rehearsal, Point::HoldIntended).await;
    signal("-STOP", sender);
    site.execute_on_source(MUCH).await;
    let begun = Instant::now();
    points.let_go();
    points.hold(Point::ClientsHeld);
    points.wait_at(&mut rehearsal, Point::ClientsHeld).await;
    assert!(begun.elapsed() < EASED_WITHIN, "{:?}", begun.elapsed());
    signal("-CONT", sender);
    points.let_go();
    assert_eq!(rehearsal.ended().await, 0, "{}", rehearsal.log());
    site.execute_on_source("truncate entry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_behind_catches_up_before_the_pause() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLE).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;

    let source = connect(&site.source_url).await.expect("the source answers");
    site.wait_for_count(&site.source_url, SENDERS, 1).await;
    let sender: i32 = source.query_one(SENDERS, &[]).await.expect("a stream").get(1);
    let directory = TempDir::new().expect("a directory");
    let reports = directory.path().display().to_string();
    let words = [
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--report",
        reports.as_str(),
    ];
    ends_while_nothing_is_caught_up(&site, sender).await;
    // It falls behind once it has given its sign of life.
    let points = Points::new();
    points.hold(Point::HoldIntended);
    let mut cutover = site.begin_with(&words, &[points.variable()]);
    points.wait_at(&mut cutover, Point::HoldIntended).await;
    signal("-STOP", sender);
    source.batch_execute(MUCH).await.expect("the application writes");
    points.let_go();
    site.wait_for_count(&site.source_url, LOCKED_OUT, 1).await;
    signal("-CONT", sender);

    assert_eq!(cutover.ended().await, 0, "{}", cutover.log());
    let files = std::fs::read_dir(&reports).expect("reports").flatten();
    let report = files
        .map(|file| file.path())
        .find(|path| path.extension().is_some_and(|end| end == "md"));
    let report = std::fs::read_to_string(report.expect("one in Markdown")).expect("a report");
    assert!(
        report.contains(" ms (and before, to let the target catch up, "),
        "{report}"
    );
    let counted = "select count(*) from entry";
    site.wait_for_count(&site.target_url, counted, 3000).await;
    runner.kill();
}
