//! Servers that restart in the middle of a full load, with writers at work all the time.

use std::time::{Duration, Instant};

use transhume_demo::cluster::Cluster;
use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
    traffic::{Traffic, TrafficOptions},
};

use super::site::{Running, Site, phase};

/// Ten tables of a megabyte each: some seconds at [`RATE`].
const BALLAST: &str = "do $$ begin for number in 1..10 loop
        execute format('create table torture.ballast_%s (id int primary key, body text)', number);
        execute format('insert into torture.ballast_%s select g, repeat(''b'', 1000) from generate_series(1, 1000) g', number);
    end loop; end $$";
/// Of bytes in a second.
const RATE: &str = "1MB";
/// Half of the ballast.
const HALF: i64 = 5;
const DEADLINE: Duration = Duration::from_secs(120);
/// Between two looks.
const POLL: Duration = Duration::from_millis(20);
/// Rows of a table of the ballast.
const ROWS: i64 = 1000;
const FINISHED: &str = "select coalesce(array_agg(r.table_name || ' ' || p.done_at::text order by r.table_name), '{}')
    from transhume.part p join transhume.relation r using (source_oid)
    where r.state = 'loaded' and r.table_name like 'ballast%' and ($1::timestamptz is null or p.done_at < $1)";

struct Load {
    site: Site,
    traffic: Traffic,
    runner: Running,
}

impl Load {
    /// With half of the ballast loaded.
    async fn half_done() -> Self {
        let site = Site::with_torture(15, 15).await;
        site.execute_on_source(BALLAST).await;
        let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
        let mut runner = site.begin(&["run", "--rate-limit", RATE, "--loaders", "2"]);
        site.wait_for(&mut runner, "a planned load", |status| {
            status["load"]["tables"].as_u64() > Some(10)
        })
        .await;
        let load = Self {
            site,
            traffic,
            runner,
        };
        let end = Instant::now() + DEADLINE;
        while i64::try_from(load.finished(None).await.len()).unwrap_or_default() < HALF {
            assert!(Instant::now() < end, "never half done\n{}", load.runner.log());
            tokio::time::sleep(POLL).await;
        }
        load
    }

    async fn finished(&self, before: Option<std::time::SystemTime>) -> Vec<String> {
        let target = connect(&self.site.target_url).await.expect("the target answers");
        let row = target.query_one(FINISHED, &[&before]).await;
        row.expect("the state can be read").get(0)
    }

    async fn target_time(&self) -> std::time::SystemTime {
        let target = connect(&self.site.target_url).await.expect("the target answers");
        let row = target.query_one("select clock_timestamp()", &[]).await;
        row.expect("the target tells the time").get(0)
    }

    /// How often the rows of these tables were read on the source, as it counts itself.
    async fn reads(&self, finished: &[String]) -> Vec<i64> {
        let tables: Vec<&str> = finished
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        let source = connect(&self.site.source_url).await.expect("the source answers");
        let query = "select coalesce(array_agg(seq_tup_read / $2), '{}') from pg_stat_user_tables
            where schemaname = 'torture' and relname = any ($1)";
        let row = source.query_one(query, &[&tables, &ROWS]).await;
        row.expect("the source counts").get(0)
    }

    /// The same process goes on to following, and none of the tables that were `finished` before `then` is read again;
    /// then both sides are held to be equal.
    async fn goes_on(mut self, then: std::time::SystemTime, finished: &[String]) {
        self.site
            .wait_for(&mut self.runner, "follow", |status| status["phase"] == "follow")
            .await;
        assert!(!finished.is_empty());
        assert_eq!(self.finished(Some(then)).await, finished, "loaded again");
        assert_eq!(self.reads(finished).await, vec![1; finished.len()], "read again");
        let promised = self.traffic.stop().await;
        self.runner.kill();
        self.site.succeed(&["run", "--until-caught-up"]);
        let differences =
            oracle::row_differences(&self.site.source_url, &self.site.target_url, &Except::default()).await;
        assert!(differences.is_empty(), "{}", differences.join("\n"));
        oracle::ledger_check(&self.site.target_url, &promised).await;
    }
}

fn restart(server: &mut Cluster) {
    tokio::task::block_in_place(|| server.restart()).expect("the server restarts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_restarts_at_half_the_load_costs_only_unfinished_tables() {
    let mut load = Load::half_done().await;
    let now = load.target_time().await;
    let before = load.finished(Some(now)).await;
    restart(&mut load.site.source);
    load.goes_on(now, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_restarts_in_mid_load_costs_only_the_parts_under_way() {
    let mut load = Load::half_done().await;
    let now = load.target_time().await;
    restart(&mut load.site.target);
    // What was finished without waiting for the disk is safe after an orderly restart.
    let before = load.finished(Some(now)).await;
    load.goes_on(now, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_crashes_in_mid_load_is_loaded_on() {
    let mut load = Load::half_done().await;
    let now = load.target_time().await;
    // What was committed without waiting for the disk may be gone after a crash; only that is read again.
    let flushed = connect(&load.site.target_url).await.expect("the target answers");
    flushed
        .batch_execute("checkpoint")
        .await
        .expect("it can be flushed");
    let before = load.finished(Some(now)).await;
    tokio::task::block_in_place(|| {
        load.site.target.kill_postmaster();
        load.site.target.start_again()
    })
    .expect("the server recovers");
    load.goes_on(now, &before).await;
}

/// As a managed server does when its storage is full: sessions end, and new ones may only read.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_takes_no_writes_for_a_while_is_waited_for() {
    let mut load = Load::half_done().await;
    let now = load.target_time().await;
    let before = load.finished(Some(now)).await;
    let administrator = connect(&load.site.target_url).await.expect("the target answers");
    let execute = async |statement: &str| {
        administrator
            .batch_execute(statement)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    };
    execute("set default_transaction_read_only = off").await;
    execute("alter system set default_transaction_read_only = on").await;
    execute("select pg_reload_conf()").await;
    let is_read_only =
        "select count(*) from pg_settings where name = 'default_transaction_read_only' and reset_val = 'on'";
    load.site
        .wait_for_count(&load.site.target_url, is_read_only, 1)
        .await;
    execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    )
    .await;
    load.runner.said("read-only transaction; trying again").await;
    execute("alter system reset default_transaction_read_only").await;
    execute("select pg_reload_conf()").await;
    load.goes_on(now, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_of_loaders_that_are_killed_cost_their_parts() {
    let load = Load::half_done().await;
    let now = load.target_time().await;
    let before = load.finished(Some(now)).await;
    for url in [&load.site.source_url, &load.site.target_url] {
        let client = connect(url).await.expect("the server answers");
        let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where application_name like 'transhume:%:loader-%'";
        let killed: i64 = client
            .query_one(kill, &[])
            .await
            .expect("they can be killed")
            .get(0);
        assert!(killed > 0);
    }
    load.goes_on(now, &before).await;
}

/// Takes the runner's lock, as `state/runner.rs` does, from whoever has it.
const TAKE_LOCK: &str =
    "select pg_terminate_backend(backend_pid) from transhume.holder where name = 'runner';
    select pg_advisory_lock(4711);
    update transhume.holder set key = 4711, backend_pid = pg_backend_pid() where name = 'runner'";

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_finds_its_place_taken_after_an_outage_waits_and_goes_on() {
    let site = Site::empty(15, 15).await;
    site.execute_on_source("create table entry (id int primary key)")
        .await;
    let mut runner = site.begin(&["run"]);
    let process = runner.process();
    site.wait_for(&mut runner, "follow", |status| {
        phase(status) == "follow" && status["runner"]["pid"] == process
    })
    .await;

    // As a cutover that follows by itself would, at the moment of the outage.
    let other = connect(&site.target_url).await.expect("the target answers");
    other
        .batch_execute(TAKE_LOCK)
        .await
        .expect("the lock can be taken");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !runner.log().contains("going on once it ends") {
        assert!(Instant::now() < deadline && runner.is_alive(), "{}", runner.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(other);

    site.execute_on_source("insert into entry values (1)").await;
    site.wait_for_count(&site.target_url, "select count(*) from entry", 1)
        .await;
    assert!(runner.is_alive(), "{}", runner.log());
}
