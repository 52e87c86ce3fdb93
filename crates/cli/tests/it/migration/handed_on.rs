//! A source that only its operators reach: what psql writes down of it is assessed as if it had been reached.

use std::process::Command;

use serde_json::Value;
use transhume_testkit::server::client_programs;

use super::site::Site;

/// What only a connection can show: of these a file can say no, and never yes.
const TRIED_ALONE: [&str; 4] = [
    "publication-right",
    "replication-right",
    "schema-changes",
    "source-identity",
];

const TABLES: &str = "
    create extension hstore;
    create schema shop;
    create type shop.state as enum ('new', 'paid');
    create table shop.orders (id bigserial primary key, state shop.state, attributes hstore, note text collate \"C\");
    create table shop.nokey (line text, computed int generated always as (1) stored, at regclass);
    create table shop.parted (state shop.state, n int) partition by hash (state);
    create table shop.part partition of shop.parted for values with (modulus 1, remainder 0);
    create unlogged table shop.cache (k text primary key);
    create sequence shop.never_called;
    create materialized view shop.counted as select count(*) from shop.orders;
    create function shop.keep() returns trigger language plpgsql as $$ begin return new; end $$;
    create trigger keep after insert on shop.orders for each row execute function shop.keep();
    alter table shop.orders enable always trigger keep;
    alter table shop.nokey enable row level security;
    insert into shop.orders (note) select 'n' from generate_series(1, 100);
    select lo_create(4711);
    analyze;
";

/// Of the answer in JSON, what both ways must tell alike.
fn told(document: &str) -> (Vec<Value>, Value) {
    let assessment: Value = serde_json::from_str(document).expect("an assessment in JSON");
    let findings = assessment["findings"].as_array().expect("findings").clone();
    let both = |finding: &Value| !TRIED_ALONE.contains(&finding["code"].as_str().unwrap_or_default());
    (
        findings.into_iter().filter(both).collect(),
        assessment["estimate"].clone(),
    )
}

async fn is_assessed_alike(site: &Site, report: &str) {
    site.execute_on_source(TABLES).await;
    let reached = site.call(&["assess", "--source-only", "--json", "--exclude", "shop.cache"]);
    assert!(!reached.output.is_empty(), "{}", reached.error);

    site.write("assess.sql", &site.succeed(&["assess", "--offline-sql"]).output);
    let psql = Command::new(client_programs(15).join("psql"))
        .args(["-X", "-f", "assess.sql", "-o", "shop.json", &site.source_url])
        .current_dir(site.directory())
        .output()
        .expect("psql starts");
    assert_eq!(
        String::from_utf8_lossy(&psql.stderr),
        "",
        "every question is answered"
    );

    let offline = site.call(&[
        "assess",
        "--offline",
        "shop.json",
        "--json",
        "--exclude",
        "shop.cache",
    ]);
    assert_eq!(offline.code, reached.code, "{}", offline.error);
    assert_eq!(told(&offline.output), told(&reached.output));
    site.call(&["assess", "--offline", "shop.json", "--report", report]);
    let files = std::fs::read_dir(site.directory().join(report)).expect("the report is there");
    assert_eq!(files.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_psql_wrote_is_assessed_as_if_the_source_had_been_reached() {
    let mut site = Site::empty(13, 18).await;
    is_assessed_alike(&site, "of-13").await;
    site.source_url = site.target_url.clone();
    is_assessed_alike(&site, "of-18").await;

    site.write("cut.json", "{\"question\": \"recording\", \"rows\"");
    let refused = site.call(&["assess", "--offline", "cut.json"]);
    assert_eq!(refused.code, 1, "{}", refused.error);
    assert!(
        refused.error.contains("line 1 cannot be read"),
        "{}",
        refused.error
    );
}
