//! Both ways are slow and lose packets, all along a migration: it is loaded, followed and moved, and what is told of it is true.

use serde_json::Value;
use transhume_testkit::{
    oracle::{self, Except},
    proxy::Proxy,
};

use super::{
    followed_shop::{SHOP, until},
    site::{Site, phase},
};

/// Some seconds at 20 Mbit/s.
const ROWS: &str = "create table body (id int primary key, body text);
    insert into body select g, repeat(md5(g::text), 30) from generate_series(1, 8000) g";
const BEHIND: &str = "insert into ledger select 'behind ' || g from generate_series(1, 20000) g";
/// A forecast goes by round trips, and one packet of a hundred takes five times as long.
const FORECAST_WITHIN: f64 = 5.0;
/// The limit of the pause unless it is set, which a pause over such lines is to keep (milliseconds).
const MAX_PAUSE: f64 = 15_000.0;
/// Markers and what the server writes by itself.
const LITTLE_LAG: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_goes_through_poor_lines() {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    site.execute_on_source(ROWS).await;
    let direct = (site.source_url.clone(), site.target_url.clone());
    let proxies = [
        Proxy::start(site.source.port()).await,
        Proxy::start(site.target.port()).await,
    ];
    proxies.iter().for_each(Proxy::worsen);
    site.source_url = proxies[0].through(&direct.0);
    site.target_url = proxies[1].through(&direct.1);
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "following", |status| phase(status) == "follow")
        .await;

    site.execute_on_source(BEHIND).await;
    until(&direct.1, "select count(*) = 20000 from ledger").await;
    let is_told = |status: &Value| status["lag_bytes"].as_u64().is_some_and(|lag| lag < LITTLE_LAG);
    site.wait_for(&mut runner, "a small lag", is_told).await;
    let status = site.status().expect("the state is there");
    let forecast = milliseconds(&status["write_pause"]["milliseconds"]);

    let moved = site.succeed(&["cutover", "--yes", "--override", "verification", "--json"]);
    let report: Value = serde_json::from_str(&moved.output).expect("--json prints JSON");
    let pause = milliseconds(&report["write_pause_milliseconds"]);
    assert!(
        pause < MAX_PAUSE && pause < forecast * FORECAST_WITHIN && forecast < pause * FORECAST_WITHIN,
        "{pause} ms, forecast {forecast} ms: {report:#}"
    );
    let different = oracle::row_differences(&direct.0, &direct.1, &Except::default()).await;
    assert!(different.is_empty(), "{different:?}\n{}", runner.log());
    let log = runner.log();
    assert!(!log.contains("no answer") && !log.contains("given up"), "{log}");
}

fn milliseconds(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}
