//! The source fails over to a physical standby while it is followed or loaded.

use std::time::{Duration, Instant};

use transhume_demo::cluster::Cluster;
use transhume_testkit::{connection::connect, oracle};

use super::{
    followed_shop::{DEADLINE, SHOP, execute, following, until},
    site::{DATABASE, Running, Site, phase},
    standbys::{has_our_slot, stop_receiving, strict},
};

/// Between two looks at a program that must go on.
const POLL: Duration = Duration::from_millis(100);

async fn replayed(site: &Site, standby: &Cluster) {
    let end = site.source_wal_end().await;
    let query = format!("select pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') >= {end}");
    until(&standby.url(DATABASE), &query).await;
}

/// The standby takes over under the address that the run goes through, as a managed service does it.
struct Switched {
    site: Site,
    standby: Cluster,
    runner: Running,
    log: String,
}

impl Switched {
    /// Ends the primary in the midst of following, and promotes the standby.
    fn over(mut site: Site, standby: Cluster, mut runner: Running) -> Self {
        site.source.kill_postmaster();
        standby.promote().expect("the standby can be promoted");
        site.source_url = standby.url(DATABASE);
        let log = runner.log();
        // Its URL names the primary that is gone; a name that both share would find the new one by itself.
        runner.kill();
        let runner = site.begin(&["run"]);
        Self {
            site,
            standby,
            runner,
            log,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_slot_that_lost_nothing_goes_on_without_a_new_load() {
    let (site, standby) = strict().await;
    site.execute_on_source(SHOP).await;
    let assessment = site.call(&["assess", "--all"]);
    assert!(
        assessment.output.contains("synchronized_standby_slots"),
        "{}",
        assessment.output
    );
    let runner = following(&site).await;
    site.execute_on_source("insert into ledger select 'before' from generate_series(1, 100)")
        .await;
    until(
        &site.target_url,
        "select count(*) = 100 from ledger where note = 'before'",
    )
    .await;
    has_our_slot(&standby).await;
    replayed(&site, &standby).await;

    let mut switched = Switched::over(site, standby, runner);
    let site = &switched.site;
    execute(
        &site.source_url,
        "insert into ledger select 'after' from generate_series(1, 50); update orders set note = 'after' where id <= 10",
    )
    .await;
    let end = Instant::now() + DEADLINE;
    let caught_up = "select count(*) = 50 from ledger where note = 'after'";
    loop {
        assert!(
            switched.runner.is_alive() && Instant::now() < end,
            "{}\nthen\n{}",
            switched.log,
            switched.runner.log()
        );
        let client = connect(&site.target_url).await.unwrap();
        if client.query_one(caught_up, &[]).await.unwrap().get::<_, bool>(0) {
            break;
        }
        tokio::time::sleep(POLL).await;
    }
    assert!(
        switched.runner.log().contains("the source failed over at"),
        "{}",
        switched.runner.log()
    );
    oracle::assert_equal(&site.source_url, &site.target_url).await;
    // Once it is known, nothing is special about it.
    switched.runner.kill();
    switched.site.succeed(&["run", "--until-caught-up"]);
    drop(switched.standby);
}

/// Before 17 a standby has no slot: told at once, with what is where, and nothing is done to either side.
#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_server_without_the_slot_is_refused_at_once() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    let standby = site.source.standby(&[]).expect("a standby can be made");
    let runner = following(&site).await;
    replayed(&site, &standby).await;
    let mut switched = Switched::over(site, standby, runner);
    assert_eq!(switched.runner.ended().await, 1, "{}", switched.runner.log());
    let log = switched.runner.log();
    assert!(
        log.contains("the source failed over") && log.contains("does not have the slot"),
        "{log}"
    );
    let site = &switched.site;
    let cutover = site.call(&["cutover", "--yes"]);
    assert_ne!(cutover.code, 0, "{}", cutover.output);
    // As it is advised.
    assert!(log.contains("transhume abort, then transhume run"), "{log}");
    site.succeed(&["abort", "--yes"]);
    site.succeed(&["run", "--until-caught-up"]);
    oracle::assert_equal(&site.source_url, &site.target_url).await;
}

/// Recovery takes hours on a large server; who begins meanwhile waits as one that runs does.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_begins_while_the_source_starts_up_waits_for_it() {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    // It recovers, and lets nobody in.
    let starting = site.source.standby(&[("hot_standby", "off")]);
    let starting = starting.expect("a standby can be made");
    site.source_url = starting.url(DATABASE);
    let mut runner = site.begin(&["run"]);
    runner.said("not accepting connections").await;
    starting.promote().expect("it comes to the end of its recovery");
    site.wait_for(&mut runner, "following", |status| phase(status) == "follow")
        .await;
}

/// What the target has and no source has any more is said, with both positions.
#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_server_that_lacks_what_was_applied_was_set_back() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    let standby = site.source.standby(&[]).expect("a standby can be made");
    let runner = following(&site).await;
    replayed(&site, &standby).await;
    // From now on it receives nothing.
    stop_receiving(&standby).await;
    site.execute_on_source("insert into ledger select 'lost' from generate_series(1, 99)")
        .await;
    until(&site.target_url, "select count(*) = 99 from ledger").await;
    let mut switched = Switched::over(site, standby, runner);
    assert_eq!(switched.runner.ended().await, 1, "{}", switched.runner.log());
    let log = switched.runner.log();
    assert!(
        log.contains("lacks changes which the target has") && log.contains("It was promoted at"),
        "{log}"
    );
    // As it is advised to whoever wants to look at them.
    let site = &switched.site;
    site.succeed(&["abort", "--keep-target", "--yes"]);
    until(&site.target_url, "select count(*) = 99 from ledger").await;
}

/// The first of two hosts is restarted and the standby answers: waited for, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_answers_meanwhile_is_waited_for() {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    let standby = site.source.standby(&[]).expect("a standby can be made");
    let both = site.source_url.clone();
    name_both(&mut site, &standby);
    let mut runner = following(&site).await;
    site.source
        .stop(transhume_demo::cluster::StopMode::Fast)
        .expect("it stops");
    runner.said("it is a standby").await;
    // One that begins now waits as well.
    runner.kill();
    let mut runner = site.begin(&["run"]);
    runner.said("it is a standby").await;
    site.source.start_again().expect("it starts");
    execute(&both, "insert into ledger values ('after')").await;
    until(&site.target_url, "select count(*) = 1 from ledger").await;
    assert!(runner.is_alive(), "{}", runner.log());
}

/// The target's asynchronous standby lacks the commit that opened the target. Nobody but the source knows then that the
/// application lived there: nothing is undone, and nothing dropped.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_forgot_its_opening_opens_no_source_and_loses_no_rows() {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    let mut runner = following(&site).await;
    let standby = site.target.standby(&[]).expect("a standby can be made");
    stop_receiving(&standby).await;
    site.succeed(&["cutover", "--yes", "--override", "verification"]);
    runner.kill();
    site.target.kill_postmaster();
    standby.promote().expect("the standby can be promoted");
    site.target_url = standby.url(DATABASE);
    execute(
        &site.target_url,
        "insert into ledger values ('of the application')",
    )
    .await;

    for words in [&["run"][..], &["abort", "--yes"], &["cutover", "--yes"]] {
        let refused = site.call(words);
        assert_eq!(refused.code, 1, "{words:?}: {}{}", refused.output, refused.error);
        assert!(
            refused.error.contains("failed over while it was being opened"),
            "{words:?}: {}",
            refused.error
        );
    }
    until(
        &site.target_url,
        "select count(*) = 1 from ledger where note = 'of the application'",
    )
    .await;
    let closed = "select count(*) = 1 from pg_db_role_setting, unnest(setconfig) s
                  where s like 'default_transaction_read_only=on'";
    until(&site.source_url, closed).await;

    // As its hint says, where the application had written nothing there.
    let source = site.source.url("postgres");
    execute(
        &source,
        &format!("alter role postgres in database {DATABASE} reset application_name"),
    )
    .await;
    let hinted = site.call(&["run", "--until-caught-up"]);
    assert!(
        !hinted.error.contains("failed over while it was being opened"),
        "{}",
        hinted.error
    );
}

/// Found by the second of two names while tables are copied: the load ends at once, and not hours later.
#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_in_the_midst_of_a_load_is_refused_at_once() {
    let mut site = Site::empty(15, 15).await;
    // Half a minute at the rate below.
    site.execute_on_source(
        "create table big (id int primary key, body text);
         insert into big select g, repeat('b', 1000) from generate_series(1, 30000) g",
    )
    .await;
    let standby = site.source.standby(&[]).expect("a standby can be made");
    replayed(&site, &standby).await;
    name_both(&mut site, &standby);
    let mut runner = site.begin(&["run", "--rate-limit", "1MB", "--loaders", "2"]);
    site.wait_for(&mut runner, "a load", |status| phase(status) == "full-load")
        .await;
    site.source.kill_postmaster();
    standby.promote().expect("the standby can be promoted");
    assert_eq!(runner.ended().await, 1, "{}", runner.log());
    assert!(
        runner.log().contains("the source failed over"),
        "{}",
        runner.log()
    );
    assert_eq!(site.status().as_ref().map(phase), Some("full-load"));
}

/// What is dropped on a standby stays on the primary: nothing is, and nothing is said to be gone.
#[tokio::test(flavor = "multi_thread")]
async fn an_abort_on_a_standby_is_refused_and_the_slot_stays() {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    site.succeed(&["run", "--until-caught-up"]);
    let standby = site.source.standby(&[]).expect("a standby can be made");
    let primary = site.source_url.clone();
    site.source_url = standby.url(DATABASE);
    let refused = site.call(&["abort", "--yes"]);
    assert_eq!(refused.code, 1, "{}", refused.error);
    assert!(refused.error.contains("is a standby"), "{}", refused.error);
    let slots = "select count(*) = 1 from pg_replication_slots where slot_name like 'transhume%'";
    until(&primary, slots).await;
    site.source_url = primary;
    site.succeed(&["abort", "--yes"]);
}

/// The source's URL has the primary and the standby, in this order.
fn name_both(site: &mut Site, standby: &Cluster) {
    let (port, other) = (site.source.port(), standby.port());
    site.source_url = site.source_url.replace(
        &format!("127.0.0.1:{port}"),
        &format!("127.0.0.1:{port},127.0.0.1:{other}"),
    );
}

/// Nobody runs, and somebody moves or drops the slot: `status` tells it without anybody's having tried.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_is_moved_or_dropped_while_nobody_runs_is_a_blocker() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    site.succeed(&["run", "--until-caught-up"]);
    let findings = || site.status().expect("the state is there")["findings"].to_string();
    assert!(!findings().contains("slot-unusable"), "{}", findings());

    site.execute_on_source("insert into ledger select 'never sent' from generate_series(1, 99)")
        .await;
    site.execute_on_source(
        "select pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) from pg_replication_slots",
    )
    .await;
    let moved = findings();
    assert!(
        moved.contains("slot-unusable") && moved.contains("is confirmed up to"),
        "{moved}"
    );
    site.execute_on_source("select pg_drop_replication_slot(slot_name) from pg_replication_slots")
        .await;
    let dropped = findings();
    assert!(
        dropped.contains("slot-unusable") && dropped.contains("does not exist"),
        "{dropped}"
    );
    let refused = site.call(&["run", "--until-caught-up"]);
    assert_eq!(refused.code, 1, "{}", refused.error);
    assert!(
        refused.error.contains("nobody has written anything else there"),
        "{}",
        refused.error
    );
    let told = findings();
    assert_eq!(told.matches("does not exist on the source").count(), 1, "{told}");
}

/// The target's asynchronous standby lacks changes that the slot is past: told with both positions by `run` and `status`, and
/// nothing is applied on top of the gap.
#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_target_that_lacks_what_was_confirmed_is_refused_with_both_positions() {
    let mut site = Site::empty(15, 15).await;
    site.execute_on_source(SHOP).await;
    let mut runner = following(&site).await;
    let standby = site.target.standby(&[]).expect("a standby can be made");
    stop_receiving(&standby).await;
    site.execute_on_source("insert into ledger select 'lost' from generate_series(1, 99)")
        .await;
    until(&site.target_url, "select count(*) = 99 from ledger").await;
    let end = site.source_wal_end().await;
    // Markers let the slot be confirmed past the rows.
    let confirmed = format!(
        "select coalesce(bool_and(pg_wal_lsn_diff(confirmed_flush_lsn, '0/0') >= {end}), false) from pg_replication_slots"
    );
    until(&site.source_url, &confirmed).await;
    runner.kill();
    site.target.kill_postmaster();
    standby.promote().expect("the standby can be promoted");
    site.target_url = standby.url(DATABASE);
    let refused = site.call(&["run", "--until-caught-up"]);
    assert_eq!(refused.code, 1, "{}", refused.error);
    assert!(
        refused.error.contains("is confirmed up to") && refused.error.contains("the target was set back"),
        "{}",
        refused.error
    );
    let findings = site.status().expect("the state is there")["findings"].to_string();
    assert!(findings.contains("slot-unusable"), "{findings}");
    until(&site.target_url, "select count(*) = 0 from ledger").await;
}
