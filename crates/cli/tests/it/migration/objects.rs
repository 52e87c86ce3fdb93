//! Everything that is not rows, compared while the source is followed: silence where both sides agree,
//! and each planted difference named once.

use serde_json::{Value, json};
use transhume_testkit::{connection::connect, server::EVERYDAY_MAJOR};

use super::site::{Site, phase};

/// Large objects that the planted differences are made of.
const LARGE_OBJECTS: &str = "select lo_from_bytea(900001, 'one'), lo_from_bytea(900002, 'two')";

/// Code and object of what must be acted upon.
const BLOCKERS: [(&str, &str); 20] = [
    (
        "broken-foreign-key",
        "constraint child_parent_id_fkey on torture.child",
    ),
    (
        "broken-unique-constraint",
        "constraint swap_place on torture.swap",
    ),
    ("different-column", "column torture.accounts.note"),
    ("different-column", "column torture.doc.title"),
    ("different-column", "column torture.generated.total"),
    ("different-column", "column torture.identity_default.id"),
    ("different-column", "column torture.swap.place"),
    (
        "different-constraint",
        "constraint accounts_balance_check on torture.accounts",
    ),
    (
        "different-foreign-key",
        "foreign key child_sibling_id_fkey on torture.child",
    ),
    ("different-function", "function torture.count_touch()"),
    ("different-index", "index torture.doc_facts"),
    ("different-policy", "policy visible on torture.accounts"),
    ("different-sequence", "sequence torture.never_used"),
    ("different-table", "table torture.accounts"),
    ("different-table", "table torture.parent"),
    ("different-trigger", "trigger child_audit on torture.child"),
    ("different-type", "type torture.mood"),
    ("different-view", "view torture.rich"),
    ("different-view", "view torture.rich_ids"),
    ("missing-aggregate", "aggregate torture.product(double precision)"),
];

const MORE_BLOCKERS: [(&str, &str); 4] = [
    (
        "missing-domain-constraint",
        "domain constraint percent_check on torture.percent",
    ),
    ("missing-index", "index torture.doc_words"),
    ("surplus-constraint", "constraint planted_key on torture.audit"),
    ("surplus-rule", "rule planted on torture.unlogged"),
];

/// Code and object of warnings.
const WARNINGS: [(&str, &str); 13] = [
    ("different-function", "function torture.add(integer,integer)"),
    ("different-large-object", "large objects 900001"),
    ("different-table", "table torture.composite_key"),
    ("different-table", "table torture.scratch"),
    (
        "missing-default-privileges",
        "default privileges of postgres for tables in torture",
    ),
    ("missing-large-object", "large objects 900003"),
    ("missing-statistics", "statistics torture.account_statistics"),
    ("no-statistics", "table torture.ancestor"),
    ("sequence-ahead", "torture.downwards"),
    (
        "stale-materialized-view",
        "materialized view torture.first_accounts",
    ),
    ("surplus-column", "column torture.scratch.planted"),
    ("surplus-index", "index torture.planted"),
    ("surplus-large-object", "large objects 900002"),
];

async fn every_difference_is_named_once(source: u32, target: u32) {
    let site = Site::with_torture(source, target).await;
    site.execute_on_source(LARGE_OBJECTS).await;
    site.execute_on_source(include_str!("sql/odd.sql")).await;
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "following", |status| phase(status) == "follow")
        .await;

    let clean: Value =
        serde_json::from_str(&site.succeed(&["verify", "--json"]).output).expect("verify prints JSON");
    let clean = &clean["objects"];
    assert_eq!(clean["findings"], Value::Array(Vec::new()));
    assert!(
        clean["compared"]["column"].as_u64().expect("a count") > 100,
        "{clean:#}"
    );

    assert_eq!(at_the_gate(&site, "verification"), "met");
    assert_eq!(at_the_gate(&site, "validity"), "met");
    site.execute_on_source(include_str!("sql/planted_on_source.sql"))
        .await;
    let on_target = connect(&site.target_url).await.expect("the target answers");
    on_target
        .batch_execute(include_str!("sql/planted_on_target.sql"))
        .await
        .expect("the differences can be planted");
    let ended = site.call(&["verify", "--json"]);
    assert_eq!(ended.code, 1, "{}", ended.error);
    let found: Value = serde_json::from_str(&ended.output).expect("verify prints JSON");
    let mut expected: Vec<(&str, &str)> = BLOCKERS.into_iter().chain(MORE_BLOCKERS).collect();
    expected.sort_unstable();
    assert_eq!(named(&found, "blocker"), expected);
    let mut expected: Vec<(&str, &str)> = WARNINGS.to_vec();
    expected.push(("surplus-table", "table torture.planted_table"));
    expected.sort_unstable();
    assert_eq!(named(&found, "warning"), expected);

    let text = site.call(&["verify"]).output;
    assert!(text.contains("24 blockers, 14 warnings"), "{text}");
    let status = site.status().expect("there is a migration");
    let last = &status["verification"];
    assert_eq!(last["result"], "different");
    assert_eq!(
        (&last["object_blockers"], &last["extent"]),
        (&json!(24), &json!("whole"))
    );
    assert_eq!(at_the_gate(&site, "verification"), "unmet");
}

/// What the gate of the cutover says of a condition.
fn at_the_gate(site: &Site, name: &str) -> String {
    let ended = site.call(&["cutover", "--check", "--json"]);
    let gate: Value = serde_json::from_str(&ended.output)
        .unwrap_or_else(|error| panic!("{error}: {}{}", ended.output, ended.error));
    let conditions = gate["conditions"].as_array().expect("a list");
    let condition = conditions
        .iter()
        .find(|condition| condition["name"] == name)
        .expect("the gate has the condition");
    condition["state"].as_str().expect("a text").to_owned()
}

/// Code and object of the findings of this severity.
fn named<'a>(verification: &'a Value, severity: &str) -> Vec<(&'a str, &'a str)> {
    let findings = verification["objects"]["findings"].as_array().expect("a list");
    let mut named: Vec<(&str, &str)> = findings
        .iter()
        .filter(|finding| finding["severity"] == severity)
        .map(|finding| {
            (
                finding["code"].as_str().expect("a text"),
                finding["object"].as_str().expect("a text"),
            )
        })
        .collect();
    named.sort_unstable();
    named
}

#[tokio::test]
async fn every_planted_difference_is_named_once_within_one_version() {
    every_difference_is_named_once(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
}

#[tokio::test]
async fn every_planted_difference_is_named_once_between_versions() {
    every_difference_is_named_once(13, 17).await;
}

#[tokio::test]
async fn what_is_not_selected_is_not_missed() {
    let site = Site::with_torture(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    // The parent of this child is not selected, so the foreign key to it cannot come.
    let selection = "torture.child,torture.doc,torture.parted_north,torture.rich_ids";
    site.succeed(&["run", "--include", selection, "--until-caught-up"]);
    let ended = site.succeed(&["verify", "--json"]);
    let verification: Value = serde_json::from_str(&ended.output).expect("verify prints JSON");
    let objects = &verification["objects"];
    assert_eq!(objects["findings"], Value::Array(Vec::new()), "{objects:#}");
    let left_out = "objects were left out since they need what is not selected";
    assert_eq!(objects["deliberate"][left_out], 2, "{objects:#}");
    let not_compared = objects["not_compared"].to_string();
    assert!(not_compared.contains("outside of the selection"), "{objects:#}");
}
