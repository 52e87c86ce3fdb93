//! `demo`: a whole live migration between two throwaway servers on this machine.
//!
//! It uses nothing but the public ways of this crate, as an operator would, while clients buy in the
//! shop without a pause and write down every purchase that the server acknowledged. At the end each
//! of those must stand on the target exactly once.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    cluster::{Cluster, ClusterOptions},
    shop,
};
use serde::Serialize;
use transhume_core::selection::Selection;
use transhume_pg::connection::conninfo::{ConnectionSettings, Environment};

use crate::traffic::{Traffic, TrafficSummary};
use transhume_engine::{
    cancel::{self, Cancellation},
    cutover::{self, CutoverOptions, CutoverReport},
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    finish,
    load::LoadOptions,
    report::Reporter,
    run::{self, RunOptions},
    status::{self, Status},
    verify::{self, ObjectComparison, Verification, VerifyOptions},
};

/// Where Debian and Ubuntu keep the servers of each major version.
const DEBIAN_SERVERS: &str = "/usr/lib/postgresql";

/// How long the application keeps buying on the target before the ledger is counted.
const AFTERMATH: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Directory of `initdb` and `postgres`; the newest found where not given.
    pub binaries: Option<PathBuf>,
    /// Customers in the shop; 100,000 make about 300 MB.
    pub customers: u32,
    /// Clients that buy all the time.
    pub clients: u16,
}

/// What happened, in figures.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct DemoReport {
    pub tables: u64,
    pub rows_loaded: u64,
    pub bytes_loaded: u64,
    /// From the start of the run until the target had caught up: schema, load, indexes, backlog.
    pub run_seconds: f64,
    pub changes_applied: u64,
    pub transactions_applied: u64,
    pub verify_seconds: f64,
    pub tables_equal: usize,
    /// Everything besides rows.
    pub objects: ObjectComparison,
    pub cutover: CutoverReport,
    /// Of the old source, compared with the target while the application wrote there.
    pub tables_equal_on_the_way_back: usize,
    pub traffic: TrafficSummary,
    pub acknowledged: usize,
    pub found: usize,
    pub doubled: usize,
    pub missing: usize,
}

impl DemoReport {
    /// Every acknowledged commit arrived exactly once, and verify found no difference.
    pub fn is_exact(&self) -> bool {
        self.missing == 0 && self.doubled == 0 && self.acknowledged > 0
    }
}

pub async fn demo(
    options: &DemoOptions,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<DemoReport> {
    let servers = Servers::start(options)?;
    reporter.step("two servers started; filling the shop on the source");
    let shop_session = servers.endpoints.source_session("demo", "shop").await?;
    shop::create(&shop_session, options.customers)
        .await
        .doing("filling the shop")?;
    drop(shop_session);
    let traffic = Traffic::start(&servers.endpoints.source, options.clients).await?;
    reporter.step(format!(
        "{} clients buy from now on, without a pause",
        options.clients
    ));
    Box::pin(migrate(&servers.endpoints, traffic, reporter, cancellation)).await
}

/// Both servers stop and vanish when this is dropped.
struct Servers {
    endpoints: Endpoints,
    _source: Cluster,
    _target: Cluster,
}

impl Servers {
    fn start(options: &DemoOptions) -> Result<Self> {
        let binaries = match &options.binaries {
            Some(binaries) => binaries.clone(),
            None => newest_server(Path::new(DEBIAN_SERVERS))?,
        };
        let start = || {
            let mut options = ClusterOptions::new(&binaries).setting("shared_buffers", "256MB");
            options.own_process_group = true;
            Cluster::start(options).map_err(|error| {
                EngineError::stopped(
                    "a throwaway server did not start",
                    error.to_string(),
                    "see the server's log above",
                )
            })
        };
        let (source, target) = (start()?, start()?);
        Ok(Self {
            endpoints: Endpoints {
                source: settings(&source)?,
                target: settings(&target)?,
            },
            _source: source,
            _target: target,
        })
    }
}

fn settings(cluster: &Cluster) -> Result<ConnectionSettings> {
    ConnectionSettings::parse(&cluster.url("postgres"), &Environment::default())
        .map_err(|error| EngineError::refused(error.to_string(), "report this"))
}

fn newest_server(root: &Path) -> Result<PathBuf> {
    let versions = std::fs::read_dir(root).into_iter().flatten().flatten();
    versions
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse::<u32>().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, binaries)| binaries.join("initdb").exists())
        .max()
        .map(|(_, binaries)| binaries)
        .ok_or_else(|| {
            EngineError::refused(
                "no PostgreSQL server is installed",
                "install one (apt-get install postgresql), or name its directory with --binaries",
            )
        })
}

/// The migration itself, as an operator goes through it.
async fn migrate(
    endpoints: &Endpoints,
    traffic: Traffic,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<DemoReport> {
    let mut options = RunOptions {
        follow: transhume_engine::follow::FollowOptions::default(),
        selection: Selection::default(),
        load: LoadOptions::default(),
        programs: None,
        pgbouncer: None,
        until_caught_up: true,
        offline: false,
        depth: transhume_engine::assess::Depth::Trial,
    };
    let started = Instant::now();
    run::run(endpoints, &options, reporter, cancellation).await?;
    let run_seconds = started.elapsed().as_secs_f64();

    // The runner goes on, as it would in another terminal: back to the old source after the cutover.
    options.until_caught_up = false;
    let (canceller, follower_cancellation) = cancel::cancellation();
    let silent = Reporter::silent();
    let follower = run::run(endpoints, &options, &silent, &follower_cancellation);
    let operator = async {
        let outcome = Box::pin(there_and_finish(endpoints, &traffic, reporter, cancellation)).await;
        if outcome.is_err() {
            canceller.cancel();
        }
        outcome
    };
    let (run_end, outcome) = tokio::join!(follower, operator);
    let operated = outcome?;
    let (verification, figures) = (operated.verification, operated.figures);
    run_end?;
    let purchases = traffic.stop().await;
    let ledger = count_ledger(endpoints).await?;
    let times_found = |purchase: &(i32, i64)| ledger.get(purchase).copied().unwrap_or_default();
    let found = purchases
        .acknowledged
        .iter()
        .filter(|purchase| times_found(purchase) == 1)
        .count();
    Ok(DemoReport {
        tables: figures.load.tables,
        rows_loaded: figures.load.rows,
        bytes_loaded: figures.load.bytes,
        run_seconds,
        changes_applied: figures.changes,
        transactions_applied: figures.transactions,
        verify_seconds: verification.seconds,
        tables_equal: equal_tables(&verification),
        objects: verification.objects,
        cutover: operated.cutover,
        tables_equal_on_the_way_back: equal_tables(&operated.way_back),
        acknowledged: purchases.acknowledged.len(),
        found,
        doubled: ledger.values().filter(|count| **count > 1).count(),
        missing: purchases.acknowledged.len() - found,
        traffic: purchases.summary,
    })
}

/// What the operator saw.
struct Operated {
    verification: Verification,
    figures: Status,
    cutover: CutoverReport,
    way_back: Verification,
}

async fn there_and_finish(
    endpoints: &Endpoints,
    traffic: &Traffic,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Operated> {
    let comparing = VerifyOptions::default();
    let verify = || verify::verify(endpoints, &comparing, reporter, cancellation);
    let verification = Box::pin(verify()).await?;
    let figures = status::read(&endpoints.target, Some(&endpoints.source)).await?;
    let options = CutoverOptions::default();
    let alone = cutover::Ballot::alone();
    let cutover = Box::pin(cutover::cutover(
        endpoints,
        &options,
        alone,
        reporter,
        cancellation,
    ))
    .await?
    .expect("invariant: only a group finds one moved before");
    traffic.redirect(&endpoints.target);
    reporter.step("the clients buy on the target now");
    tokio::time::sleep(AFTERMATH).await;
    let way_back = Box::pin(verify()).await?;
    // Ends the runner too.
    Box::pin(finish::finish(endpoints, reporter)).await?;
    Ok(Operated {
        verification,
        figures,
        cutover,
        way_back,
    })
}

fn equal_tables(verification: &Verification) -> usize {
    verification.tables.iter().filter(|table| table.equal).count()
}

async fn count_ledger(endpoints: &Endpoints) -> Result<HashMap<(i32, i64), i64>> {
    let target = endpoints.target_session("demo", "shop").await?;
    shop::ledger(&target).await.doing("counting the ledger")
}
