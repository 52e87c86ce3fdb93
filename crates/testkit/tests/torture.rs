//! The workload, the traffic and the oracle, tried on one server and its faithful and unfaithful copies.
#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::process::Command;

use transhume_demo::cluster::Cluster;
use transhume_testkit::connection::connect;
use transhume_testkit::oracle::{self, Except};
use transhume_testkit::proxy::Proxy;
use transhume_testkit::server::{self, EVERYDAY_MAJOR, client_programs};
use transhume_testkit::traffic::{Acknowledged, Traffic, TrafficOptions};
use transhume_testkit::workload::create_torture;

async fn execute(url: &str, sql: &str) {
    connect(url).await.unwrap().batch_execute(sql).await.unwrap();
}

/// Copies a quiet database by the source's own pg_dump, which knows what its server keeps for itself, and the target's
/// own pg_restore.
fn copy(source: &Cluster, target: &Cluster, (source_major, target_major): (u32, u32)) {
    let directory = tempfile::tempdir().unwrap();
    let archive = directory.path().join("archive");
    let mut dump = Command::new(client_programs(source_major).join("pg_dump"));
    dump.args(["--format=custom", "--compress=0", "--file"])
        .arg(&archive)
        .arg(source.url("postgres"));
    assert!(dump.status().unwrap().success());
    let mut restore = Command::new(client_programs(target_major).join("pg_restore"));
    restore
        .args(["--exit-on-error", "--dbname"])
        .arg(target.url("postgres"))
        .arg(&archive);
    assert!(restore.status().unwrap().success());
}

async fn traffic_is_judged_equal_after_a_copy(source_major: u32, target_major: u32) {
    let (source, target) = (server::cluster(source_major), server::cluster(target_major));
    let url = source.url("postgres");
    create_torture(&url, &target.url("postgres")).await;
    let traffic = Traffic::start(&url, &TrafficOptions::default());
    traffic.wait_for(300).await;
    let promised = traffic.stop().await;
    oracle::ledger_check(&url, &promised).await;
    copy(&source, &target, (source_major, target_major));
    oracle::ledger_check(&target.url("postgres"), &promised).await;
    oracle::assert_equal(&url, &target.url("postgres")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_on_the_same_version_is_equal() {
    traffic_is_judged_equal_after_a_copy(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_from_13_on_17_is_equal() {
    traffic_is_judged_equal_after_a_copy(13, 17).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_from_15_on_18_is_equal() {
    traffic_is_judged_equal_after_a_copy(15, 18).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_planted_difference_is_found() {
    let (source, target) = (server::cluster(EVERYDAY_MAJOR), server::cluster(EVERYDAY_MAJOR));
    let (source_url, target_url) = (source.url("postgres"), target.url("postgres"));
    create_torture(&source_url, &target_url).await;
    copy(&source, &target, (EVERYDAY_MAJOR, EVERYDAY_MAJOR));
    oracle::assert_equal(&source_url, &target_url).await;
    for (sql, expected) in PLANTED {
        execute(&target_url, sql).await;
        let except = Except::default();
        let mut found = oracle::catalog_differences(&source_url, &target_url, &except).await;
        found.extend(oracle::row_differences(&source_url, &target_url, &except).await);
        let found = found.join("\n");
        assert!(found.contains(expected), "{sql}: {found}");
    }
}

/// Differences planted on the target one after another, and what the oracle must say.
const PLANTED: [(&str, &str); 11] = [
    (
        "INSERT INTO torture.ledger_nokey SELECT * FROM torture.ledger_nokey WHERE seq = 7",
        "\"ledger_nokey\": 500",
    ),
    ("UPDATE torture.doc SET body = NULL WHERE id = 3", "\"doc\""),
    (
        "DELETE FROM torture.zero_column WHERE ctid = '(0,1)'",
        "\"zero_column\"",
    ),
    (
        "DROP INDEX torture.doc_words",
        "index missing on the target: CREATE INDEX doc_words",
    ),
    (
        "ALTER TABLE torture.child DISABLE TRIGGER child_audit",
        "trigger missing",
    ),
    (
        "ALTER TABLE torture.child DISABLE TRIGGER ALL",
        "internal trigger surplus",
    ),
    (
        "SELECT setval('torture.standalone', 10)",
        "sequence torture.standalone",
    ),
    ("SELECT lo_from_bytea(0, 'blob')", "large object surplus"),
    ("COMMENT ON TABLE torture.accounts IS NULL", "comment missing"),
    (
        "REVOKE SELECT ON torture.accounts FROM \"torture reader\"",
        "grants missing",
    ),
    ("ALTER TABLE torture.parent OWNER TO postgres", "owner missing"),
];

#[tokio::test(flavor = "multi_thread")]
async fn traffic_survives_cuts_and_a_killed_server() {
    let mut cluster = server::cluster(EVERYDAY_MAJOR);
    let url = cluster.url("postgres");
    create_torture(&url, &url).await;
    let proxy = Proxy::start(cluster.port()).await;
    let traffic = Traffic::start(&proxy.through(&url), &TrafficOptions::default());
    traffic.wait_for(50).await;
    proxy.cut();
    traffic.wait_for(50).await;
    proxy.freeze();
    proxy.thaw();
    proxy.delay(1);
    traffic.wait_for(20).await;
    proxy.delay(0);
    cluster.kill_postmaster();
    cluster.start_again().unwrap();
    traffic.wait_for(50).await;
    traffic.redirect(&url);
    traffic.wait_for(50).await;
    let promised = traffic.stop().await;
    assert!(
        !promised.failed.is_empty() || !promised.unknown.is_empty(),
        "the faults were felt"
    );
    oracle::ledger_check(&url, &promised).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_promise_is_noticed() {
    let cluster = server::cluster(EVERYDAY_MAJOR);
    let url = cluster.url("postgres");
    create_torture(&url, &url).await;
    let promised = |change: fn(&mut Acknowledged)| {
        let mut promised = Acknowledged::default();
        change(&mut promised);
        let url = url.clone();
        tokio::spawn(async move { oracle::ledger_check(&url, &promised).await })
    };
    promised(|kept| kept.committed.push((0, 1))).await.unwrap();
    assert!(promised(|lost| lost.committed.push((1, 1))).await.is_err());
    assert!(promised(|back| back.failed.push((0, 1))).await.is_err());
    assert!(
        promised(|odd| odd.surprises.push("duplicate key".to_owned()))
            .await
            .is_err()
    );
    execute(&url, "INSERT INTO torture.ledger_nokey VALUES (0, 9), (0, 9)").await;
    assert!(promised(|_| {}).await.is_err());
}
