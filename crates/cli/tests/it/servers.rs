//! Commands that read, against real servers.

use transhume_demo::cluster::{Cluster, ClusterOptions};
use transhume_testkit::{
    connection::connect,
    server::{EVERYDAY_MAJOR, cluster, server, start},
};

use crate::program::Program;

fn between(arguments: &[&str], source: &str, target: &str) -> Program {
    // pg_dump and pg_restore are looked for there.
    let path = std::env::var("PATH").unwrap_or_default();
    Program::new(arguments)
        .variable("PATH", &path)
        .variable("TRANSHUME_SOURCE", source)
        .variable("TRANSHUME_TARGET", target)
}

/// A server that no other one is a copy of: disposable servers made alike share their identity.
fn other_cluster() -> Cluster {
    let mut options = ClusterOptions::new(server(EVERYDAY_MAJOR));
    options.initdb_arguments.push("--data-checksums".to_owned());
    start(options)
}

async fn execute(url: &str, sql: &str) {
    let client = connect(url).await.expect("the server can be reached");
    client
        .batch_execute(sql)
        .await
        .expect("the statement is accepted");
}

#[tokio::test]
async fn an_assessment_is_text_for_people_and_json_for_scripts() {
    let (old, new) = (cluster(EVERYDAY_MAJOR), other_cluster());
    let (source, target) = (old.url("postgres"), new.url("postgres"));
    execute(&source, "create table shop (id integer primary key)").await;

    let text = between(&["assess"], &source, &target).run();
    assert_eq!(text.code, 0, "{}\n{}", text.output, text.error);
    assert!(text.output.contains("0 blockers"), "{}", text.output);
    assert!(!text.output.contains('\u{1b}'), "{:?}", text.output);

    let json = between(&["assess", "--json"], &source, &target).run();
    let assessment: serde_json::Value = serde_json::from_str(&json.output).unwrap();
    assert!(!assessment["findings"].as_array().unwrap().is_empty());
}

#[test]
fn blockers_end_with_1_and_come_with_their_remedy() {
    let server = cluster(EVERYDAY_MAJOR);
    // Both ends are the same database: always a blocker.
    let url = server.url("postgres");
    let ended = between(&["assess"], &url, &url).run();
    assert_eq!(ended.code, 1, "{}\n{}", ended.output, ended.error);
    assert!(ended.output.starts_with("source"), "{}", ended.output);
    assert!(ended.output.contains("\nBlockers\n"), "{}", ended.output);
    assert!(ended.output.contains("remedy: "), "{}", ended.output);
}

#[test]
fn a_target_without_a_migration_says_how_to_start_one() {
    let server = cluster(EVERYDAY_MAJOR);
    let url = server.url("postgres");
    for command in ["status", "watch"] {
        between(&[command], &url, &url)
            .run()
            .is_refusal(1, &["the target holds no migration", "transhume run"]);
    }
}
