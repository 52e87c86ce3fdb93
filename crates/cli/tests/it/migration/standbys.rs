//! Physical standbys of either server: how far they are, and how they take over.

use transhume_demo::cluster::{Cluster, ClusterOptions};
use transhume_testkit::{
    Pair,
    server::{cluster, server, start},
};

use super::{
    followed_shop::{execute, until},
    site::{DATABASE, Site},
};

const STANDBY_SLOT: &str = "standby_1";

/// A source of 17 whose standby keeps the slot and has everything before the target: `synchronized_standby_slots`.
pub(super) async fn strict() -> (Site, Cluster) {
    keeping_the_slot(ClusterOptions::new(server(17)).setting("synchronized_standby_slots", STANDBY_SLOT))
        .await
}

/// A source of 17 whose standby keeps the slot, and may lack what the target has.
pub(super) async fn lenient() -> (Site, Cluster) {
    keeping_the_slot(ClusterOptions::new(server(17))).await
}

async fn keeping_the_slot(source: ClusterOptions) -> (Site, Cluster) {
    let source = start(source);
    let make_slot = format!("select pg_create_physical_replication_slot('{STANDBY_SLOT}')");
    execute(&source.url("postgres"), &make_slot).await;
    let site = Site::of(Pair::of(source, cluster(17))).await;
    let settings = [
        ("primary_slot_name", STANDBY_SLOT),
        ("sync_replication_slots", "on"),
        ("hot_standby_feedback", "on"),
        // Once it is the primary it has no standby to wait for.
        ("synchronized_standby_slots", ""),
    ];
    let standby = tokio::task::block_in_place(|| site.source.standby(&settings));
    (site, standby.expect("a standby can be made"))
}

pub(super) async fn has_our_slot(standby: &Cluster) {
    let synced = "select count(*) = 1 from pg_replication_slots
                  where slot_name like 'transhume%' and synced and not temporary";
    until(&standby.url(DATABASE), synced).await;
}

pub(super) async fn synchronous_standby(primary: &mut Cluster) -> Cluster {
    let standby =
        tokio::task::block_in_place(|| primary.synchronous_standby(&[])).expect("a standby can be made");
    let is_synchronous = "select count(*) = 1 from pg_stat_replication where sync_state = 'sync'";
    until(&primary.url("postgres"), is_synchronous).await;
    standby
}

/// The primary is gone; its standby serves under its address.
pub(super) fn fail_over(primary: &mut Cluster, standby: Cluster) {
    tokio::task::block_in_place(|| primary.fail_over_to(standby)).expect("the standby takes over");
}

/// A standby receives nothing any more, as one that lags.
pub(super) async fn stop_receiving(standby: &Cluster) {
    let stop = "alter system set primary_conninfo = 'host=127.0.0.1 port=1'; select pg_reload_conf()";
    for statement in stop.split("; ") {
        execute(&standby.url("postgres"), statement).await;
    }
    until(
        &standby.url("postgres"),
        "select count(*) = 0 from pg_stat_wal_receiver",
    )
    .await;
}
