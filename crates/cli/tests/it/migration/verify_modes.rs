//! The ways to verify besides the plain one: bounded, joined, resumed, sampled, continuous, and without a migration.

use std::time::{Duration, Instant};

use serde_json::Value;
use transhume_testkit::connection::connect;

use super::site::{DATABASE, Ended, Site};

/// About 8 MB and 4 MB: some seconds at [`RATE`]. The largest is compared first.
const TABLES: &str = "
create table small (id int primary key, t text);
insert into small select g, 'row ' || g from generate_series(1, 100) g;
create table middle (id int primary key, t text);
insert into middle select g, repeat('m', 450) from generate_series(1, 8000) g;
create table large (id int primary key, t text);
insert into large select g, repeat('l', 450) from generate_series(1, 16000) g;
analyze";

const RATE: &str = "2MB";

fn report(ended: &Ended) -> Value {
    serde_json::from_str(&ended.output)
        .unwrap_or_else(|error| panic!("{error}: {}{}", ended.output, ended.error))
}

fn table<'a>(report: &'a Value, name: &str) -> &'a Value {
    let tables = report["tables"].as_array().expect("tables");
    let found = tables.iter().find(|table| table["table"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {report:#}"))
}

async fn migrated() -> Site {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLES).await;
    site.succeed(&["run", "--until-caught-up"]);
    site
}

async fn on_target(site: &Site, sql: &str) {
    let target = connect(&site.target_url).await.expect("the target answers");
    target.batch_execute(sql).await.expect("the target takes it");
}

const PIECES_DONE: &str = "select count(*) from transhume.verification_piece where done_at is not null";

#[tokio::test(flavor = "multi_thread")]
async fn a_bounded_verification_is_joined_killed_and_resumed() {
    let site = migrated().await;
    let nothing = site.call(&["verify", "--join"]);
    assert!(
        nothing.code == 2 && nothing.error.contains("no verification is running"),
        "{}",
        nothing.error
    );
    let slow = [
        "verify",
        "--rate-limit",
        RATE,
        "--part-size",
        "512kB",
        "--comparers",
        "1",
    ];

    // Joined by a second process: both end, with one result.
    let begun = Instant::now();
    let mut first = site.begin(&slow);
    site.wait_for_count(&site.target_url, PIECES_DONE, 1).await;
    let mut second = site.begin(&["verify", "--join", "--rate-limit", RATE, "--comparers", "1"]);
    site.wait_for_count(&site.target_url, SESSIONS, 2).await;
    assert_eq!(first.ended().await, 0, "{}", first.log());
    assert_eq!(second.ended().await, 0, "{}", second.log());
    let joined = begun.elapsed();
    // Of 12 MB two processes read 2 MB in a second each.
    assert!(joined > Duration::from_secs(2), "{joined:?}");

    // Killed, and gone on with: the table that had its result keeps it.
    let begun = Instant::now();
    // Each table is one piece now: the largest ends at once, and the limit makes the next one wait.
    let mut killed = site.begin(&["verify", "--rate-limit", RATE, "--comparers", "1"]);
    site.wait_for_count(&site.target_url, KILLABLE, 1).await;
    killed.kill();
    assert!(begun.elapsed() < Duration::from_secs(60));
    site.execute_on_source("insert into large values (0, 'later'); insert into middle values (0, 'later')")
        .await;
    let plain = site.call(&["verify", "--resume", "--json"]);
    let report = report(&plain);
    assert_eq!(plain.code, 0, "{report:#}{}", plain.error);
    let (middle, large) = (table(&report, "middle"), table(&report, "large"));
    assert_eq!(
        (&large["source_rows"], &middle["source_rows"]),
        (&16_000.into(), &8_001.into()),
        "{report:#}"
    );
    assert_ne!(middle["lsn"], large["lsn"], "{report:#}");
    let again = site.call(&["verify", "--resume"]);
    assert!(
        again.code == 2 && again.error.contains("nothing to resume"),
        "{}",
        again.error
    );
    // What both of its pairs found equal is remembered.
    let since = site.succeed(&["verify", "--mode", "since-last"]);
    assert!(
        since.output.contains("2 tables not compared again"),
        "{}",
        since.output
    );

    one_byte_is_found_in_a_table_of_hundreds_of_parts(&site).await;
    a_follower_that_fails_ends_the_verification(&site).await;
}

/// No runner lives, and this role may not follow in its place: what is waited for would never come.
async fn a_follower_that_fails_ends_the_verification(site: &Site) {
    site.execute_on_source("create role weak login; grant select on all tables in schema public to weak")
        .await;
    let weak = site.source_url.replacen("postgres@", "weak@", 1);
    assert_ne!(weak, site.source_url);
    let ended = site.call(&["verify", "--source", &weak]);
    assert!(
        ended.code == 2 && ended.error.contains("for its stream") && ended.error.contains("hint: grant"),
        "{}: {}",
        ended.code,
        ended.error
    );
}

async fn one_byte_is_found_in_a_table_of_hundreds_of_parts(site: &Site) {
    on_target(
        site,
        "update large set t = overlay(t placing 'x' from 200 for 1) where id = 9999",
    )
    .await;
    let one = site.call(&[
        "verify",
        "--table",
        "public.large",
        "--part-size",
        "32kB",
        "--json",
    ]);
    let report = report(&one);
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!((one.code, rows.len()), (1, 1), "{report:#}");
    assert_eq!(
        (&rows[0]["key"][0][1], &rows[0]["columns"][0]),
        (&"9999".into(), &"t".into()),
        "{report:#}"
    );
}

/// Sessions of comparers on the target, of two processes.
const SESSIONS: &str =
    "select count(*) from pg_stat_activity where application_name ~ 'verify:0' and state <> 'disabled'";

/// The large table has its result.
const KILLABLE: &str = "select count(*) from transhume.verification v where v.id = (select max(id) from transhume.verification)
    and exists (select from transhume.verification_table t where t.verification_id = v.id and t.ended_at is not null)
    and v.ended_at is null";

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_a_first_look_and_a_continuous_one_ends_on_a_signal_or_a_difference() {
    let site = migrated().await;
    site.execute_on_source(
        "insert into large select g, repeat('l', 450) from generate_series(20000, 30000) g; analyze large",
    )
    .await;
    let sample = site.succeed(&["verify", "--mode", "sample"]);
    assert!(
        sample.output.contains("rows from all over the table") && sample.output.contains("(a sample)"),
        "{}",
        sample.output
    );
    let gate = site.call(&["cutover", "--check", "--json"]);
    assert!(gate.output.contains("a sample of them"), "{}", gate.output);

    let continuous = ["verify", "--mode", "since-last", "--every", "100ms"];
    let mut ends_on_signal = site.begin(&continuous);
    let ended = "select count(*) from transhume.verification where result = 'equal' and object_blockers = 0";
    site.wait_for_count(&site.target_url, ended, 3).await;
    ends_on_signal.interrupt();
    let code = ends_on_signal.ended().await;
    assert!([0, 130].contains(&code), "{code}: {}", ends_on_signal.log());

    let mut ends_on_difference = site.begin(&continuous);
    site.wait_for_count(&site.target_url, ended, 5).await;
    on_target(
        &site,
        "set session_replication_role = replica; delete from small where id = 7",
    )
    .await;
    site.execute_on_source("update small set t = 'changed' where id = 8")
        .await;
    assert_eq!(
        ends_on_difference.ended().await,
        1,
        "{}",
        ends_on_difference.log()
    );
    on_target(&site, "insert into small values (7, 'row 7')").await;

    // Of a sample too, what differs is named.
    on_target(&site, "update small set t = '' where id = 9").await;
    let sample = site.call(&["verify", "--mode", "sample", "--json"]);
    assert_eq!(
        (sample.code, &report(&sample)["rows"][0]["key"][0][1]),
        (1, &Value::from("9"))
    );
}

/// Without a migration: quiet databases, and snapshots that belong together while both are written to.
#[tokio::test(flavor = "multi_thread")]
async fn two_databases_without_a_migration_are_compared_and_repaired() {
    let site = Site::empty(15, 17).await;
    let (source, target) = (site.source.url(DATABASE), site.target.url(DATABASE));
    let (old, new) = (
        connect(&source).await.expect("it answers"),
        connect(&target).await.expect("it answers"),
    );
    for client in [&old, &new] {
        client.batch_execute(TABLES).await.expect("the tables are made");
    }
    assert_eq!(site.call(&["verify", "--table", "public.*"]).code, 0);
    for mode in ["since-last", "recheck"] {
        let refused = site.call(&["verify", "--mode", mode]);
        assert!(
            refused.code == 2 && refused.error.contains("no migration"),
            "{}",
            refused.error
        );
    }

    let mut snapshots = Vec::new();
    for client in [&old, &new] {
        client
            .batch_execute("begin isolation level repeatable read")
            .await
            .expect("a transaction begins");
        let row = client.query_one("select pg_export_snapshot()", &[]).await;
        snapshots.push(row.expect("a snapshot is exported").get::<_, String>(0));
    }
    site.execute_on_source("update small set t = 'later' where id < 10")
        .await;
    on_target(&site, "delete from small where id = 50").await;
    let given = site.call(&[
        "verify",
        "--table",
        "public.*",
        "--source-snapshot",
        &snapshots[0],
        "--target-snapshot",
        &snapshots[1],
    ]);
    assert_eq!(given.code, 0, "{}{}", given.output, given.error);
    for client in [&old, &new] {
        client
            .batch_execute("commit")
            .await
            .expect("the transaction ends");
    }
    let gone = site.call(&[
        "verify",
        "--source-snapshot",
        &snapshots[0],
        "--target-snapshot",
        &snapshots[1],
    ]);
    assert!(
        gone.code == 2 && gone.error.contains("cannot be used"),
        "{}",
        gone.error
    );

    let now = site.call(&["verify", "--table", "public.small", "--json"]);
    assert_eq!(
        (now.code, report(&now)["rows"].as_array().map(Vec::len)),
        (1, Some(10))
    );
    assert_eq!(
        site.call(&["verify", "--table", "public.small", "--repair"]).code,
        0
    );
    assert_eq!(site.call(&["verify", "--table", "public.*"]).code, 0);
}
