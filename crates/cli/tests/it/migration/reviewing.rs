//! After a cutover: what takes longer on the new server, and what the old one still does.

use serde_json::Value;
use transhume_demo::cluster::ClusterOptions;
use transhume_testkit::{Pair, connection::connect, server::server};

use super::site::Site;

const QUERY: &str = "select id from orders where code = $1";

/// So many rows that reading all of them takes many times as long as finding one.
const ORDERS: &str = "
    create extension pg_stat_statements;
    create table orders (id int primary key, code text, filler text);
    insert into orders select n, 'code ' || n, repeat('x', 100) from generate_series(1, 30000) n;
    create index orders_code on orders (code);
    analyze orders;
";

fn counting() -> ClusterOptions {
    ClusterOptions::new(server(15)).setting("shared_preload_libraries", "pg_stat_statements")
}

/// Counters reach everybody when the session ends.
async fn ask(url: &str, before: &str, times: usize) {
    let client = connect(url).await.expect("the server answers");
    client.batch_execute(before).await.expect("settings are in order");
    for number in 0..times {
        let code = format!("code {number}");
        client
            .query(QUERY, &[&code])
            .await
            .expect("the query is in order");
    }
}

fn reviewed(site: &Site) -> Value {
    let ended = site.call(&["review", "--json"]);
    assert_eq!(ended.code, 1, "{}{}", ended.output, ended.error);
    serde_json::from_str(&ended.output).expect("a review in JSON")
}

fn remedies(review: &Value, code: &str) -> Vec<String> {
    let findings = review["findings"].as_array().expect("findings");
    findings
        .iter()
        .filter(|finding| finding["code"] == code && finding["severity"] == "warning")
        .map(|finding| format!("{}: {}", finding["object"], finding["remedy"]))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_lost_its_index_and_an_old_server_that_still_works_are_told() {
    let site = Site::of(Pair::start(counting(), counting())).await;
    site.execute_on_source(ORDERS).await;
    site.execute_on_source("select pg_create_logical_replication_slot('warehouse', 'test_decoding')")
        .await;
    ask(&site.source_url, "select 1", 60).await;
    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&[
        "cutover",
        "--yes",
        "--without-fallback",
        "--override",
        "verification",
    ]);
    ask(
        &site.target_url,
        "set enable_indexscan = off; set enable_bitmapscan = off",
        10,
    )
    .await;
    let forgotten = connect(&format!("{}?application_name=forgotten", site.source_url)).await;

    let review = reviewed(&site);
    let slower = review["queries"]["slower"].as_array().expect("slower ones");
    assert_eq!(slower.len(), 1, "{review:#}");
    assert_eq!(slower[0]["query"], QUERY);
    assert_eq!(
        (&slower[0]["calls_before"], &slower[0]["calls_after"]),
        (&60.into(), &10.into())
    );
    assert_eq!(remedies(&review, "query-slower").len(), 1, "{review:#}");
    let unused = remedies(&review, "index-unused");
    assert!(
        unused.len() == 1 && unused[0].contains("orders_code on public.orders"),
        "{review:#}"
    );
    let old = remedies(&review, "old-server");
    assert!(
        old.len() == 2 && old[1].contains("pg_drop_replication_slot('warehouse')"),
        "{review:#}"
    );
    assert!(
        review.to_string().contains("1 session of forgotten"),
        "{review:#}"
    );

    drop(forgotten);
    site.succeed(&["finish", "--yes"]);
    let text = site.call(&["review"]).output;
    for words in [
        "query-slower",
        "When nobody needs the old server any more",
        "orders_code",
    ] {
        assert!(text.contains(words), "no {words} in {text}");
    }
}
