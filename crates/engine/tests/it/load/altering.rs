//! The source's schema changes while tables wait to be copied: each comes as it is by then, or not at all, and the load ends.

use transhume_engine::load;
use transhume_testkit::server::EVERYDAY_MAJOR;

use super::loading::{Loading, until};

const TABLES: &str = "
CREATE TABLE plain (id bigint);
CREATE TABLE dropped (id bigint);
CREATE TABLE made_anew (id bigint, v bigint);
CREATE TABLE retyped (id bigint, v bigint);
CREATE TABLE renamed (id bigint);
CREATE TABLE other_column (id bigint, before bigint);
CREATE TABLE fewer_columns (id bigint, lost bigint);
CREATE TABLE more_columns (id bigint);
CREATE TABLE moved (id bigint);
CREATE TABLE exchanged_a (id bigint, v text);
CREATE TABLE exchanged_b (id bigint, v text);";

const ROWS: &str = "
INSERT INTO plain VALUES (1);
INSERT INTO dropped VALUES (1);
INSERT INTO made_anew VALUES (1, 1);
INSERT INTO retyped VALUES (1, 1000000007);
INSERT INTO renamed VALUES (1);
INSERT INTO other_column VALUES (1, 2);
INSERT INTO fewer_columns VALUES (1, 2);
INSERT INTO more_columns VALUES (1);
INSERT INTO moved VALUES (1);
INSERT INTO exchanged_a VALUES (1, 'of a');
INSERT INTO exchanged_b VALUES (1, 'of b');";

const CHANGES: &str = "
DROP TABLE dropped;
CREATE TABLE made_anew_2 (id bigint, w text);
DROP TABLE made_anew;
ALTER TABLE made_anew_2 RENAME TO made_anew;
ALTER TABLE retyped ALTER v TYPE double precision;
ALTER TABLE renamed RENAME TO renamed_since;
ALTER TABLE other_column RENAME before TO after;
ALTER TABLE fewer_columns DROP lost;
ALTER TABLE more_columns ADD more text DEFAULT 'remembered';
INSERT INTO more_columns VALUES (2, 'written');
CREATE SCHEMA elsewhere;
ALTER TABLE moved SET SCHEMA elsewhere;
ALTER TABLE exchanged_a RENAME TO exchanged;
ALTER TABLE exchanged_b RENAME TO exchanged_a;
ALTER TABLE exchanged RENAME TO exchanged_b;";

/// What each query gives on the target once the load is done.
const EXPECTED: [(&str, &str); 11] = [
    ("SELECT string_agg(id::text, ',') FROM plain", "1"),
    ("SELECT (to_regclass('dropped') IS NULL)::text", "true"),
    ("SELECT (to_regclass('made_anew') IS NULL)::text", "true"),
    ("SELECT v::text FROM retyped", "1000000007"),
    ("SELECT id::text FROM renamed_since", "1"),
    ("SELECT after::text FROM other_column", "2"),
    ("SELECT r::text FROM fewer_columns r", "(1)"),
    (
        "SELECT string_agg(id::text, ',' ORDER BY id) FROM more_columns",
        "1",
    ),
    ("SELECT id::text FROM elsewhere.moved", "1"),
    ("SELECT v FROM exchanged_a", "of b"),
    ("SELECT v FROM exchanged_b", "of a"),
];

async fn assert_loaded(loading: &Loading) {
    let target = loading.on_target().await;
    for (query, expected) in EXPECTED {
        let found: Option<String> = target.query_one(query, &[]).await.unwrap().get(0);
        assert_eq!(found.as_deref(), Some(expected), "{query}");
    }
    let states = target
        .query_one(
            "SELECT string_agg(table_name || ' ' || state, ',' ORDER BY table_name)
             FROM transhume.relation WHERE state <> 'loaded'",
            &[],
        )
        .await
        .unwrap();
    let states: Option<String> = states.get(0);
    assert_eq!(states.as_deref(), Some("dropped dropped,made_anew dropped"));
}

async fn assert_no_session_is_left(loading: &Loading) {
    let source = loading.on_source().await;
    until("no session of the load is left on the source", async || {
        let count: i64 = source
            .query_one(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'transhume:%'",
                &[],
            )
            .await
            .unwrap()
            .get(0);
        if count == 0 {
            Ok(())
        } else {
            Err(format!("{count} sessions"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_altered_before_it_is_copied_comes_as_it_is_then() {
    let mut loading = Loading::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    loading.on_both(TABLES).await;
    loading.on_source().await.batch_execute(ROWS).await.unwrap();
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();

    loading.on_source().await.batch_execute(CHANGES).await.unwrap();
    load::load(&loading.context(), Some(holder)).await.unwrap();

    assert_loaded(&loading).await;
    assert_no_session_is_left(&loading).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_target_refuses_is_suspended_and_the_rest_is_loaded() {
    let mut loading = Loading::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    loading
        .on_both("CREATE TABLE plain (id bigint); CREATE TABLE odd (id bigint, v text)")
        .await;
    loading
        .on_source()
        .await
        .batch_execute("INSERT INTO plain VALUES (1); INSERT INTO odd VALUES (1, 'x')")
        .await
        .unwrap();
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();

    let target = loading.on_target().await;
    target.batch_execute("CREATE TABLE mood ()").await.unwrap();
    loading
        .on_source()
        .await
        .batch_execute("CREATE TYPE mood AS ENUM ('x'); ALTER TABLE odd ALTER v TYPE mood USING v::mood")
        .await
        .unwrap();
    load::load(&loading.context(), Some(holder)).await.unwrap();

    assert_eq!(loading.count("SELECT count(*) FROM plain").await, 1);
    let suspended =
        "SELECT count(*) FROM transhume.relation WHERE table_name = 'odd' AND state = 'suspended'";
    assert_eq!(loading.count(suspended).await, 1);
    let told =
        "SELECT count(*) FROM transhume.finding WHERE object = 'public.odd' AND code = 'table-load-failed'
                AND remedy LIKE '%alter column \"v\" type public.mood%'";
    assert_eq!(loading.count(told).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_rewritten_all_the_time_costs_no_session_more_with_each_try() {
    let mut loading = Loading::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    loading.on_both("CREATE TABLE hot (id bigint)").await;
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();

    let source = loading.on_source().await;
    let context = loading.context();
    let altering = async {
        let mut most = 0;
        let snapshots = "SELECT count(*) FROM transhume.snapshot";
        while loading.count(snapshots).await < 5 {
            source
                .batch_execute("TRUNCATE hot; INSERT INTO hot VALUES (1)")
                .await
                .unwrap();
            let sessions =
                "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'transhume:%:snapshot'";
            let count: i64 = source.query_one(sessions, &[]).await.unwrap().get(0);
            most = most.max(count);
        }
        most
    };
    let (loaded, most) = tokio::join!(load::load(&context, Some(holder)), altering);

    loaded.unwrap();
    assert!(most <= 2, "{most} sessions held a snapshot");
    assert_eq!(loading.count("SELECT count(*) FROM hot").await, 1);
}
