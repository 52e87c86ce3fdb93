//! Ways to the servers that fall silent without a word: noticed, shown, and gone on from without anybody's help.

use std::time::{Duration, Instant};

use transhume_testkit::{
    oracle::{self, Except},
    proxy::Proxy,
    traffic::{Traffic, TrafficOptions},
};

use super::site::{Running, Site, phase};

/// What is promised, with what a busy machine adds to it.
const NOTICED_WITHIN: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(200);

#[derive(Clone, Copy)]
enum Side {
    Source,
    Target,
}

struct Following {
    site: Site,
    /// What the runner goes through.
    proxy: Proxy,
    /// Its URL on that side, without the proxy.
    direct: String,
    side: Side,
    traffic: Traffic,
    runner: Running,
}

impl Following {
    /// A run that follows, one of whose ways can fail.
    async fn through(way: Side) -> Self {
        let mut site = Site::with_torture(15, 15).await;
        let port = match way {
            Side::Source => site.source.port(),
            Side::Target => site.target.port(),
        };
        let proxy = Proxy::start(port).await;
        let traffic = Traffic::start(&site.source_url, &TrafficOptions::gentle());
        let url = match way {
            Side::Source => &mut site.source_url,
            Side::Target => &mut site.target_url,
        };
        let direct = url.clone();
        *url = proxy.through(url);
        let mut runner = site.begin(&["run"]);
        site.wait_for(&mut runner, "following", |status| phase(status) == "follow")
            .await;
        let end = site.source_wal_end().await;
        site.wait_for(&mut runner, "changes", |status| frontier(status) >= end)
            .await;
        Self {
            site,
            proxy,
            direct,
            side: way,
            traffic,
            runner,
        }
    }

    fn go_direct(&mut self) {
        match self.side {
            Side::Source => self.site.source_url.clone_from(&self.direct),
            Side::Target => self.site.target_url.clone_from(&self.direct),
        }
    }

    async fn said_within(&mut self, text: &str, patience: Duration) {
        let end = Instant::now() + patience;
        while !self.runner.log().contains(text) {
            assert!(
                self.runner.is_alive() && Instant::now() < end,
                "no \"{text}\" within {patience:?}:\n{}",
                self.runner.log()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// The writers stop, the runner catches up by itself, and both sides hold the same.
    async fn ends_exact(mut self) {
        self.go_direct();
        self.traffic.wait_for(50).await;
        let promised = self.traffic.stop().await;
        let end = self.site.source_wal_end().await;
        self.site
            .wait_for(&mut self.runner, "caught up", |status| frontier(status) >= end)
            .await;
        // Sequences are set at the cutover.
        let differences =
            oracle::row_differences(&self.site.source_url, &self.site.target_url, &Except::default()).await;
        assert!(differences.is_empty(), "{differences:?}");
        oracle::ledger_check(&self.site.target_url, &promised).await;
    }
}

fn frontier(status: &serde_json::Value) -> u64 {
    let text = status["frontier"].as_str().unwrap_or_default();
    let Some((high, low)) = text.split_once('/') else {
        return 0;
    };
    let part = |text| u64::from_str_radix(text, 16).unwrap_or_default();
    (part(high) << 32) | part(low)
}

async fn falls_silent(side: Side, name: &str) {
    let mut following = Following::through(side).await;
    following.proxy.freeze();
    // Shown long before anything is given up.
    following
        .said_within(&format!("no answer from the {name}"), NOTICED_WITHIN / 3)
        .await;
    following
        .said_within("nor to a new connection", NOTICED_WITHIN)
        .await;
    following.proxy.thaw();
    following.ends_exact().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_falls_silent_is_shown_given_up_and_gone_on_with() {
    falls_silent(Side::Target, "target").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_falls_silent_is_shown_given_up_and_gone_on_with() {
    falls_silent(Side::Source, "source").await;
}

/// The firewall has forgotten the connections: the server's processes know nothing of it, and hold the runner's lock.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_connections_are_dead_alone_ends_its_own_sessions_and_goes_on() {
    let mut following = Following::through(Side::Target).await;
    following.proxy.silence();
    following.said_within("trying again", NOTICED_WITHIN).await;
    following.ends_exact().await;
}

/// The machine of the runner is gone without a farewell. Its session holds the lock for as long as the server believes in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_runner_without_a_sign_of_life_is_ended_and_taken_over_within_a_minute() {
    let mut following = Following::through(Side::Target).await;
    following.proxy.silence();
    following.runner.kill();
    following.go_direct();
    following.runner = following.site.begin(&["run"]);
    following
        .said_within("has given no sign of life for", Duration::from_secs(60))
        .await;
    following.ends_exact().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_lives_is_not_taken_over() {
    let following = Following::through(Side::Target).await;
    let refused = following.site.call(&["run", "--until-caught-up"]);
    assert_eq!(refused.code, 1, "{}", refused.error);
    assert!(
        refused.error.contains("another runner holds this migration"),
        "{}",
        refused.error
    );
    following.ends_exact().await;
}

/// Large packets are lost on the way and small ones pass: connections can be had, and stand still.
#[tokio::test(flavor = "multi_thread")]
async fn a_way_that_loses_large_packets_is_told_and_gone_on_with_once_it_is_mended() {
    let mut following = Following::through(Side::Source).await;
    following.proxy.lose_larger_than(1400);
    following.said_within("has been silent for", NOTICED_WITHIN).await;
    following.proxy.thaw();
    following.ends_exact().await;
}

/// 50 ms and some 10 Mbit/s each way: slower, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_line_is_no_outage() {
    let following = Following::through(Side::Target).await;
    following.proxy.delay(50);
    following.traffic.wait_for(100).await;
    let log = following.runner.log();
    following.ends_exact().await;
    assert!(!log.contains("no answer") && !log.contains("given up"), "{log}");
}
