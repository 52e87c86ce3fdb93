//! Rows that extensions keep for the user come along as pg_dump carries them, and again at the cutover.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use serde_json::Value;
use transhume_demo::cluster::ClusterOptions;
use transhume_testkit::{
    Pair,
    connection::connect,
    server::{NEWEST_MAJOR, server},
};

use super::site::{Site, phase};

/// Two tables that depend on each other, of which the first comes with rows of its own, and a sequence.
const SCRIPT: &str = "\
create table kept_part (id integer primary key, note text, is_own boolean not null default true);
create table kept_job (id integer primary key, part integer references kept_part, note text);
create sequence kept_number;
insert into kept_part values (1, 'comes with the extension', false);
select pg_catalog.pg_extension_config_dump('kept_part', 'WHERE is_own');
select pg_catalog.pg_extension_config_dump('kept_job', '');
select pg_catalog.pg_extension_config_dump('kept_number', '');
";

/// Its files are where the newest servers look for them.
fn with_extension(directory: &Path) -> ClusterOptions {
    let path = format!("{}:$system", directory.display());
    ClusterOptions::new(server(NEWEST_MAJOR)).setting("extension_control_path", &path)
}

fn write_extension(directory: &Path) {
    let files = directory.join("extension");
    fs::create_dir(&files).expect("a directory can be made");
    let control = "default_version = '1.0'\nrelocatable = false\nschema = public\n";
    fs::write(files.join("kept.control"), control).expect("a file can be written");
    fs::write(files.join("kept--1.0.sql"), SCRIPT).expect("a file can be written");
    // The server has an account of its own where root runs the tests.
    for path in [directory, &files] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
            .expect("a directory can be opened to all");
    }
}

async fn rows(url: &str) -> String {
    let client = connect(url).await.expect("the server answers");
    let query = "select (select string_agg(p::text, ' ' order by id) from public.kept_part p) || \
        (select string_agg(j::text, ' ' order by id) from public.kept_job j) || \
        (select last_value from public.kept_number)";
    client
        .query_one(query, &[])
        .await
        .expect("the query is in order")
        .get(0)
}

fn different(site: &Site) -> Vec<Value> {
    let ended = site.call(&["verify", "--json"]);
    let verification: Value = serde_json::from_str(&ended.output).expect("verify prints JSON");
    let findings = verification["objects"]["findings"].as_array().expect("a list");
    findings.clone()
}

#[tokio::test]
async fn rows_of_extensions_come_along_and_again_at_the_cutover() {
    let directory = tempfile::TempDir::new().expect("a temporary directory can be made");
    write_extension(directory.path());
    let options = || with_extension(directory.path());
    let site = Site::of(Pair::start(options(), options())).await;
    site.execute_on_source(
        "create extension kept; create table public.t (id integer primary key); insert into public.t values (1);
         insert into public.kept_part values (2, 'own'); insert into public.kept_job values (1, 2, 'job');
         select setval('public.kept_number', 40)",
    )
    .await;
    let mut runner = site.begin(&["run"]);
    site.wait_for(&mut runner, "following", |status| phase(status) == "follow")
        .await;
    assert_eq!(rows(&site.target_url).await, rows(&site.source_url).await);
    assert_eq!(different(&site), Vec::<Value>::new());

    site.execute_on_source(
        "insert into public.kept_part values (3, 'later'); update public.kept_job set part = 3;
         delete from public.kept_part where id = 2",
    )
    .await;
    let found = different(&site);
    let named: Vec<&Value> = found.iter().map(|finding| &finding["code"]).collect();
    assert_eq!(named, ["different-extension-rows"; 2], "{found:#?}");
    site.succeed(&["cutover", "--yes"]);
    assert_eq!(rows(&site.target_url).await, rows(&site.source_url).await);
}

/// Conditions are text of the source's catalog, where a superuser writes what he likes: each with what the server says.
const CONDITIONS: [(&str, Option<&str>); 3] = [
    (
        "where true; create table public.planted ()",
        Some("cannot insert multiple commands"),
    ),
    ("where true) to program 'touch planted' --", Some("syntax error")),
    ("where true --", None),
];

#[tokio::test]
async fn a_condition_is_one_statement_or_none() {
    let directory = tempfile::TempDir::new().expect("a temporary directory can be made");
    write_extension(directory.path());
    let options = || with_extension(directory.path());
    let site = Site::of(Pair::start(options(), options())).await;
    site.execute_on_source(
        "create extension kept; create table public.t (id integer primary key);
         insert into public.kept_part values (2, 'own'); insert into public.kept_job values (1, 2, 'job')",
    )
    .await;
    for (condition, refusal) in CONDITIONS {
        site.execute_on_source(&format!(
            "update pg_extension set extcondition[1] = $condition${condition}$condition$ where extname = 'kept'"
        ))
        .await;
        let said = site.succeed(&["run", "--until-caught-up"]).error;
        assert_eq!(
            said.contains("warning: extension-rows"),
            refusal.is_some(),
            "{said}"
        );
        assert!(said.contains(refusal.unwrap_or_default()), "{condition}: {said}");
        let planted = "select 'planted' where to_regclass('public.planted') is not null";
        assert_eq!(site.source_names(planted).await, [""; 0], "{condition}");
        assert_eq!(site.target_names(planted).await, [""; 0], "{condition}");
        for server in [&site.source, &site.target] {
            assert!(!server.data_directory().join("planted").exists(), "{condition}");
        }
        if refusal.is_some() {
            site.succeed(&["abort", "--yes"]);
        }
    }
    assert_eq!(rows(&site.target_url).await, rows(&site.source_url).await);
}
