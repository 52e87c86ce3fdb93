//! A start over a long way: round trips are counted, since each costs the length of the way whatever the machine does.

use std::time::{Duration, Instant};

use transhume_testkit::proxy::{Proxy, RoundTrips};

use super::site::Site;

/// One way, in milliseconds: keeps sessions that are used side by side in step.
const DELAY: u64 = 10;
/// Seen: 32. Over a way of 40 ms there and back each further one is 40 ms more, and 1.5 s are 37.
const MOST_ROUND_TRIPS: u64 = 37;
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_goes_on_asks_both_servers_seldom_before_it_follows() {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source("create table entry (id int primary key)")
        .await;
    site.succeed(&["run", "--until-caught-up"]);
    let trips = RoundTrips::default();
    let source = Proxy::counting(site.source.port(), &trips).await;
    let target = Proxy::counting(site.target.port(), &trips).await;
    source.delay(DELAY);
    target.delay(DELAY);
    site.source_url = source.through(&site.source_url);
    site.target_url = target.through(&site.target_url);

    let mut running = site.begin(&["run"]);
    let end = Instant::now() + PATIENCE;
    while !running.log().contains("phase follow") {
        assert!(running.is_alive() && Instant::now() < end, "{}", running.log());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let count = trips.count();
    assert!(count <= MOST_ROUND_TRIPS, "{count} round trips");
}
