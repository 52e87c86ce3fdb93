//! Cells of the matrix in docs/testing.md that no other file plays: servers that fail over or hang, and ways that are cut,
//! while tables are copied, in the midst of a cutover, and once the application has moved.
//!
//! A server that fails over is found under its old address, as a managed service does it.

use std::time::{Duration, Instant};

use transhume_engine::failpoint::Point;
use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
    proxy::Proxy,
};

use super::{
    followed_shop::{SHOP, execute, following, until},
    points::Points,
    site::{Running, Site, phase},
    standbys::{fail_over, has_our_slot, strict, synchronous_standby},
};

/// What undoing a cutover may take on a busy machine, beside a server that recovers.
const UNDONE_WITHIN: Duration = Duration::from_secs(60);
/// Silence is borne for 60 s; a look over a new connection comes before it is given up.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(50);
/// Some ten seconds at [`LOAD`]'s rate, in tables that are finished one by one.
pub(super) const BIG: &str = "do $$ begin for number in 1..10 loop
        execute format('create table big_%s (id int primary key, body text)', number);
        execute format('insert into big_%s select g, repeat(''b'', 1000) from generate_series(1, 1000) g', number);
    end loop; end $$";
const LOAD: &[&str] = &["run", "--rate-limit", "1MB", "--loaders", "2"];
const CUTOVER: &[&str] = &["cutover", "--yes", "--override", "verification"];
const SOME_ARE_LOADED: &str =
    "select count(*) filter (where state = 'loaded') between 2 and 9 from transhume.relation";

/// A load with some tables behind it and some before it.
async fn loading(site: &Site) -> Running {
    site.execute_on_source(SHOP).await;
    site.execute_on_source(BIG).await;
    let mut runner = site.begin(LOAD);
    site.wait_for(&mut runner, "a load", |status| phase(status) == "full-load")
        .await;
    until(&site.target_url, SOME_ARE_LOADED).await;
    runner
}

/// What the runner does by itself is enough: it follows, and both sides hold the same.
async fn follows_exactly(site: &Site, runner: &mut Running) {
    site.wait_for(runner, "following", |status| phase(status) == "follow")
        .await;
    site.execute_on_source("insert into ledger values ('at the end')")
        .await;
    until(
        &site.target_url,
        "select count(*) >= 1 from ledger where note = 'at the end'",
    )
    .await;
    let different = oracle::row_differences(&site.source_url, &site.target_url, &Except::default()).await;
    assert!(different.is_empty(), "{different:?}\n{}", runner.log());
}

/// The application is let go on where it was.
async fn writes_on_the_source(site: &Site, cutover: &Running) {
    let begun = Instant::now();
    loop {
        let written = match connect(&site.source_url).await {
            Ok(client) => {
                client
                    .batch_execute("insert into ledger values ('goes on')")
                    .await
            }
            Err(error) => Err(error),
        };
        let Err(error) = written else { return };
        assert!(begun.elapsed() < UNDONE_WITHIN, "{error}\n{}", cutover.log());
        tokio::time::sleep(POLL).await;
    }
}

/// It failed, the application goes on, the runner follows, and the next one succeeds with all rows.
async fn is_undone_and_tried_again(site: &Site, mut cutover: Running, mut runner: Running) {
    writes_on_the_source(site, &cutover).await;
    assert_ne!(cutover.ended().await, 0, "{}", cutover.log());
    follows_exactly(site, &mut runner).await;
    site.succeed(CUTOVER);
    until(
        &site.target_url,
        "select count(*) >= 1 from ledger where note = 'goes on'",
    )
    .await;
    // The fallback that it promises is alive, whichever server has taken over meanwhile.
    execute(&site.target_url, "insert into ledger values ('brought back')").await;
    let back = "select count(*) = 1 from ledger where note = 'brought back'";
    until(&site.source_url, back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_goes_on_when_the_target_fails_over() {
    let mut site = Site::empty(15, 15).await;
    let mut runner = loading(&site).await;
    let standby = synchronous_standby(&mut site.target).await;
    fail_over(&mut site.target, standby);
    follows_exactly(&site, &mut runner).await;
}

/// Longer than connections are kept without an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_goes_on_when_either_server_hangs_for_long() {
    let site = Site::empty(15, 15).await;
    let mut runner = loading(&site).await;
    for server in [&site.source, &site.target] {
        let waits = runner.log().matches("no answer for 60 s").count();
        server.hang();
        let end = Instant::now() + GIVEN_UP_WITHIN;
        while runner.log().matches("no answer for 60 s").count() == waits {
            assert!(runner.is_alive() && Instant::now() < end, "{}", runner.log());
            tokio::time::sleep(POLL).await;
        }
        server.go_on();
    }
    follows_exactly(&site, &mut runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_from_17_outlives_a_fail_over_of_its_source() {
    let (mut site, standby) = strict().await;
    let mut runner = loading(&site).await;
    has_our_slot(&standby).await;
    fail_over(&mut site.source, standby);
    follows_exactly(&site, &mut runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cutover_in_which_a_source_of_17_fails_over_is_undone() {
    let (mut site, standby) = strict().await;
    site.execute_on_source(SHOP).await;
    let runner = following(&site).await;
    has_our_slot(&standby).await;
    let points = Points::new();
    points.hold(Point::Drained);
    let mut cutover = site.begin_with(CUTOVER, &[points.variable()]);
    points.wait_at(&mut cutover, Point::Drained).await;
    fail_over(&mut site.source, standby);
    points.let_go();
    is_undone_and_tried_again(&site, cutover, runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cutover_in_which_the_target_fails_over_is_undone() {
    for point in [Point::Drained, Point::LargeObjectsCompared] {
        let mut site = Site::empty(15, 15).await;
        site.execute_on_source(SHOP).await;
        let runner = following(&site).await;
        let standby = synchronous_standby(&mut site.target).await;
        let points = Points::new();
        points.hold(point);
        let mut cutover = site.begin_with(CUTOVER, &[points.variable()]);
        points.wait_at(&mut cutover, point).await;
        fail_over(&mut site.target, standby);
        points.let_go();
        is_undone_and_tried_again(&site, cutover, runner).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cutover_in_which_the_source_hangs_says_so_and_is_undone_once_it_goes_on() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    let runner = following(&site).await;
    let points = Points::new();
    points.hold(Point::Drained);
    let words = [CUTOVER, &["--max-pause", "4s"]].concat();
    let mut cutover = site.begin_with(&words, &[points.variable()]);
    points.wait_at(&mut cutover, Point::Drained).await;
    site.source.hang();
    points.let_go();
    cutover.said("has reached its limit of 4 s").await;
    site.source.go_on();
    is_undone_and_tried_again(&site, cutover, runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cutover_whose_ways_are_cut_is_undone() {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    let runner = following(&site).await;
    let proxies = [
        Proxy::start(site.source.port()).await,
        Proxy::start(site.target.port()).await,
    ];
    let direct = (site.source_url.clone(), site.target_url.clone());
    site.source_url = proxies[0].through(&direct.0);
    site.target_url = proxies[1].through(&direct.1);
    let points = Points::new();
    points.hold(Point::Drained);
    let mut cutover = site.begin_with(CUTOVER, &[points.variable()]);
    points.wait_at(&mut cutover, Point::Drained).await;
    proxies.iter().for_each(Proxy::refuse);
    points.let_go();
    (site.source_url, site.target_url) = direct;
    // By the runner, whose ways are whole, while the cutover itself reaches nobody.
    writes_on_the_source(&site, &cutover).await;
    proxies.iter().for_each(Proxy::thaw);
    is_undone_and_tried_again(&site, cutover, runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_source_is_followed_to_when_either_server_hangs_after_the_opening() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    let mut runner = following(&site).await;
    site.succeed(CUTOVER);
    for (number, server) in [&site.source, &site.target].into_iter().enumerate() {
        let begun = runner.log().matches("no answer").count();
        server.hang();
        let end = Instant::now() + UNDONE_WITHIN;
        while runner.log().matches("no answer").count() == begun {
            assert!(runner.is_alive() && Instant::now() < end, "{}", runner.log());
            tokio::time::sleep(POLL).await;
        }
        server.go_on();
        let note = format!("after hang {number}");
        execute(&site.target_url, &format!("insert into ledger values ('{note}')")).await;
        until(
            &site.source_url,
            &format!("select count(*) = 1 from ledger where note = '{note}'"),
        )
        .await;
    }
}
