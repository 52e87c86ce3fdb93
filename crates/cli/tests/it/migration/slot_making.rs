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

    /// Once somebody waits for the one that runs: another begins and does this, others commit that, and the one ends.
    async fn hand_over(&mut self, held: &str, meanwhile: &str) {
        let is_waited_for = format!(
            "select count(*) from pg_locks where locktype = 'transactionid' and not granted \
             and transactionid::text = '{}'",
            self.xid
        );
        self.site
            .wait_for_count(&self.site.source_url, &is_waited_for, 1)
            .await;
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
