//! Definitions are equal where they mean the same, whatever servers print: a server prints some otherwise once it has
//! read them again, and versions print views and more in their own ways.

use serde_json::Value;
use transhume_testkit::{Pair, connection::connect, server::EVERYDAY_MAJOR};

use super::site::Site;

/// The first major version with statistics on expressions and bodies in standard SQL.
const BODIES_SINCE: u32 = 14;

/// What means something else on the target.
const DIFFERENT: [&str; 10] = [
    "column words.orders.kind",
    "constraint known on words.orders",
    "domain constraint known on words.state",
    "function words.named(character varying)",
    "index words.computed",
    "index words.somewhat",
    "policy seen on words.orders",
    "rule noted on words.orders",
    "trigger stamped on words.orders",
    "view words.alone",
];

/// The comparison of objects, as JSON.
fn compared(site: &Site) -> Value {
    let ended = site.call(&["verify", "--json"]);
    let verification: Value = serde_json::from_str(&ended.output)
        .unwrap_or_else(|error| panic!("{error}: {}{}", ended.output, ended.error));
    verification["objects"].clone()
}

fn named(objects: &Value) -> Vec<String> {
    let findings = objects["findings"].as_array().expect("a list");
    let mut named: Vec<String> = findings
        .iter()
        .map(|finding| finding["object"].as_str().expect("a text").to_owned())
        .collect();
    named.sort_unstable();
    named
}

/// Offline, so that the two databases are left as two that nobody migrates.
async fn equal_is_what_means_the_same(source: u32, target: u32) {
    let mut site = Site::empty(source, target).await;
    site.execute_on_source(include_str!("sql/worded.sql")).await;
    if source >= BODIES_SINCE {
        site.execute_on_source(include_str!("sql/worded_since_14.sql"))
            .await;
    }
    site.succeed(&["run", "--offline"]);
    site.succeed(&["finish", "--yes"]);
    let objects = compared(&site);
    assert_eq!(objects["findings"], Value::Array(Vec::new()), "{objects:#}");
    assert!(
        !objects["not_compared"].to_string().contains("text of"),
        "{objects:#}"
    );
    exchange(&mut site);
    let objects = compared(&site);
    assert_eq!(
        objects["findings"],
        Value::Array(Vec::new()),
        "the other way: {objects:#}"
    );
    exchange(&mut site);

    let on_target = connect(&site.target_url).await.expect("the target answers");
    on_target
        .batch_execute(include_str!("sql/worded_otherwise.sql"))
        .await
        .expect("the differences can be planted");
    let objects = compared(&site);
    assert_eq!(named(&objects), DIFFERENT, "{objects:#}");
}

#[tokio::test]
async fn equal_is_what_means_the_same_within_a_version() {
    equal_is_what_means_the_same(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
}

#[tokio::test]
async fn equal_is_what_means_the_same_between_13_and_17() {
    equal_is_what_means_the_same(13, 17).await;
}

#[tokio::test]
async fn equal_is_what_means_the_same_between_15_and_18() {
    equal_is_what_means_the_same(15, 18).await;
}

/// Whatever is compared next is compared the other way.
fn exchange(pair: &mut Pair) {
    std::mem::swap(&mut pair.source_url, &mut pair.target_url);
}
