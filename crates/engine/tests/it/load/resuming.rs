//! What is done stays done, whatever breaks.

use tokio_postgres::Client;
use transhume_core::selection::Selection;
use transhume_engine::{error::EngineError, load};
use transhume_pg::connection::snapshot::SnapshotHolder;
use transhume_testkit::server::EVERYDAY_MAJOR;

use super::loading::{Loading, until};

const FINISHED: &str = "SELECT count(*) FROM transhume.relation WHERE state = 'loaded'";
const PARTLY: &str = "SELECT count(*) FROM transhume.part p JOIN transhume.relation r USING (source_oid)
                      WHERE r.table_name = 'large' AND p.done_at IS NOT NULL";

/// One table in many parts, and a smaller one that is claimed first because its one part is larger.
async fn loading() -> Loading {
    let mut loading = Loading::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    loading
        .on_both(
            "CREATE TABLE large (id bigint, body text);
         CREATE TABLE first (id bigint, body text);",
        )
        .await;
    loading
        .on_source()
        .await
        .batch_execute(
            "INSERT INTO first SELECT g, repeat('f', 1000) FROM generate_series(1, 300) g;
             INSERT INTO large SELECT g, repeat('l', 1000) FROM generate_series(1, 4000) g;",
        )
        .await
        .unwrap();
    loading.options.loaders = Some(2);
    loading.options.part_bytes = Some(300 << 10);
    loading
}

/// Planned under the slot's snapshot, with all but the first parts of the large table held from every loader until the client is
/// dropped.
async fn planned_and_held() -> (Loading, SnapshotHolder, Client) {
    let mut loading = loading().await;
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    let held = loading
        .hold_parts("r.table_name = 'large' AND p.number > 3")
        .await;
    (loading, holder, held)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_loader_costs_its_part_and_nothing_else() {
    let mut loading = loading().await;
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();

    let lock = loading.on_target().await;
    lock.batch_execute("BEGIN; LOCK TABLE large, first IN EXCLUSIVE MODE")
        .await
        .unwrap();

    let context = loading.context();
    let kill = async {
        loading.until_count(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY %' AND wait_event_type = 'Lock'",
            2,
        )
        .await;
        // One loses its target, the other its source.
        for (client, loader) in [
            (loading.on_target().await, "loader-0"),
            (loading.on_source().await, "loader-1"),
        ] {
            let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                        WHERE application_name LIKE 'transhume:%:' || $1::text";
            let killed: i64 = client.query_one(kill, &[&loader]).await.unwrap().get(0);
            assert_eq!(killed, 1, "{loader}");
        }
        lock.batch_execute("COMMIT").await.unwrap();
    };
    let (loaded, ()) = tokio::join!(load::load(&context, Some(holder)), kill);
    loaded.unwrap();

    assert_eq!(loading.count("SELECT count(*) FROM large").await, 4000);
    assert_eq!(loading.count("SELECT count(DISTINCT id) FROM large").await, 4000);
    assert_eq!(loading.count("SELECT count(*) FROM first").await, 300);
    assert_eq!(loading.count("SELECT count(*) FROM transhume.snapshot").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_snapshot_is_lost_finished_tables_stay_and_the_others_start_again() {
    let (mut loading, holder, held) = planned_and_held().await;

    let context = loading.context();
    let interrupt = async {
        loading.until_count(FINISHED, 1).await;
        loading.until_count(PARTLY, 2).await;
        loading.canceller.cancel();
    };
    let (loaded, ()) = tokio::join!(load::load(&context, Some(holder)), interrupt);
    assert!(matches!(loaded, Err(EngineError::Interrupted)), "{loaded:?}");
    drop(held);
    let finished_at = "SELECT (extract(epoch FROM max(done_at)) * 1000000)::bigint FROM transhume.part p
                       JOIN transhume.relation r USING (source_oid) WHERE r.table_name = 'first'";
    let before = loading.count(finished_at).await;
    let source = loading.on_source().await;
    until("the snapshot's holder is gone", async || {
        let holders =
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'transhume:%:snapshot'";
        let count: i64 = source.query_one(holders, &[]).await.unwrap().get(0);
        if count == 0 {
            Ok(())
        } else {
            Err(format!("{count} holders"))
        }
    })
    .await;
    source
        .batch_execute(
            "INSERT INTO first VALUES (0, 'only the stream brings this one');
             UPDATE large SET body = 'changed' WHERE id <= 100;
             DELETE FROM large WHERE id > 3990;
             SELECT pg_stat_reset();",
        )
        .await
        .unwrap();

    let (_canceller, cancellation) = transhume_engine::cancel::cancellation();
    loading.cancellation = cancellation;
    load::load(&loading.context(), None).await.unwrap();

    assert_eq!(
        loading.count(finished_at).await,
        before,
        "the finished table was copied again"
    );
    let reads = "SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables WHERE relname = 'first'";
    let reads: i64 = source.query_one(reads, &[]).await.unwrap().get(0);
    assert_eq!(reads, 0, "the finished table was read again");
    assert_eq!(loading.count("SELECT count(*) FROM first").await, 300);
    assert_eq!(loading.count("SELECT count(*) FROM large").await, 3990);
    assert_eq!(loading.count("SELECT count(DISTINCT id) FROM large").await, 3990);
    assert_eq!(
        loading
            .count("SELECT count(*) FROM large WHERE body = 'changed'")
            .await,
        100
    );
    let snapshots =
        "SELECT count(*) FROM transhume.relation r JOIN transhume.snapshot s ON s.id = r.snapshot_id
                     WHERE s.from_slot = (r.table_name = 'first')";
    assert_eq!(
        loading.count(snapshots).await,
        2,
        "each table names the snapshot that it was read under"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_restarts_in_mid_load_only_costs_what_was_unfinished() {
    let (mut loading, holder, held) = planned_and_held().await;

    let (endpoints, migration) = (loading.endpoints.clone(), loading.migration.clone());
    let (options, reporter) = (loading.options.clone(), loading.reporter.clone());
    let cancellation = loading.cancellation.clone();
    let work = tokio::spawn(async move {
        let context = load::LoadContext {
            endpoints: &endpoints,
            migration: &migration,
            options: &options,
            reporter: &reporter,
            cancellation: &cancellation,
        };
        load::load(&context, Some(holder)).await
    });
    loading.until_count(PARTLY, 2).await;
    tokio::task::block_in_place(|| loading.servers.source.restart()).unwrap();
    drop(held);
    work.await.unwrap().unwrap();

    assert_eq!(loading.count("SELECT count(*) FROM large").await, 4000);
    assert_eq!(loading.count("SELECT count(DISTINCT id) FROM large").await, 4000);
    assert_eq!(loading.count("SELECT count(*) FROM first").await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_snapshot_waits_for_every_transaction_older_than_the_slot() {
    let mut loading = loading().await;
    let older = loading.on_source().await;
    older
        .batch_execute("BEGIN; INSERT INTO first VALUES (-1, 'late')")
        .await
        .unwrap();
    let source = loading
        .endpoints
        .source_session("0123abcd", "test")
        .await
        .unwrap();
    loading.migration.slot_xid_horizon = Some(transhume_pg::follow::wal::assign_xid(&source).await.unwrap());
    let (reporter, mut reports) = transhume_engine::report::Reporter::channel();
    loading.reporter = reporter;

    let context = loading.context();
    let finish = async {
        let report = reports.recv().await.unwrap();
        let text = format!("{report:?}");
        assert!(
            text.contains("older than the slot") && text.contains("pid "),
            "{text}"
        );
        older.batch_execute("COMMIT").await.unwrap();
    };
    let (holder, ()) = tokio::join!(load::fresh_snapshot(&context), finish);
    assert!(holder.unwrap().xmin() >= loading.migration.slot_xid_horizon.unwrap());
}

/// The source gives the names of snapshots out again when it was restarted: what is read under one must be what is
/// recorded, or the filter of the stream is another table's.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_known_by_what_it_shows_and_not_by_its_name() {
    let mut loading = loading().await;
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    drop(holder);
    let source = loading.on_source().await;
    let insert = "INSERT INTO first VALUES (0, 'later') RETURNING pg_current_xact_id()::text::bigint";
    let later: i64 = source.query_one(insert, &[]).await.unwrap().get(0);
    let other = loading.on_source().await;
    let export = "SELECT pg_export_snapshot()";
    other
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .await
        .unwrap();
    let name: String = other.query_one(export, &[]).await.unwrap().get(0);
    let rename = format!("UPDATE transhume.snapshot SET name = '{name}'");
    loading.on_target().await.batch_execute(&rename).await.unwrap();

    load::load(&loading.context(), None).await.unwrap();

    let unseen = format!(
        "SELECT count(*) FROM transhume.relation r JOIN transhume.snapshot s ON s.id = r.snapshot_id
         WHERE NOT txid_visible_in_snapshot({later}, s.snapshot)"
    );
    assert_eq!(loading.count("SELECT count(*) FROM first WHERE id = 0").await, 1);
    assert_eq!(
        loading.count(&unseen).await,
        0,
        "what was read and what is recorded differ"
    );
}

/// What was committed without waiting for the disk is seen by others at once, and gone after a crash of the source.
#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_snapshot_shows_nothing_that_a_crash_could_take_back() {
    let mut loading = loading().await;
    drop(loading.slot_snapshot().await);
    let source = loading.on_source().await;
    for setting in [
        "ALTER SYSTEM SET wal_writer_delay = '10s'",
        "ALTER SYSTEM SET synchronous_commit = off",
        "SELECT pg_reload_conf()",
        "SET synchronous_commit = off",
    ] {
        source.batch_execute(setting).await.unwrap();
    }
    let insert = "INSERT INTO first VALUES (0, 'not flushed yet')";
    source.batch_execute(insert).await.unwrap();
    let end = "SELECT pg_current_wal_insert_lsn()::text";
    let end: String = source.query_one(end, &[]).await.unwrap().get(0);

    let holder = load::fresh_snapshot(&loading.context()).await.unwrap();

    let flushed = format!("SELECT pg_current_wal_flush_lsn() >= '{end}'");
    assert!(source.query_one(&flushed, &[]).await.unwrap().get::<_, bool>(0));
    drop(holder);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_selection_is_loaded_at_once() {
    let mut loading = loading().await;
    loading.migration.selection = Selection {
        include: vec!["nothing".to_owned()],
        ..Selection::default()
    };
    let holder = loading.slot_snapshot().await;
    loading.plan_and_load(holder).await.unwrap();
    assert_eq!(loading.count("SELECT count(*) FROM transhume.part").await, 0);
}
