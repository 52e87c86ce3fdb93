//! Servers that hang in the midst of a cutover: the pause has one limit, and past it the application goes on where it was.

use std::time::{Duration, Instant};

use transhume_engine::failpoint::Point;
use transhume_testkit::connection::connect;

use super::{
    points::Points,
    site::{Running, Site, phase},
};

const TABLE: &str =
    "create table entry (id int primary key, body text not null); insert into entry values (1, 'before')";
/// Long enough for what a debug build does on a busy machine where nothing hangs.
const LIMIT: Duration = Duration::from_secs(8);
/// What the undoing may take beside it.
const UNDOING: Duration = Duration::from_secs(20);
/// A silence of four seconds and an undoing of thirty, on a busy machine; a session gives up after sixty.
const LEFT_TO_THE_RUNNER: Duration = Duration::from_secs(55);

async fn following(site: &Site) -> Running {
    site.execute_on_source(TABLE).await;
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "following", |status| phase(status) == "follow")
        .await;
    runner
}

/// The target's processes stop where the cutover has come to `point`; the application must be able to write on the source
/// before the target answers again.
async fn the_target_hangs_at(point: Point) {
    let site = Site::empty(15, 15).await;
    let mut runner = following(&site).await;
    let points = Points::new();
    points.hold(point);
    let words = [
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--max-pause",
        "8s",
    ];
    let mut cutover = site.begin_with(&words, &[points.variable()]);
    points.wait_at(&mut cutover, point).await;
    site.target.hang();
    let hung = Instant::now();
    points.let_go();
    // Waits behind the fence, or is refused where the source was closed already.
    loop {
        let client = connect(&site.source_url).await.expect("the source answers");
        let written = client
            .batch_execute("insert into entry values (2, 'on the source')")
            .await;
        if written.is_ok() {
            break;
        }
        assert!(hung.elapsed() < LIMIT + UNDOING, "{}", cutover.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(hung.elapsed() < LIMIT + UNDOING, "{:?}", hung.elapsed());
    site.target.go_on();
    assert_eq!(cutover.ended().await, 1, "{}", cutover.log());
    let log = cutover.log();
    assert!(
        log.contains("has reached its limit of 8 s") && log.contains("not done after"),
        "{log}"
    );
    site.wait_for(&mut runner, "following again", |status| phase(status) == "follow")
        .await;
    site.wait_for_count(&site.target_url, "select count(*) from entry", 2)
        .await;
    site.succeed(&["cutover", "--yes", "--override", "verification"]);
    assert_eq!(site.status().as_ref().map(phase), Some("done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_hangs_after_the_drain_ends_the_pause_at_its_limit() {
    the_target_hangs_at(Point::Drained).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_hangs_once_the_source_is_closed_opens_it_again() {
    the_target_hangs_at(Point::LargeObjectsCompared).await;
}

/// Nothing is closed yet, and nobody waits: it is told after seconds, and given up long before a session gives it up.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_hangs_before_the_fence_is_named_and_costs_nobody_anything() {
    let site = Site::empty(15, 15).await;
    let mut runner = following(&site).await;
    let points = Points::new();
    points.hold(Point::GatePassed);
    let words = [
        "cutover",
        "--yes",
        "--override",
        "verification",
        "--max-pause",
        "4s",
    ];
    let mut cutover = site.begin_with(&words, &[points.variable()]);
    points.wait_at(&mut cutover, Point::GatePassed).await;
    site.source.hang();
    let hung = Instant::now();
    points.let_go();
    cutover.said("nor a new connection").await;
    assert!(
        hung.elapsed() < UNDOING,
        "{:?}: {}",
        hung.elapsed(),
        cutover.log()
    );
    // The undoing has a bound too, and the server hangs on.
    assert_eq!(cutover.ended().await, 1, "{}", cutover.log());
    assert!(hung.elapsed() < LEFT_TO_THE_RUNNER, "{:?}", hung.elapsed());
    let log = cutover.log();
    for words in [
        "nobody has waited for this cutover",
        "undoing did not come to its end within 30 s: it waits for",
    ] {
        assert!(log.contains(words), "{log}");
    }
    site.source.go_on();
    let passed = points.passed();
    assert!(
        !passed.iter().any(|name| name == Point::ClientsHeld.name()),
        "{passed:?}"
    );
    site.wait_for(&mut runner, "following again", |status| phase(status) == "follow")
        .await;
    site.succeed(&["cutover", "--yes", "--override", "verification"]);
    assert_eq!(site.status().as_ref().map(phase), Some("done"));
}

/// A standby that must confirm every commit of the target, and does not: asked before anybody waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_synchronous_standby_is_met_before_the_fence() {
    let mut site = Site::empty(15, 15).await;
    let _runner = following(&site).await;
    site.target.set("synchronous_standby_names", "nobody");
    site.target.reload().expect("settings can be read again");
    let client = connect(&site.target_url).await.expect("the target answers");
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let row = client.query_one("show synchronous_standby_names", &[]).await;
        if row.expect("a setting").get::<_, &str>(0) == "nobody" {
            break;
        }
        assert!(Instant::now() < end, "the setting is not read");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let points = Points::new();
    let words = ["cutover", "--yes", "--override", "verification"];
    let mut cutover = site.begin_with(&words, &[points.variable()]);
    assert_ne!(cutover.ended().await, 0, "{}", cutover.log());
    assert!(
        !points
            .passed()
            .iter()
            .any(|name| name == Point::ClientsHeld.name()),
        "{:?}",
        points.passed()
    );
}
