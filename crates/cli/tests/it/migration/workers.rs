//! One full load by several processes, some of which die.

use std::time::{Duration, Instant};

use transhume_testkit::{
    connection::connect,
    oracle::{self, Except},
    traffic::{Acknowledged, Traffic, TrafficOptions},
};

use super::site::{Running, Site};

/// Sixteen tables of a megabyte each: some seconds for three processes at [`RATE`].
const BALLAST: &str = "do $$ begin for number in 1..16 loop
        execute format('create table torture.ballast_%s (id int primary key, body text)', number);
        execute format('insert into torture.ballast_%s select g, repeat(''b'', 1000) from generate_series(1, 1000) g', number);
    end loop; end $$";
/// Of bytes in a second, for each process.
const RATE: &str = "500kB";
const DEADLINE: Duration = Duration::from_secs(120);
/// COPYs on the target by worker processes, and tables finished by them.
const COPYING: &str = "select count(*) from pg_stat_activity
    where application_name like 'transhume:%:worker-%-loader-%' and state = 'active' and query like 'COPY %'";
const FINISHED: &str =
    "select count(*) from transhume.part where done_at is not null and loader like '%:worker-%'";

/// Tables that were loaded before $1, and how often each was read on the source, where it says so itself.
const LOADED: &str = "select coalesce(array_agg(r.table_name order by r.table_name), '{}')
    from transhume.part p join transhume.relation r using (source_oid)
    where r.state = 'loaded' and r.table_name like 'ballast%' and p.done_at < $1";
const READ: &str = "select coalesce(array_agg(seq_tup_read / 1000), '{}') from pg_stat_user_tables
    where schemaname = 'torture' and relname = any ($1)";

/// Of the tables that nobody truncates.
const SNAPSHOTS: &str =
    "select count(distinct snapshot_id) from transhume.relation where table_name like 'ballast%'";

struct Load {
    site: Site,
    traffic: Traffic,
    runner: Running,
    workers: Vec<Running>,
}

impl Load {
    /// A runner and two workers in mid-load.
    async fn begun() -> Self {
        let site = Site::with_torture(15, 15).await;
        site.execute_on_source(BALLAST).await;
        let traffic = Traffic::start(&site.source_url, &TrafficOptions::default());
        let mut runner = site.begin(&["run", "--rate-limit", RATE, "--loaders", "2"]);
        site.wait_for(&mut runner, "a planned load", |status| {
            status["phase"] == "full-load" && status["load"]["tables"].as_u64() > Some(16)
        })
        .await;
        let worker = |loaders| site.begin(&["worker", "--rate-limit", RATE, "--loaders", loaders]);
        let workers = vec![worker("2"), worker("3")];
        let load = Self {
            site,
            traffic,
            runner,
            workers,
        };
        load.until(FINISHED, 1).await;
        load.until(COPYING, 2).await;
        load
    }

    /// Waits until a count on the target is at least this.
    async fn until(&self, query: &str, wanted: i64) {
        let client = connect(&self.site.target_url).await.expect("the target answers");
        let end = Instant::now() + DEADLINE;
        loop {
            let count: i64 = client
                .query_one(query, &[])
                .await
                .expect("the query is in order")
                .get(0);
            if count >= wanted {
                return;
            }
            assert!(
                Instant::now() < end,
                "{count} of {wanted}: {query}\n{}\n{}",
                self.runner.log(),
                self.workers.iter().map(Running::log).collect::<String>()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Tables that are finished now.
    async fn finished(&self) -> Vec<String> {
        let target = connect(&self.site.target_url).await.expect("the target answers");
        let row = target.query_one(LOADED, &[&std::time::SystemTime::now()]).await;
        row.expect("the state can be read").get(0)
    }

    async fn assert_read_once(&self, finished: &[String]) {
        let source = connect(&self.site.source_url).await.expect("the source answers");
        let row = source.query_one(READ, &[&finished]).await;
        let reads: Vec<i64> = row.expect("the source counts").get(0);
        assert!(!finished.is_empty());
        assert_eq!(reads, vec![1; finished.len()], "read again: {finished:?}");
    }

    /// Catches up once more with a quiet source, and holds both sides to be equal.
    async fn finish(self) {
        let Self {
            site,
            traffic,
            mut runner,
            ..
        } = self;
        let promised: Acknowledged = traffic.stop().await;
        runner.kill();
        site.succeed(&["run", "--until-caught-up"]);
        let differences =
            oracle::row_differences(&site.source_url, &site.target_url, &Except::default()).await;
        assert!(differences.is_empty(), "{}", differences.join("\n"));
        oracle::ledger_check(&site.target_url, &promised).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_costs_its_part_and_the_others_go_on() {
    let mut load = Load::begun().await;
    let finished = load.finished().await;
    load.workers[0].kill();

    assert_eq!(load.workers[1].ended().await, 0, "{}", load.workers[1].log());
    let (site, runner) = (&load.site, &mut load.runner);
    site.wait_for(runner, "follow", |status| status["phase"] == "follow")
        .await;
    let target = connect(&site.target_url).await.expect("the target answers");
    let snapshots: i64 = target
        .query_one(SNAPSHOTS, &[])
        .await
        .expect("the state can be read")
        .get(0);
    assert_eq!(snapshots, 1, "the load went on under its snapshot");
    load.assert_read_once(&finished).await;
    load.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_whose_runner_dies_say_so_and_the_next_runner_keeps_what_they_finished() {
    let mut load = Load::begun().await;
    load.runner.kill();

    for worker in &mut load.workers {
        let code = worker.ended().await;
        let log = worker.log();
        assert_ne!(code, 0, "{log}");
        assert!(log.contains("no runner is there to renew it"), "{log}");
    }
    let target = connect(&load.site.target_url).await.expect("the target answers");
    let finished =
        "select coalesce(array_agg(p.source_oid::text || ' ' || p.done_at::text order by p.source_oid), '{}')
        from transhume.part p join transhume.relation r using (source_oid)
        where r.state = 'loaded' and p.done_at < $1";
    let now: std::time::SystemTime = target
        .query_one("select clock_timestamp()", &[])
        .await
        .expect("the target tells the time")
        .get(0);
    let before: Vec<String> = target
        .query_one(finished, &[&now])
        .await
        .expect("the state can be read")
        .get(0);
    let whole = load.finished().await;

    load.runner = load.site.begin(&["run"]);
    let (site, runner) = (&load.site, &mut load.runner);
    site.wait_for(runner, "follow", |status| status["phase"] == "follow")
        .await;

    let after: Vec<String> = target
        .query_one(finished, &[&now])
        .await
        .expect("the state can be read")
        .get(0);
    assert_eq!(before, after, "finished tables were not loaded again");
    load.assert_read_once(&whole).await;
    load.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_comes_back_renews_the_snapshot_for_its_workers() {
    let mut load = Load::begun().await;
    load.runner.kill();
    load.runner = load.site.begin(&["run", "--rate-limit", RATE]);
    let (site, runner) = (&load.site, &mut load.runner);
    site.wait_for(runner, "follow", |status| status["phase"] == "follow")
        .await;
    load.finish().await;
}
