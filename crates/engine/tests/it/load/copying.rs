//! What arrives is what the snapshot shows, whatever the tables look like and whoever copies.

use transhume_engine::{error::EngineError, load};
use transhume_testkit::{
    oracle::{Except, row_differences},
    server::{EVERYDAY_MAJOR, NEWEST_MAJOR},
    traffic::{Traffic, TrafficOptions},
    workload::create_torture,
};

use super::loading::Loading;

/// Tables of many shapes, one of them large enough for many parts.
async fn torture(source_major: u32, target_major: u32) -> Loading {
    let loading = Loading::new(source_major, target_major).await;
    create_torture(&loading.servers.source_url, &loading.servers.target_url).await;
    let source = loading.on_source().await;
    source
        .batch_execute(
            "CREATE TABLE torture.large (id bigint PRIMARY KEY, at timestamptz, body text);
             INSERT INTO torture.large
             SELECT g, timestamptz '2024-02-29' + g * interval '1 minute', repeat(md5(g::text), 4)
             FROM generate_series(1, 20000) g;
             ANALYZE torture.large;
             CREATE TABLE torture.twelve_empty_rows ();
             INSERT INTO torture.twelve_empty_rows SELECT FROM generate_series(1, 12);
             CREATE TABLE torture.only_computed (c int GENERATED ALWAYS AS (7) STORED);
             INSERT INTO torture.only_computed SELECT FROM generate_series(1, 3);
             CREATE UNLOGGED TABLE torture.unlogged_too AS SELECT 1 AS id;",
        )
        .await
        .unwrap();
    drop(source);
    loading.restore_pre_data();
    loading
}

async fn assert_loaded_exactly(source_major: u32, target_major: u32) {
    let mut loading = torture(source_major, target_major).await;
    let then = loading.remember_source().await;
    let holder = loading.slot_snapshot().await;

    let traffic = Traffic::start(&loading.servers.source_url, &TrafficOptions::default());
    traffic.wait_for(20).await;
    loading.plan_and_load(holder).await.unwrap();
    traffic.stop().await;

    let except = Except {
        kinds: Vec::new(),
        // TRUNCATE empties a table for older snapshots too; the stream brings it again.
        tables: vec!["torture.scratch".to_owned()],
    };
    let differences = row_differences(&then, &loading.servers.target_url, &except).await;
    let ours: Vec<_> = differences
        .iter()
        .filter(|difference| !difference.contains("transhume."))
        .collect();
    assert!(ours.is_empty(), "{ours:#?}");
    assert!(loading.count("SELECT count(*) FROM transhume.part p JOIN transhume.relation r USING (source_oid) WHERE r.table_name = 'large'").await > 3);
    assert_eq!(
        loading
            .count("SELECT count(*) FROM transhume.relation WHERE state <> 'loaded'")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_snapshot_arrives_while_the_source_keeps_changing() {
    Box::pin(assert_loaded_exactly(EVERYDAY_MAJOR, EVERYDAY_MAJOR)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_page_ranges_is_split_by_key() {
    Box::pin(assert_loaded_exactly(13, 17)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_travel_to_the_newest_version() {
    Box::pin(assert_loaded_exactly(EVERYDAY_MAJOR, NEWEST_MAJOR)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_is_chosen_for_each_table_by_what_its_types_carry() {
    let mut loading = Loading::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    loading
        .on_both(
            "CREATE TYPE mood AS ENUM ('sad', 'glad');
         CREATE TYPE pointer AS (target regclass, note text);
         CREATE TABLE moods (id int, moods mood[], at timestamptz[], spans int4range);
         CREATE TABLE pointers (id int, pointers pointer[]);
         CREATE TABLE grants (id int, privileges aclitem[]);
         CREATE TABLE prices (id int, price money);",
        )
        .await;
    loading
        .on_source()
        .await
        .batch_execute(
            "INSERT INTO moods VALUES (1, '{glad,NULL}', '{2024-03-04 12:00+00}', '[1,5)');
             INSERT INTO pointers VALUES (1, ARRAY[ROW('public.moods', 'x')::pointer]);
             INSERT INTO grants VALUES (1, '{=r/postgres}');",
        )
        .await
        .unwrap();

    let holder = loading.slot_snapshot().await;
    loading.plan_and_load(holder).await.unwrap();

    let target = loading.on_target().await;
    let rows = target
        .query(
            "SELECT table_name, format, format_reason FROM transhume.relation ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let formats: Vec<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(
        formats,
        [
            ("grants", "text"),
            ("moods", "binary"),
            ("pointers", "text"),
            ("prices", "text")
        ]
    );
    let reason: &str = rows[2].get(2);
    assert!(
        reason.contains("regclass") && reason.contains("pointers"),
        "{reason}"
    );
    let pointer: String = target
        .query_one("SELECT pointers::text FROM pointers", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(pointer, "{\"(moods,x)\"}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_shares_the_work() {
    let mut loading = torture(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    // Slow enough that both get some.
    loading.options.rate_limit_bytes_per_second = Some(1 << 20);
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();

    let held = loading.hold_parts("r.table_name = 'large'").await;
    let context = loading.context();
    let release = async {
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'transhume:%:worker-%-loader-%'";
        loading.until_count(sessions, 3).await;
        held.batch_execute("ROLLBACK").await.unwrap();
    };
    let (runner, worker, ()) =
        tokio::join!(load::load(&context, Some(holder)), load::work(&context), release);
    runner.unwrap();
    worker.unwrap();

    let shares = "SELECT count(DISTINCT loader LIKE '%:worker-%') FROM transhume.part";
    assert_eq!(loading.count(shares).await, 2);
    assert_eq!(loading.count("SELECT count(*) FROM torture.large").await, 20000);
    assert_eq!(loading.count("SELECT sum(rows_copied)::bigint FROM transhume.part JOIN transhume.relation USING (source_oid) WHERE table_name = 'large'").await, 20000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_holds_foreign_rows_stops_the_load() {
    let mut loading = Loading::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    loading.options.part_bytes = Some(1 << 30);
    loading.on_both("CREATE TABLE orders (id int, note text)").await;
    loading
        .on_source()
        .await
        .batch_execute("INSERT INTO orders SELECT g, repeat('x', 500) FROM generate_series(1, 5000) g")
        .await
        .unwrap();
    loading
        .on_target()
        .await
        .batch_execute("INSERT INTO orders VALUES (0, 'theirs')")
        .await
        .unwrap();

    let holder = loading.slot_snapshot().await;
    let error = loading.plan_and_load(holder).await.unwrap_err();

    assert!(matches!(error, EngineError::Stopped { .. }), "{error:?}");
    assert!(error.to_string().contains("public.orders"), "{error}");
    assert_eq!(loading.count("SELECT count(*) FROM orders").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_a_plan_is_refused() {
    let loading = Loading::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    let error = load::work(&loading.context()).await.unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
}
