//! Tables that are truncated and altered in the moment in which the slot is made.

use tokio_postgres::Client;
use transhume_testkit::{connection::connect, oracle, server};

use super::site::Site;

const TABLES: &str = "
create table emptied (id int primary key, note text);
create table altered (id int primary key, note text);
insert into emptied values (0, 'before');
insert into altered values (0, 'before');
";

/// One transaction after the other on the source, each begun before the one before it ends: one is always running.
struct Relay<'site> {
    site: &'site Site,
    holder: Client,
    xid: String,
}

impl<'site> Relay<'site> {
    async fn start(site: &'site Site) -> Self {
        let (holder, xid) = begun(site).await;
        Self { site, holder, xid }
    }

    /// Somebody waits for the one that runs.
    async fn is_waited_for(&self) {
        let is_waited_for = format!(
            "select count(*) from pg_locks where locktype = 'transactionid' and not granted \
             and transactionid::text = '{}'",
            self.xid
        );
        self.site
            .wait_for_count(&self.site.source_url, &is_waited_for, 1)
            .await;
    }

    /// Then another begins and does this, others commit that, and the one ends.
    async fn hand_over(&mut self, held: &str, meanwhile: &str) {
        self.is_waited_for().await;
        let (next, xid) = begun(self.site).await;
        next.batch_execute(held).await.expect("the work is in order");
        self.site.execute_on_source(meanwhile).await;
        self.end().await;
        (self.holder, self.xid) = (next, xid);
    }

    async fn end(&self) {
        let ended = self.holder.batch_execute("commit").await;
        ended.expect("the transaction commits");
    }
}

async fn begun(site: &Site) -> (Client, String) {
    let client = connect(&site.source_url).await.expect("the source answers");
    client.batch_execute("begin").await.expect("a transaction begins");
    let row = client.query_one("select txid_current()::text", &[]).await;
    let xid = row.expect("it takes an id").get(0);
    (client, xid)
}

/// Making a slot waits twice: for those who write when it begins, and for those who write then. The server's decoder
/// learns nothing of what commits in the first wait, and reads what begins in the second with the catalogs from before.
async fn migrate(major: u32) {
    let site = Site::empty(major, major).await;
    site.execute_on_source(TABLES).await;
    let mut relay = Relay::start(&site).await;
    let mut runner = site.begin(&["run", "--until-caught-up"]);

    relay
        .hand_over("", "truncate emptied; alter table altered add column extra text")
        .await;
    relay
        .hand_over(
            "insert into emptied values (1, 'after'); insert into altered values (1, 'after', 'extra')",
            "",
        )
        .await;
    // The witness.
    relay.hand_over("", "").await;
    relay.hand_over("", "").await;
    // The slot once more, with the same mishap.
    relay
        .hand_over("", "truncate emptied; alter table altered add column more text")
        .await;
    relay
        .hand_over(
            "insert into emptied values (2, 'after'); insert into altered values (2, 'after', 'extra', 'more')",
            "",
        )
        .await;
    site.wait_for_count(
        &site.source_url,
        "select count(*) from pg_replication_slots where not temporary and confirmed_flush_lsn is not null",
        1,
    )
    .await;
    relay.end().await;
    site.execute_on_source(
        "insert into emptied values (3); insert into altered values (3, 'last', 'extra', 'more')",
    )
    .await;

    assert_eq!(runner.ended().await, 0, "{}", runner.log());
    assert!(
        runner.log().contains("the slot is made once more"),
        "{}",
        runner.log()
    );
    oracle::assert_equal(&site.source_url, &site.target_url).await;
    let traces = site.traces().await;
    assert!(!traces.iter().any(|name| name.contains("witness")), "{traces:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_truncated_and_altered_while_the_slot_is_made_arrives_whole() {
    for major in (12..=18).filter(|major| server::installed(*major).is_some()) {
        migrate(major).await;
    }
}

/// Minor releases that wait themselves, while they make a slot, for commits that are in their WAL and not finished ("Avoid
/// race condition when building an initial decoding snapshot", release notes of 2026-11-12). 12 and 13 never will.
const WAIT_THEMSELVES_SINCE: [i32; 5] = [140_025, 150_020, 160_016, 170_012, 180_007];

async fn waits_itself(site: &Site) -> bool {
    let source = connect(&site.source_url).await.expect("the source answers");
    let row = source
        .query_one("select current_setting('server_version_num')::int", &[])
        .await;
    let version: i32 = row.expect("it tells its version").get(0);
    let is_fixed = |since: &i32| version / 10_000 == since / 10_000 && version >= *since;
    WAIT_THEMSELVES_SINCE.iter().any(is_fixed)
}

/// A slot's snapshot is built from commit records, and a session that waits for its synchronous standby has written that.
async fn migrate_beside_an_unfinished_commit(major: u32) {
    let site = Site::empty(major, major).await;
    site.execute_on_source(TABLES).await;
    // Only who asks for it waits for a standby, and there is none.
    for statement in [
        "alter database shop set synchronous_commit to local",
        "alter system set synchronous_standby_names to 'nobody'",
        "select pg_reload_conf()",
    ] {
        site.execute_on_source(statement).await;
    }
    let mut relay = Relay::start(&site).await;
    let mut runner = site.begin(&["run", "--until-caught-up"]);
    relay.hand_over("", "").await;
    relay.is_waited_for().await;
    let (unfinished, xid) = begun(&site).await;
    unfinished
        .batch_execute("set synchronous_commit to on; insert into altered values (1, 'unfinished')")
        .await
        .expect("the row is written");
    let commit = tokio::spawn(async move { unfinished.batch_execute("commit").await });
    site.wait_for_count(
        &site.source_url,
        "select count(*) from pg_stat_activity where wait_event = 'SyncRep'",
        1,
    )
    .await;
    relay.end().await;

    if waits_itself(&site).await {
        relay.xid = xid;
        relay.is_waited_for().await;
    } else {
        runner
            .said("commits that are in the source's WAL and not finished")
            .await;
    }
    assert_eq!(site.status().expect("a status")["phase"], "prepare");

    site.execute_on_source("alter system reset synchronous_standby_names")
        .await;
    site.execute_on_source("select pg_reload_conf()").await;
    commit
        .await
        .expect("the session lives")
        .expect("the commit is finished");
    assert_eq!(runner.ended().await, 0, "{}", runner.log());
    oracle::assert_equal(&site.source_url, &site.target_url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_not_finished_is_waited_for_before_anything_is_read() {
    // The one that never waits itself, and the one whose newest minor release does.
    for major in [13, 15] {
        migrate_beside_an_unfinished_commit(major).await;
    }
}

/// More than 65 for each session that the server admits, which is what a slot's snapshot has room for.
const MANY_WITHIN: &str = "
do $$ begin
    for n in 1 .. 20000 loop
        begin
            insert into altered values (n, 'within');
        exception when division_by_zero then null;
        end;
    end loop;
end $$";

#[tokio::test(flavor = "multi_thread")]
async fn a_source_with_too_many_subtransactions_for_the_slots_snapshot_is_read_under_a_later_one() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source(TABLES).await;
    let mut relay = Relay::start(&site).await;
    let mut runner = site.begin(&["run", "--until-caught-up"]);

    relay.hand_over("", "").await;
    // Those below the latest that has committed must be in the snapshot.
    relay.hand_over(MANY_WITHIN, "select txid_current()").await;
    // The slot without a snapshot.
    relay.hand_over("", "").await;
    relay.is_waited_for().await;
    relay.end().await;

    assert_eq!(runner.ended().await, 0, "{}", runner.log());
    assert!(
        runner.log().contains("the slot is made without"),
        "{}",
        runner.log()
    );
    oracle::assert_equal(&site.source_url, &site.target_url).await;
}
