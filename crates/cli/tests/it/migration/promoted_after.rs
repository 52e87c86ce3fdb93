//! Servers that fail over once the application has moved: the old source is kept ready for a fallback, and nothing of the
//! application's is ever in danger.

use transhume_demo::cluster::Cluster;

use super::{
    followed_shop::{SHOP, execute, following, until},
    site::{DATABASE, Running, Site},
    standbys::stop_receiving,
};

/// Moved, with what the application has written since brought back to the old source.
async fn moved() -> (Site, Cluster, Running) {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    let standby = site.source.standby(&[]).expect("a standby can be made");
    let runner = following(&site).await;
    site.succeed(&["cutover", "--yes", "--override", "verification"]);
    written_and_brought_back(&site, "first").await;
    (site, standby, runner)
}

async fn write(site: &Site, note: &str) {
    let insert = format!("insert into ledger select '{note}' from generate_series(1, 50)");
    execute(&site.target_url, &insert).await;
}

async fn written_and_brought_back(site: &Site, note: &str) {
    write(site, note).await;
    until(&site.source_url, &fifty(note)).await;
}

fn fifty(note: &str) -> String {
    format!("select count(*) = 50 from ledger where note = '{note}'")
}

/// The standby of the old source takes over under its name.
fn switch(site: &mut Site, standby: &Cluster, mut runner: Running) {
    runner.kill();
    site.source.kill_postmaster();
    standby.promote().expect("the standby can be promoted");
    site.source_url = standby.url(DATABASE);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_source_that_fails_over_is_followed_on_to_and_can_be_fallen_back_to() {
    let (mut site, standby, runner) = moved().await;
    until(&standby.url(DATABASE), &fifty("first")).await;
    switch(&mut site, &standby, runner);
    let mut runner = site.begin(&["run"]);
    written_and_brought_back(&site, "second").await;
    site.succeed(&["fallback", "--yes", "--override", "verification"]);
    runner.kill();
    execute(&site.source_url, "insert into ledger values ('back')").await;
    for note in ["first", "second"] {
        until(&site.source_url, &fifty(note)).await;
    }
}

/// It lacks changes that the slot is past: the fallback is lost, which is told with both positions, and the application stays.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_source_that_was_set_back_costs_the_fallback_and_nothing_else() {
    let (mut site, standby, runner) = moved().await;
    until(&standby.url(DATABASE), &fifty("first")).await;
    stop_receiving(&standby).await;
    written_and_brought_back(&site, "lost").await;
    let confirmed = "select coalesce(bool_and(confirmed_flush_lsn >= (select lsn from marked)), false) from pg_replication_slots";
    execute(
        &site.target_url,
        "create table marked as select pg_current_wal_lsn() as lsn",
    )
    .await;
    until(&site.target_url, confirmed).await;
    switch(&mut site, &standby, runner);
    let refused = site.call(&["run", "--until-caught-up"]);
    assert_eq!(refused.code, 1, "{}", refused.error);
    assert!(
        refused.error.contains("is confirmed up to")
            && refused
                .error
                .contains("only the fallback is not possible any more")
            && !refused.error.contains("abort"),
        "{}",
        refused.error
    );
    write(&site, "goes on").await;
    for note in ["first", "lost", "goes on"] {
        until(&site.target_url, &fifty(note)).await;
    }
}
