//! Somebody writes on the source behind the fence: never applied to the target, counted and told, and nothing of it
//! ever comes back. From sources whose stream carries no markers too.

use transhume_engine::failpoint::Point;
use transhume_testkit::connection::connect;

use super::{
    points::Points,
    site::{Site, phase},
};

const TABLE: &str = "
    create table entry (id int primary key, body text not null);
    insert into entry values (1, 'before');
";

/// Nobody but a superuser can do this.
const LATE: &str = "begin read write; insert into entry values (7, 'late'); commit";

/// The runner has received all that the source has.
const RECEIVED: &str = "select count(*) from pg_stat_replication where application_name like 'transhume%' \
                        and state = 'streaming' and sent_lsn >= pg_current_wal_flush_lsn()";

async fn a_late_commit_stays_behind(source: u32, target: u32) {
    let site = Site::empty(source, target).await;
    site.execute_on_source(TABLE).await;
    site.succeed(&["run", "--until-caught-up"]);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "runner", |status| !status["runner"].is_null())
        .await;

    let points = Points::new();
    points.hold(Point::SourceClosed);
    let words = ["cutover", "--yes", "--override", "verification"];
    let mut cutover = site.begin_with(&words, &[points.variable()]);
    points.wait_at(&mut cutover, Point::SourceClosed).await;
    site.execute_on_source(LATE).await;
    site.wait_for_count(&site.source_url, RECEIVED, 1).await;
    // A follower that begins anew knows of the fence too.
    runner.kill();
    let mut runner = site.begin(&["run"]);
    let process = runner.process();
    site.wait_for(&mut runner, "another runner", |status| {
        status["runner"]["pid"] == process
    })
    .await;
    site.wait_for_count(&site.source_url, RECEIVED, 1).await;
    points.let_go();

    // Somebody must look at it.
    assert_eq!(cutover.ended().await, 1, "{}", cutover.log());
    assert!(
        cutover.log().contains("committed 1 change after the fence"),
        "{}",
        cutover.log()
    );
    assert_eq!(site.status().as_ref().map(phase), Some("done"));
    assert_eq!(site.target_names("select body from entry").await, ["before"]);

    // The way back brings what is new, and the late row is no obstacle to it.
    let target = connect(&site.target_url).await.expect("the target answers");
    target
        .batch_execute("insert into entry values (2, 'after')")
        .await
        .expect("the application writes");
    site.wait_for_count(
        &site.source_url,
        "select count(*) from entry where id in (1, 2, 7)",
        3,
    )
    .await;
    runner.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_stays_behind_where_the_stream_carries_markers() {
    a_late_commit_stays_behind(15, 15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_commit_stays_behind_where_the_stream_carries_no_markers() {
    a_late_commit_stays_behind(13, 15).await;
}
