//! The load takes from the servers what it is allowed to, and says what it holds.

use std::time::{Duration, Instant};

use transhume_demo::cluster::Cluster;
use transhume_engine::{
    load::{self, throttle},
    status,
};
use transhume_testkit::server::EVERYDAY_MAJOR;

use super::loading::{Loading, until};

const PARTS_DONE: &str = "SELECT count(*) FROM transhume.part WHERE done_at IS NOT NULL";

/// About 4 MB in a dozen parts.
async fn loading() -> Loading {
    let loading = Loading::new(EVERYDAY_MAJOR, EVERYDAY_MAJOR).await;
    loading.on_both("CREATE TABLE large (id bigint, body text)").await;
    loading
        .on_source()
        .await
        .batch_execute("INSERT INTO large SELECT g, repeat('l', 1000) FROM generate_series(1, 4000) g")
        .await
        .unwrap();
    loading
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_holds_over_all_loaders_together() {
    let mut loading = loading().await;
    loading.options.rate_limit_bytes_per_second = Some(1 << 20);
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    let started = Instant::now();
    load::load(&loading.context(), Some(holder)).await.unwrap();
    let bytes = loading
        .count("SELECT sum(bytes_copied)::bigint FROM transhume.part")
        .await;
    // A tenth of a second may be saved up, and each loader may be one gathered read ahead.
    let least = bytes as f64 / f64::from(1 << 20) - 0.1 - 3.0 * 0.25;
    assert!(
        started.elapsed().as_secs_f64() >= least,
        "{bytes} bytes in {:?}",
        started.elapsed()
    );
    let loaders = "SELECT count(DISTINCT loader) FROM transhume.part";
    assert!(loading.count(loaders).await > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_load_copies_nothing_until_it_is_resumed_and_status_says_so() {
    let mut loading = loading().await;
    loading.options.snapshot_age_warning = Some(Duration::ZERO);
    let holder = loading.slot_snapshot().await;
    let pid = holder.backend_pid();
    load::plan(&loading.context(), &holder).await.unwrap();
    let target = &loading.endpoints.target;
    // A load that was not begun yet keeps to it as well.
    assert!(throttle::pause(target).await.unwrap().changed);
    assert!(!throttle::pause(target).await.unwrap().changed);
    register(&loading).await;

    let context = loading.context();
    let watch = async {
        until("status knows the snapshot's holder", async || {
            let status = status::read(target, None)
                .await
                .map_err(|error| error.to_string())?;
            let snapshot = status.snapshot.clone().ok_or("no snapshot")?;
            let holder = format!("transhume:0123abcd:snapshot, pid {pid}");
            // What the slot keeps is told by the guard of a run, which has tests of its own.
            if snapshot.holder == holder {
                Ok(())
            } else {
                Err(format!("{snapshot:?}"))
            }
        })
        .await;
        let warned = "SELECT count(*) FROM transhume.finding WHERE code = 'snapshot-age'";
        loading.until_count(warned, 1).await;
        let paused = status::read(target, None).await.unwrap();
        assert!(paused.pause.is_some());
        let waiting = loading
            .count("SELECT count(*) FROM transhume.runner WHERE waiting_for LIKE '%transhume resume%'");
        assert_eq!(waiting.await, 1);
        assert_eq!(loading.count(PARTS_DONE).await, 0);
        assert!(throttle::resume(target).await.unwrap().changed);
    };
    let (loaded, ()) = tokio::join!(load::load(&context, Some(holder)), watch);
    loaded.unwrap();

    assert_eq!(loading.count("SELECT count(*) FROM large").await, 4000);
    let status = status::read(target, None).await.unwrap();
    assert!(status.pause.is_none() && status.snapshot.is_none());
    assert!(status.findings.is_empty(), "{:?}", status.findings);
    assert!(!throttle::resume(target).await.unwrap().changed);
}

async fn register(loading: &Loading) {
    let session = loading
        .endpoints
        .target_session("0123abcd", "test")
        .await
        .unwrap();
    transhume_pg::state::runner::register(&session, "here")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_in_mid_load_lets_loaders_finish_their_parts() {
    let mut loading = loading().await;
    loading.options.rate_limit_bytes_per_second = Some(2 << 20);
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    let parts = loading.count("SELECT count(*) FROM transhume.part").await;
    let target = &loading.endpoints.target;
    let context = loading.context();
    let halfway = async {
        loading.until_count(PARTS_DONE, 2).await;
        throttle::pause(target).await.unwrap();
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%loader%' AND query LIKE 'COPY%' AND state = 'active'";
        until("all loaders wait", async || match loading.count(busy).await {
            0 => Ok(()),
            busy => Err(format!("{busy} copy")),
        })
        .await;
        let done = loading.count(PARTS_DONE).await;
        assert!(done < parts, "{done} of {parts}");
        // Nothing is taken up any more, whatever the loaders look for meanwhile.
        let looks = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%loader%' AND state = 'idle' AND state_change > $1";
        let now: std::time::SystemTime = loading
            .on_target()
            .await
            .query_one("SELECT now()", &[])
            .await
            .unwrap()
            .get(0);
        until("every loader has looked again", async || {
            let looked: i64 = loading
                .on_target()
                .await
                .query_one(looks, &[&now])
                .await
                .unwrap()
                .get(0);
            if looked >= 3 {
                Ok(())
            } else {
                Err(format!("{looked} have"))
            }
        })
        .await;
        assert_eq!(loading.count(PARTS_DONE).await, done);
        throttle::resume(target).await.unwrap();
    };
    let (loaded, ()) = tokio::join!(load::load(&context, Some(holder)), halfway);
    loaded.unwrap();
    assert_eq!(loading.count("SELECT count(*) FROM large").await, 4000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_takes_no_more_connections_than_the_servers_have_free() {
    let mut loading = loading().await;
    loading.options.loaders = Some(50);
    loading.options.builders = Some(50);
    let restart = |cluster: &mut Cluster| tokio::task::block_in_place(|| cluster.restart()).unwrap();
    for client in [loading.on_source().await, loading.on_target().await] {
        client
            .batch_execute("ALTER SYSTEM SET max_connections = 14")
            .await
            .unwrap();
    }
    restart(&mut loading.servers.source);
    restart(&mut loading.servers.target);
    loading.options.rate_limit_bytes_per_second = Some(2 << 20);
    let holder = loading.slot_snapshot().await;
    load::plan(&loading.context(), &holder).await.unwrap();
    // The application's own connections stay possible all the time: this test's are.
    let context = loading.context();
    let watch = async {
        let at_once = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'transhume:%'";
        let mut most = 0;
        while loading
            .count("SELECT count(*) FROM transhume.part WHERE done_at IS NULL")
            .await
            > 0
        {
            most = most.max(loading.count(at_once).await);
        }
        most
    };
    let (loaded, most) = tokio::join!(load::load(&context, Some(holder)), watch);
    loaded.unwrap();
    // 14 less the 3 for superusers.
    assert!((2..=10).contains(&most), "{most} at once");
    let refused = "SELECT count(*) FROM transhume.part WHERE done_at IS NULL";
    assert_eq!(loading.count(refused).await, 0);
}
