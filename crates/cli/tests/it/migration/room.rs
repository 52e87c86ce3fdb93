//! What a move needs of time and room: the forecast beside what happened, and a load that waits for storage.

use serde_json::Value;

use super::site::{Site, phase};

/// 48 MB: enough for a sample, little enough for an everyday test.
const LARGE: &str = "
    create schema shop;
    create type shop.kind as enum ('small', 'large');
    create table shop.item (id int primary key, kind shop.kind not null, body text not null);
    insert into shop.item select n, 'large', repeat(md5(n::text), 10) from generate_series(1, 130000) n;
    create index on shop.item (body);
    analyze shop.item;
";

#[tokio::test(flavor = "multi_thread")]
async fn a_forecast_is_measured_and_stands_beside_what_happened() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(LARGE).await;
    let assessed = site.succeed(&["assess"]);
    assert!(
        assessed.output.contains("(from a sample of "),
        "{}{}",
        assessed.output,
        assessed.error
    );
    let left = "select nspname::text from pg_namespace where nspname like 'transhume%'";
    assert_eq!(site.target_names(left).await, Vec::<String>::new());

    site.succeed(&["run", "--until-caught-up"]);
    let directory = site.path("record");
    site.succeed(&["report", directory.to_str().expect("a path of ours")]);
    let told = site.succeed(&["report", "--json"]).output;
    let record: Value = serde_json::from_str(&told).expect("it is JSON");
    let found = &record["forecast"];
    // How near it comes depends on who else works here; docs/performance.md has figures.
    let factor = found["factor"].as_f64().unwrap_or_else(|| panic!("{found:#}"));
    assert!(factor > 0.02 && factor < 50.0, "{found:#}");
    let page = std::fs::read_to_string(directory.join("transhume-report.html")).expect("the page is there");
    assert!(page.contains("Forecast of load and builds: about "), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_waits_for_storage_before_the_target_is_full_and_goes_on_with_more() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(
        "do $$ begin for n in 1..8 loop
             execute format('create table b%s (id int primary key, body text)', n);
             execute format('insert into b%s select g, repeat(''x'', 1000) from generate_series(1, 1000) g', n);
         end loop; end $$",
    )
    .await;
    // An empty server takes more than this already.
    let slowly = [
        "run",
        "--rate-limit",
        "1MB",
        "--loaders",
        "1",
        "--target-storage",
        "20MB",
    ];
    let mut runner = site.begin(&slowly);
    runner.said("storage: ").await;
    site.wait_for(&mut runner, "the reason", |status| {
        status.to_string().contains("more storage on the target")
    })
    .await;
    runner.interrupt();
    runner.ended().await;
    let mut runner = site.begin(&["run", "--target-storage", "64GB"]);
    site.wait_for(&mut runner, "following", |status| phase(status) == "follow")
        .await;
    let loaded = "select count(*)::text from b1 union all select count(*)::text from b8";
    assert_eq!(site.target_names(loaded).await, ["1000", "1000"]);
}
