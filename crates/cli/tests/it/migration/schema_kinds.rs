//! Kinds of statements that alter a schema while it is followed: each is carried, or held and told.
//!
//! All of them go to one pair of servers, each in a schema of its own. The oracle compares, which shares no code with the product.

use std::time::{Duration, Instant};

use tokio_postgres::Client;
use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
};

use super::site::{Running, Site, phase};

const KINDS: &str = include_str!("sql/schema_kinds.sql");
const REFERENCE: &str = include_str!("../../../../../docs/reference/schema-changes.md");

const REPLICATE: [&str; 3] = ["run", "--schema-changes", "replicate"];
/// Rows of about a kilobyte in the table that is copied first, for each kind: a third of a second at [`RATE`], in which its
/// statements are run.
const ROWS_A_KIND: usize = 350;
const RATE: &str = "1MB";
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

/// When the statements are run.
#[derive(Clone, Copy)]
enum Moment {
    /// While rows are copied.
    Loading,
    /// Once the stream is followed.
    Following,
    /// Between two runs.
    Stopped,
}

/// Another third of the kinds at each of the moments.
fn a_third(of: usize) -> Vec<Kind> {
    let all = kinds().into_iter().enumerate();
    all.filter(|(number, _)| number % OFTEN == of)
        .map(|(_, kind)| kind)
        .collect()
}

/// Statements beside other transactions wait for the end of the load's own.
fn without_waiting(mut kinds: Vec<Kind>) -> Vec<Kind> {
    let waits = |statement: &String| statement.contains("concurrently");
    kinds.retain(|kind| !kind.altered.iter().any(waits));
    kinds
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_of_schema_changes_are_carried_or_told() {
    carry(a_third(0), Moment::Following).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_of_schema_changes_during_the_load_are_carried_or_told() {
    carry(without_waiting(a_third(1)), Moment::Loading).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_of_schema_changes_between_two_runs_are_carried_or_told() {
    carry(a_third(2), Moment::Stopped).await;
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
    carry(kinds(), Moment::Following).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_during_the_load_is_carried_or_told_for_long() {
    carry(without_waiting(kinds()), Moment::Loading).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_between_two_runs_is_carried_or_told_for_long() {
    carry(kinds(), Moment::Stopped).await;
}

async fn carry(kinds: Vec<Kind>, moment: Moment) {
    let site = Site::empty(15, 15).await;
    for url in [&site.source_url, &site.target_url] {
        let client = connect(url).await.expect("the server answers");
        let roles = "create role probe_reader; create role probe_owner";
        client.batch_execute(roles).await.expect("roles can be made");
    }
    let source = connect(&site.source_url).await.expect("the source answers");
    for kind in &kinds {
        run(&source, kind, &[format!("create schema {}", kind.name)]).await;
        run(&source, kind, &kind.before).await;
    }
    let mut runner = altered_at(moment, &site, &source, &kinds).await;
    definitions_are_equal(&site, &runner, &kinds).await;
    what_is_held_is_told(&site, &kinds).await;
    for kind in kinds.iter().filter(|kind| kind.becomes != Becomes::Held) {
        run(&source, kind, &kind.rows).await;
    }
    rows_are_equal(&site, &runner, &kinds).await;
    assert!(runner.is_alive(), "{}", runner.log());
}

/// Runs what alters the schema, and gives back who follows behind it.
async fn altered_at(moment: Moment, site: &Site, source: &Client, kinds: &[Kind]) -> Running {
    let mut runner = match moment {
        Moment::Loading => {
            slow_table(source, kinds.len() * ROWS_A_KIND).await;
            site.begin(&[REPLICATE.as_slice(), &["--rate-limit", RATE, "--loaders", "1"]].concat())
        }
        Moment::Following | Moment::Stopped => site.begin(&REPLICATE),
    };
    let awaited = match moment {
        Moment::Loading => "full-load",
        Moment::Following | Moment::Stopped => "follow",
    };
    site.wait_for(&mut runner, awaited, |status| {
        phase(status) == awaited && !status["runner"].is_null()
    })
    .await;
    if let Moment::Stopped = moment {
        runner.interrupt();
        runner.ended().await;
    }
    for kind in kinds {
        run(source, kind, &kind.altered).await;
    }
    match moment {
        Moment::Loading => {
            let status = site.status().expect("a migration is under way");
            assert_eq!(phase(&status), "full-load", "all was altered by then");
            runner
        }
        Moment::Following => runner,
        Moment::Stopped => site.begin(&REPLICATE),
    }
}

/// The largest comes first; others are altered before they are copied.
async fn slow_table(source: &Client, rows: usize) {
    let made = format!(
        "create schema slow; create table slow.t (id int primary key, body text);
         insert into slow.t select g, repeat(md5(g::text), 30) from generate_series(1, {rows}) g"
    );
    source.batch_execute(&made).await.expect("a table can be made");
}

async fn run(source: &Client, kind: &Kind, statements: &[String]) {
    for statement in statements {
        let done = source.batch_execute(statement).await;
        done.unwrap_or_else(|error| panic!("{}: {statement}: {error:?}", kind.name));
    }
}

async fn definitions_are_equal(site: &Site, runner: &Running, kinds: &[Kind]) {
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
    until_none(site, runner, differing).await;
}

async fn rows_are_equal(site: &Site, runner: &Running, kinds: &[Kind]) {
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
    until_none(site, runner, differing).await;
}

async fn until_none(site: &Site, runner: &Running, differing: impl AsyncFn() -> Vec<String>) {
    let end = Instant::now() + DEADLINE;
    loop {
        let found = differing().await;
        if found.is_empty() {
            return;
        }
        assert!(
            Instant::now() < end,
            "{}\n{:#?}\n{}",
            found.join("\n"),
            site.status(),
            runner.log()
        );
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
    // What bars no cutover, as default privileges, is told by the comparison.
    let compared = site.call(&["verify", "--json"]).output;
    for kind in held {
        let places = [&told, &checked.output, &compared];
        assert!(
            places.iter().any(|place| is_of(kind, place)),
            "{} is not told\n{}",
            kind.name,
            places.map(String::as_str).join("\n")
        );
    }
}
