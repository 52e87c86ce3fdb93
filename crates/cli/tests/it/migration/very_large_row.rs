//! One row that is larger than all else: neither the copy, the following, the comparison nor a repair holds it more than twice.

use std::time::Duration;

use transhume_testkit::connection::connect;

use super::site::{Running, Site, phase};

/// Large beside what the program takes anyway, small enough to be made in a second.
const ROW_MB: u64 = 64;
/// What the program takes without it (a debug build).
const OWN_MB: u64 = 48;
/// Between two looks at a process that ends by itself.
const LOOK: Duration = Duration::from_millis(5);

/// The most memory that a process has had so far; none once it has ended.
fn peak_mb(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kb: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kb >> 10)
}

async fn peak_until_ended(mut running: Running) -> (i32, u64) {
    let mut peak = 0;
    while running.is_alive() {
        peak = peak_mb(running.process()).unwrap_or_default().max(peak);
        tokio::time::sleep(LOOK).await;
    }
    (running.ended().await, peak)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_very_large_row_is_copied_followed_compared_and_repaired_within_twice_its_size() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(&format!(
        "create table letter (id int primary key, body text not null);
         insert into letter values (1, repeat('x', {ROW_MB} << 20)), (2, 'short')"
    ))
    .await;
    let limit = 2 * ROW_MB + OWN_MB;

    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "follow", |status| phase(status) == "follow")
        .await;
    let copied = peak_mb(runner.process()).expect("the runner lives");
    assert!(copied < limit, "copied with {copied} MB");

    let update = format!("update letter set body = repeat('z', {ROW_MB} << 20) where id = 1");
    site.execute_on_source(&update).await;
    let followed = "select count(*) from letter where left(body, 1) = 'z'";
    site.wait_for_count(&site.target_url, followed, 1).await;
    let followed = peak_mb(runner.process()).expect("the runner lives");
    assert!(followed < limit, "followed with {followed} MB");

    let (code, equal) = peak_until_ended(site.begin(&["verify"])).await;
    assert_eq!(code, 0);
    assert!(equal < limit, "compared with {equal} MB");

    let target = connect(&site.target_url).await.expect("the target answers");
    target
        .batch_execute("update letter set body = body || 'y' where id = 1")
        .await
        .expect("the row can be spoiled");
    let (code, found) = peak_until_ended(site.begin(&["verify"])).await;
    assert_eq!(code, 1);
    assert!(found < limit, "found with {found} MB");
    let (code, repaired) = peak_until_ended(site.begin(&["verify", "--repair"])).await;
    assert_eq!(code, 0);
    assert!(repaired < limit, "repaired with {repaired} MB");
}
