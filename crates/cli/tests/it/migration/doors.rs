//! Servers that are not the migration's: every command refuses them and names both, and both sides stay as they are.

use std::{path::Path, process::Command};

use transhume_demo::cluster::{Cluster, StopMode};
use transhume_testkit::{cluster, connection::connect};

use super::{planted::COMMANDS, site::Site};
use crate::program::Program;

const ENTRIES: &str = "create table entry (id int primary key, note text not null default 'first');
    insert into entry select generate_series(1, 100)";

/// The commands that ask nothing of the source: they need not be told that it is another one.
const OF_TARGET: &[&str] = &["pause", "resume", "status", "watch", "report"];

/// The commands that no migration's servers are given to; `assess` comes before one, and `serve` reads as `status` does.
const WITHOUT_SERVERS: &[&str] = &[
    "init",
    "config",
    "notify",
    "demo",
    "completions",
    "assess",
    "serve",
];

/// Before a cutover these refuse for that, whatever the source has gone through.
const BEHIND_A_CUTOVER: &[&str] = &["fallback", "finish"];

/// What must not change, on either side.
const UNCHANGED: &str = "select coalesce(string_agg(what, E'\n' order by what), '') from (
        select 'row ' || id || note from entry
        union all
        select 'table ' || oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace
        union all
        select 'publication ' || pubname from pg_publication
        union all
        select 'slot ' || slot_name || coalesce(confirmed_flush_lsn::text, '') from pg_replication_slots
            where database = current_database()
        union all
        select 'schema ' || nspname from pg_namespace where nspname not like 'pg_temp%' and nspname not like 'pg_toast_temp%'
    ) unchanged (what)";
const STATE: &str = "select concat_ws(' ', m.id, m.phase, f.lsn, (select count(*) from transhume.command),
        (select count(*) from transhume.deviation where state = 'made'))
    from transhume.migration m, transhume.frontier f";

async fn text(url: &str, query: &str) -> String {
    let client = connect(url).await.expect("the server answers");
    let row = client.query_one(query, &[]).await.expect("the query is in order");
    row.get(0)
}

/// Caught up, verified, and nobody at work.
async fn migrated() -> Site {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(ENTRIES).await;
    site.succeed(&["run", "--until-caught-up"]);
    site.execute_on_source("insert into entry select generate_series(101, 200)")
        .await;
    site.succeed(&["run", "--until-caught-up"]);
    site.succeed(&["verify"]);
    site
}

/// Each of the commands refuses with these words, and neither the right servers nor the given ones change.
async fn are_refused(site: &Site, right: (&str, &str), skipped: &[&str], words: &[&str]) {
    let sides = [&site.source_url, &site.target_url];
    let mut before = Vec::new();
    for url in sides {
        before.push(text(url, UNCHANGED).await);
    }
    let (source, state) = (text(right.0, UNCHANGED).await, text(right.1, STATE).await);
    for command in COMMANDS.iter().filter(|command| !skipped.contains(&command[0])) {
        let ended = site.call(command);
        let said = format!("{}{}", ended.output, ended.error);
        // Where it could not compare, it does not say that both sides differ.
        let refusal = if command[0] == "verify" { 2 } else { 1 };
        assert_eq!(ended.code, refusal, "{command:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{command:?} does not say {word:?}: {said}");
        }
        assert!(!said.contains("drop "), "{command:?} proposes to drop: {said}");
        for (url, before) in sides.iter().zip(&before) {
            assert_eq!(&text(url, UNCHANGED).await, before, "{command:?} on {url}");
        }
        assert_eq!(text(right.0, UNCHANGED).await, source, "{command:?}");
        assert_eq!(text(right.1, STATE).await, state, "{command:?}");
    }
}

#[test]
fn every_command_that_is_given_servers_is_tried_with_others() {
    let help = Program::new(&["--help"]).run().output;
    let (_, listed) = help.split_once("Commands:\n").expect("commands are listed");
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let untried: Vec<&str> = names
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| !WITHOUT_SERVERS.contains(name) && !COMMANDS.iter().any(|command| command[0] == *name))
        .collect();
    assert_eq!(untried, [""; 0], "{help}");
    assert!(help.contains("  cutover "), "{help}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_database_of_the_same_server_is_refused_on_either_side() {
    let mut site = migrated().await;
    let (source, target) = (site.source_url.clone(), site.target_url.clone());
    let other = connect(&site.source.url("postgres")).await.expect("it answers");
    other
        .batch_execute("create database crm")
        .await
        .expect("a database can be made");
    site.source_url = site.source.url("crm");
    site.execute_on_source(ENTRIES).await;
    let words = ["belongs to another source", "/shop", "/crm", "TRANSHUME_SOURCE"];
    are_refused(&site, (&source, &target), OF_TARGET, &words).await;

    // With all that a cutover may be told to pass over.
    let ended = site.call(&[
        "cutover",
        "--yes",
        "--verified-within",
        "0s",
        "--override",
        "verification",
        "--override",
        "tables",
        "--override",
        "deviations",
        "--override",
        "findings",
    ]);
    assert_eq!(ended.code, 1, "{}{}", ended.output, ended.error);
    assert!(
        ended.error.contains("belongs to another source"),
        "{}",
        ended.error
    );

    // A copy of the target's database, with the state that it holds.
    site.source_url.clone_from(&source);
    let server = connect(&site.target.url("postgres")).await.expect("it answers");
    server
        .batch_execute("create database twin template shop")
        .await
        .expect("nobody is connected");
    site.target_url = site.target.url("twin");
    let words = ["the target", "/twin", "is not the one", "database shop"];
    are_refused(&site, (&source, &target), &[], &words).await;

    // One database on both ends.
    site.source_url.clone_from(&target);
    site.target_url.clone_from(&target);
    let words = ["source and target are the same database"];
    are_refused(&site, (&source, &target), OF_TARGET, &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_of_another_shell_is_told_before_it_is_refused() {
    let mut site = migrated().await;
    let server = connect(&site.source.url("postgres")).await.expect("it answers");
    server
        .batch_execute("create database crm")
        .await
        .expect("a database can be made");
    // The file is right; the environment, which the site sets, names the other database.
    site.write(
        "transhume.toml",
        &format!("[source]\nurl = \"{}\"\n", site.source_url),
    );
    site.source_url = site.source.url("crm");
    let ended = site.call(&["verify", "--repair"]);
    assert_eq!(ended.code, 2, "{}{}", ended.output, ended.error);
    for told in [
        "name different databases",
        "/crm, of TRANSHUME_SOURCE",
        "/shop, of the file",
        "another source",
    ] {
        assert!(ended.error.contains(told), "{told}: {}", ended.error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exchanged_ends_are_refused_before_anything_is_proposed() {
    let mut site = migrated().await;
    let (source, target) = (site.source_url.clone(), site.target_url.clone());
    (site.source_url, site.target_url) = (target.clone(), source.clone());
    let ended = site.call(&["assess"]);
    assert_eq!(ended.code, 1, "{}{}", ended.output, ended.error);
    assert!(ended.error.contains("exchanged"), "{}", ended.error);
    assert!(
        !format!("{}{}", ended.output, ended.error).contains("drop schema"),
        "{}",
        ended.output
    );
    are_refused(&site, (&source, &target), OF_TARGET, &["exchanged"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_source_and_a_source_that_was_set_back_are_refused() {
    let mut site = migrated().await;
    let (source, target) = (site.source_url.clone(), site.target_url.clone());
    // A cold copy, then rows that the target gets and the copy does not have.
    site.source.stop(StopMode::Fast).expect("it stops");
    let kept = tempfile::TempDir::new().expect("a directory can be made");
    let kept = kept.path().join("data");
    copy(&site.source.data_directory(), &kept);
    site.source.start_again().expect("it starts");
    site.execute_on_source("insert into entry select generate_series(201, 1200)")
        .await;
    site.succeed(&["run", "--until-caught-up"]);

    // The copy as another server, not written on and then far beyond.
    let mut copied = of_files(&kept);
    site.source_url = copied.url("shop");
    let elsewhere = [OF_TARGET, BEHIND_A_CUTOVER].concat();
    let words = ["has another past", "its WAL ends at"];
    are_refused(&site, (&source, &target), &elsewhere, &words).await;
    write_on(&copied.url("shop")).await;
    let words = ["has another past", "remembers transaction"];
    are_refused(&site, (&source, &target), &elsewhere, &words).await;
    copied.stop(StopMode::Immediate).expect("it stops");

    // Put back in its place and written on. Giving up is the way out.
    site.source.stop(StopMode::Fast).expect("it stops");
    copy(&kept, &site.source.data_directory());
    site.source.start_again().expect("it starts");
    site.source_url.clone_from(&source);
    write_on(&source).await;
    let skipped = [OF_TARGET, BEHIND_A_CUTOVER, &["abort"]].concat();
    are_refused(&site, (&source, &target), &skipped, &words).await;
    let rows = text(&target, "select count(*)::text from entry").await;
    assert_eq!(rows, "1200", "nothing of the other past has come");
    site.succeed(&["abort", "--yes"]);
    assert_eq!(site.traces().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_was_set_back_is_refused() {
    let mut site = migrated().await;
    let (source, target) = (site.source_url.clone(), site.target_url.clone());
    site.target.stop(StopMode::Fast).expect("it stops");
    let kept = tempfile::TempDir::new().expect("a directory can be made");
    let kept = kept.path().join("data");
    copy(&site.target.data_directory(), &kept);
    site.target.start_again().expect("it starts");
    for first in [201, 301, 401] {
        let rows = format!("insert into entry select generate_series({first}, {first} + 99)");
        site.execute_on_source(&rows).await;
    }
    site.succeed(&["run", "--until-caught-up"]);
    site.target.stop(StopMode::Fast).expect("it stops");
    copy(&kept, &site.target.data_directory());
    site.target.start_again().expect("it starts");
    let skipped = [OF_TARGET, BEHIND_A_CUTOVER, &["abort"]].concat();
    let words = ["set back", "beyond"];
    are_refused(&site, (&source, &target), &skipped, &words).await;
}

/// Commits of other content, until the WAL is far beyond what was followed.
async fn write_on(url: &str) {
    let client = connect(url).await.expect("the server answers");
    client
        .batch_execute(
            "update entry set note = 'other' where id <= 50; create table ballast (filler text);
             insert into ballast select repeat('x', 1000) from generate_series(1, 4000)",
        )
        .await
        .expect("it can be written");
    for _ in 0..5 {
        client
            .batch_execute("update entry set note = note || '!'; select pg_switch_wal()")
            .await
            .expect("it can be written");
    }
}

/// A server of its own on a copy of these files.
fn of_files(files: &Path) -> Cluster {
    let mut server = cluster(15);
    server.stop(StopMode::Fast).expect("it stops");
    copy(files, &server.data_directory());
    server.start_again().expect("it starts");
    server
}

fn copy(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).expect("a directory can be removed");
    }
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.expect("cp is there").success());
}
