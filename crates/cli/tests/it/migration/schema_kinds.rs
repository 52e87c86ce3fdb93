//! Kinds of statements that alter a schema while it is followed: each is carried, or held and told.
//!
//! All of them go to one pair of servers, each in a schema of its own. The oracle compares, which shares no code with the product.

use std::time::{Duration, Instant};

use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
};

use super::site::{Site, phase};

const KINDS: &str = include_str!("sql/schema_kinds.sql");
const REFERENCE: &str = include_str!("../../../../../docs/reference/schema-changes.md");

/// Tables join and are loaded anew by themselves, one look after the other.
const DEADLINE: Duration = Duration::from_secs(150);
const POLL: Duration = Duration::from_millis(500);
/// Everyday kinds: what every part of the way has at least one of.
const OFTEN: usize = 3;
/// Share of all kinds that are carried with no help.
const CARRIED: usize = 95;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Becomes {
    Carried,
    /// Its rows are; what it altered is so from the cutover on.
    AtCutover,
    Held,
}

struct Kind {
    name: &'static str,
    becomes: Becomes,
    before: Vec<String>,
    altered: Vec<String>,
    rows: Vec<String>,
}

fn kinds() -> Vec<Kind> {
    KINDS.split("-- @kind ").skip(1).map(kind).collect()
}

fn kind(text: &'static str) -> Kind {
    let (title, rest) = text.split_once('\n').expect("a title");
    let (name, what) = title.split_once(' ').unwrap_or((title, ""));
    let (before, rest) = rest.split_once("-- @alter\n").expect("something is altered");
    let (altered, rows) = rest.split_once("-- @rows\n").unwrap_or((rest, ""));
    let statements = |text: &str| {
        let each = text.split_inclusive(";\n").map(str::trim);
        each.filter(|statement| !statement.is_empty())
            .map(str::to_owned)
            .collect()
    };
    Kind {
        name,
        becomes: match what {
            "" => Becomes::Carried,
            "at-cutover" => Becomes::AtCutover,
            "held" => Becomes::Held,
            other => panic!("{other}"),
        },
        before: statements(before),
        altered: statements(altered),
        rows: statements(rows),
    }
}

/// Of the kind, by the schema that it is about.
fn is_of(kind: &Kind, text: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut from = 0;
    while let Some(at) = text[from..].find(kind.name).map(|at| from + at) {
        let behind = text[at + kind.name.len()..].chars().next();
        if !text[..at].ends_with(is_name) && !behind.is_some_and(is_name) {
            return true;
        }
        from = at + kind.name.len();
    }
    // Its other schemas.
    ["_n.", "_b.", "_2."]
        .iter()
        .any(|suffix| text.contains(&format!("{}{suffix}", kind.name)))
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_of_schema_changes_are_carried_or_told() {
    let some = kinds().into_iter().enumerate();
    let some = some.filter(|(number, _)| number % OFTEN == 0);
    carry(some.map(|(_, kind)| kind).collect()).await;
}

#[test]
fn the_figure_in_the_reference_is_that_of_the_list() {
    let all = kinds();
    let carried = all.iter().filter(|kind| kind.becomes != Becomes::Held).count();
    assert!(carried * 100 >= all.len() * CARRIED, "{carried} of {}", all.len());
    let said = format!("Of {} kinds, {carried} are carried with no help", all.len());
    assert!(REFERENCE.contains(&said), "{said}");
}

/// Minutes: in the profile `long`.
#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_schema_change_is_carried_or_told_for_long() {
    carry(kinds()).await;
}

async fn carry(kinds: Vec<Kind>) {
    let site = Site::empty(15, 15).await;
    for url in [&site.source_url, &site.target_url] {
        let client = connect(url).await.expect("the server answers");
        let roles = "create role probe_reader; create role probe_owner";
        client.batch_execute(roles).await.expect("roles can be made");
    }
    let source = connect(&site.source_url).await.expect("the source answers");
    for kind in &kinds {
        let made = format!("create schema {}", kind.name);
        for statement in std::iter::once(&made).chain(&kind.before) {
            let done = source.batch_execute(statement).await;
            done.unwrap_or_else(|error| panic!("{}: {statement}: {error:?}", kind.name));
        }
    }
    let mut runner = site.begin(&["run", "--schema-changes", "replicate"]);
    site.wait_for(&mut runner, "follow", |status| {
        phase(status) == "follow" && !status["runner"].is_null()
    })
    .await;
    for kind in &kinds {
        for statement in &kind.altered {
            let done = source.batch_execute(statement).await;
            done.unwrap_or_else(|error| panic!("{}: {statement}: {error:?}", kind.name));
        }
    }
    definitions_are_equal(&site, &kinds).await;
    what_is_held_is_told(&site, &kinds).await;
    for kind in kinds.iter().filter(|kind| kind.becomes != Becomes::Held) {
        for statement in &kind.rows {
            let done = source.batch_execute(statement).await;
            done.unwrap_or_else(|error| panic!("{}: {statement}: {error:?}", kind.name));
        }
    }
    rows_are_equal(&site, &kinds).await;
    assert!(runner.is_alive(), "{}", runner.log());
}

async fn definitions_are_equal(site: &Site, kinds: &[Kind]) {
    let differing = async || {
        let except = Except::default();
        let mut found = oracle::catalog_differences(&site.source_url, &site.target_url, &except).await;
        // The migration's own: identities of tables without a key, and sequences until the cutover.
        found.retain(|line| !line.contains("replica identity") && !line.starts_with("sequence "));
        found.retain(|line| {
            kinds
                .iter()
                .any(|kind| kind.becomes == Becomes::Carried && is_of(kind, line))
        });
        found
    };
    until_none(site, differing).await;
}

async fn rows_are_equal(site: &Site, kinds: &[Kind]) {
    let differing = async || {
        let except = Except::default();
        let mut found = oracle::row_differences(&site.source_url, &site.target_url, &except).await;
        found.retain(|line| {
            kinds
                .iter()
                .any(|kind| kind.becomes != Becomes::Held && is_of(kind, line))
        });
        found
    };
    until_none(site, differing).await;
}

async fn until_none(site: &Site, differing: impl AsyncFn() -> Vec<String>) {
    let end = Instant::now() + DEADLINE;
    loop {
        let found = differing().await;
        if found.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "{}\n{:#?}", found.join("\n"), site.status());
        tokio::time::sleep(POLL).await;
    }
}

/// None is cut over unseen.
async fn what_is_held_is_told(site: &Site, kinds: &[Kind]) {
    let held: Vec<&Kind> = kinds
        .iter()
        .filter(|kind| kind.becomes == Becomes::Held)
        .collect();
    if held.is_empty() {
        return;
    }
    let checked = site.call(&["cutover", "--check", "--json"]);
    assert_eq!(checked.code, 1, "{}", checked.output);
    let told = site
        .target_names("select concat_ws(' ', object, message, remedy) from transhume.finding")
        .await
        .join("\n");
    for kind in held {
        assert!(
            is_of(kind, &told) || is_of(kind, &checked.output),
            "{} is not told",
            kind.name
        );
    }
}
