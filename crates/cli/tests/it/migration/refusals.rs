//! What cannot work is refused in plain words, with a hint, and both servers are as before.

use transhume_demo::cluster::ClusterOptions;
use transhume_testkit::{
    Pair,
    connection::connect,
    server::{EVERYDAY_MAJOR, server},
};

use super::site::{Ended, Site};

/// A source with this setting, and a usual target.
async fn with_source(setting: &str, value: &str) -> Site {
    let usual = || ClusterOptions::new(server(EVERYDAY_MAJOR));
    Site::of(Pair::start(usual().setting(setting, value), usual())).await
}

#[track_caller]
fn is_refusal(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(
        ended.code, code,
        "stdout:\n{}\nstderr:\n{}",
        ended.output, ended.error
    );
    let said = format!("{}{}", ended.output, ended.error);
    for word in words {
        assert!(said.contains(word), "wanted {word:?} in:\n{said}");
    }
}

async fn is_untouched(site: &Site) {
    assert_eq!(site.traces().await, Vec::<String>::new());
    let target = connect(&site.target_url).await.expect("the target answers");
    let schemas: i64 = target
        .query_one(
            "select count(*) from pg_namespace where nspname = 'transhume'",
            &[],
        )
        .await
        .expect("the catalogs can be read")
        .get(0);
    assert_eq!(schemas, 0, "no state was written");
}

#[tokio::test]
async fn a_source_without_logical_wal_is_a_blocker() {
    let site = with_source("wal_level", "replica").await;

    is_refusal(&site.call(&["run"]), 1, &["wal-level", "wal_level", "hint: "]);
    is_refusal(
        &site.call(&["assess"]),
        1,
        &["wal-level", "alter system set wal_level"],
    );
    is_untouched(&site).await;
}

#[tokio::test]
async fn a_source_without_a_free_slot_is_a_blocker() {
    let site = with_source("max_replication_slots", "1").await;
    let client = connect(&site.source_url).await.expect("the source answers");
    client
        .batch_execute("select pg_create_physical_replication_slot('taken')")
        .await
        .expect("a slot can be made");

    is_refusal(&site.call(&["run"]), 1, &["max_replication_slots", "hint: "]);
    assert_eq!(site.traces().await, ["taken"]);
}

#[tokio::test]
async fn a_target_that_holds_a_table_of_the_selection_is_a_blocker() {
    let site = Site::empty(15, 15).await;
    for url in [&site.source_url, &site.target_url] {
        let client = connect(url).await.expect("the server answers");
        client
            .batch_execute("create table precious (id int primary key); insert into precious values (1)")
            .await
            .expect("a table can be made");
    }

    is_refusal(&site.call(&["run"]), 1, &["precious", "hint: "]);
    is_untouched(&site).await;
    let target = connect(&site.target_url).await.expect("the target answers");
    let rows = target
        .query("select id from precious", &[])
        .await
        .expect("it is still there");
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn a_selection_that_matches_nothing_is_a_blocker() {
    let site = Site::empty(15, 15).await;

    is_refusal(
        &site.call(&["run", "--include", "shop.orderz"]),
        1,
        &["shop.orderz", "hint: "],
    );
    is_untouched(&site).await;
}

#[tokio::test]
async fn a_wrong_database_name_is_said_with_a_hint() {
    let site = Site::empty(15, 15).await;
    let wrong = site.source.url("no_such_database");

    is_refusal(
        &site.call(&["run", "--source", &wrong]),
        2,
        &["no_such_database", "hint: "],
    );
    is_untouched(&site).await;
}

#[tokio::test]
async fn source_and_target_that_are_one_database_are_a_blocker() {
    let site = Site::empty(15, 15).await;

    is_refusal(
        &site.call(&["run", "--target", &site.source_url]),
        1,
        &["same", "hint: "],
    );
    assert_eq!(site.traces().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_cutover_without_a_migration_is_refused() {
    let site = Site::empty(15, 15).await;

    is_refusal(&site.call(&["cutover", "--yes"]), 1, &["no migration", "hint: "]);
    is_refusal(&site.call(&["finish", "--yes"]), 1, &["no migration", "hint: "]);
}
