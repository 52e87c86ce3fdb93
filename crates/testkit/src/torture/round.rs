//! One round: a database by chance, traffic, the tool, faults one after the other, and the reckoning.

use std::{
    path::Path,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use fastrand::Rng;
use tokio::task::JoinHandle;

use super::{
    Broken, Round, Survived,
    faults::{Fault, Side},
    invariants::Judge,
    random_tables::RandomTables,
    reading::{Outcome, told},
    site::{DEADLINE, Site},
};
use crate::{
    connection::connect,
    oracle::{self, Except},
    traffic::{Acknowledged, Traffic, TrafficOptions},
    workload,
};

/// Between two statements of the writer to the random tables: the judge reads all rows again and again, so that few
/// rows with much change find more than many.
const REST: Duration = Duration::from_millis(8);
/// Reading everything takes the servers some tens of milliseconds, in which they serve the tool less.
const BETWEEN_LOOKS: Duration = Duration::from_millis(120);
/// After the last fault, with nothing but traffic.
const CALM: Duration = Duration::from_secs(2);
/// A killed cutover is tried again so often.
const CUTOVERS: u32 = 4;

pub(super) async fn run(round: &Round, program: &Path) -> Result<Survived, Box<Broken>> {
    let started = Instant::now();
    let mut trace = Vec::new();
    let broken = |what: String, trace: &[String], last_words: String| {
        Box::new(Broken {
            seed: round.seed,
            what,
            trace: trace.to_vec(),
            last_words,
        })
    };
    let mut site = match Site::start(program).await {
        Ok(site) => site,
        Err(error) => return Err(broken(error, &trace, String::new())),
    };
    match through(round, &mut site, &mut trace).await {
        Ok((compared, promised)) => Ok(Survived {
            trace,
            compared,
            committed: promised.committed.len(),
            took: started.elapsed(),
        }),
        Err(error) => Err(broken(error, &trace, site.last_words())),
    }
}

async fn through(round: &Round, site: &mut Site, trace: &mut Vec<String>) -> Outcome<(u64, Acknowledged)> {
    let mut random = Rng::with_seed(round.seed);
    let tables = prepare(site, &mut random).await?;
    let mut judge = Judge::new(site).await?;
    let options = TrafficOptions {
        clients: 3,
        seed: round.seed,
        rest: Duration::from_millis(6),
        first_seq: 1000,
    };
    let traffic = Traffic::start(site.url(Side::Source), &options);
    let writer = Writer::start(site.url(Side::Source), tables, random.u64(..));
    for number in 0..round.faults {
        let (told, outcome) = one_fault(number, site, &mut judge, &writer, &mut random).await;
        trace.push(format!("{told}, {} commits", traffic.committed()));
        outcome?;
    }

    site.until(
        "it follows",
        "SELECT (phase = 'follow')::text FROM transhume.migration",
    )
    .await?;
    look_for(CALM, site, &mut judge).await?;
    writer.stop().await;
    if round.cutover {
        trace.push("cutover".to_owned());
        cutover(site, &traffic, &mut random, trace).await?;
        let promised = traffic.stop().await;
        oracle::ledger_check(site.url(Side::Target), &promised).await;
        return Ok((judge.compared, promised));
    }
    let promised = traffic.stop().await;
    let end = site
        .ask_until_done(Side::Source, "SELECT pg_catalog.pg_current_wal_lsn()::text")
        .await?;
    let arrived = format!("SELECT (lsn >= '{}')::text FROM transhume.frontier", end.concat());
    site.until("everything has arrived", &arrived).await?;
    judge.look(site).await?;
    if judge.compared == 0 {
        return Err("the target was never compared".to_owned());
    }
    let except = Except {
        tables: vec!["torture.unlogged".to_owned()],
        ..Except::default()
    };
    let different = oracle::row_differences(site.url(Side::Source), site.url(Side::Target), &except).await;
    if !different.is_empty() {
        return Err(format!(
            "at the end source and target differ:\n  {}",
            different.join("\n  ")
        ));
    }
    oracle::ledger_check(site.url(Side::Target), &promised).await;
    Ok((judge.compared, promised))
}

/// Schema and first rows. Tables without a key are FULL from the start, so that the oracle's slot names their rows.
async fn prepare(site: &Site, random: &mut Rng) -> Outcome<RandomTables> {
    let (source, target) = (site.url(Side::Source), site.url(Side::Target));
    workload::create_torture(source, target).await;
    let client = told(connect(source).await)?;
    let keyless = "ALTER TABLE torture.ledger_nokey REPLICA IDENTITY FULL; \
                   ALTER TABLE torture.zero_column REPLICA IDENTITY FULL";
    told(client.batch_execute(keyless).await)?;
    let tables = RandomTables::new(random);
    told(client.batch_execute(&tables.definitions()).await)?;
    Ok(tables)
}

/// What was done when, and how it went.
async fn one_fault(
    number: usize,
    site: &mut Site,
    judge: &mut Judge,
    writer: &Writer,
    random: &mut Rng,
) -> (String, Outcome) {
    let fault = Fault::random(random);
    // The first ones meet preparation and load.
    let wait = if number < 3 {
        random.u64(0..1_500)
    } else {
        random.u64(200..2_000)
    };
    let begun = look_for(Duration::from_millis(wait), site, judge).await;
    let phase = site
        .ask(Side::Target, "SELECT phase FROM transhume.migration")
        .await;
    let phase = phase
        .ok()
        .and_then(|rows| rows.first().cloned())
        .unwrap_or_default();
    // Before that a prepared transaction is refused, as it should be.
    writer.prepares.store(phase == "follow", Ordering::Relaxed);
    let told = format!("after {wait} ms, in {phase}: {fault}");
    let outcome = async {
        begun?;
        judge.look(site).await?;
        site.strike(fault).await?;
        site.keep_running()?;
        judge.look(site).await
    };
    (told, outcome.await)
}

/// Lets the tool go on for this time, judged all along.
async fn look_for(time: Duration, site: &mut Site, judge: &mut Judge) -> Outcome {
    let end = Instant::now() + time;
    loop {
        site.keep_running()?;
        judge.look(site).await?;
        if Instant::now() > end {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Tried again where the program was killed in it, as an operator would.
async fn cutover(site: &mut Site, traffic: &Traffic, random: &mut Rng, trace: &mut Vec<String>) -> Outcome {
    let verified = site.program.call(&["verify", "--json"]);
    if verified.code != Some(0) {
        return Err(format!(
            "verify exits with {:?}:\n{}",
            verified.code,
            verified.all()
        ));
    }
    for attempt in 1..=CUTOVERS {
        let mut call = site.program.begin(&["cutover", "--yes"], &[]);
        let patience = Duration::from_millis(random.u64(0..2_500));
        let kill = attempt < CUTOVERS && random.bool();
        let end = Instant::now() + if kill { patience } else { DEADLINE };
        let ended = loop {
            match call.ended() {
                Some(status) => break Some(status),
                None if Instant::now() > end => break None,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let opened = site
            .ask_until_done(Side::Target, "SELECT phase FROM transhume.migration")
            .await?;
        match ended {
            Some(status) if !status.success() => return Err(format!("the cutover ended with {status}")),
            None if !kill => return Err("the cutover does not end".to_owned()),
            None => trace.push(format!(
                "cutover killed after {patience:?} in {}",
                opened.concat()
            )),
            Some(_) => {
                traffic.redirect(site.url(Side::Target));
                traffic.wait_for(30).await;
                return site.tool_ends().await;
            }
        }
        call.kill();
        // The runner undoes what the dead one left, or goes on past the point of no return.
        let settled = "SELECT (phase IN ('follow', 'done'))::text FROM transhume.migration";
        site.until("the killed cutover is undone", settled).await?;
    }
    Err("no cutover was left to its end".to_owned())
}

/// One session that writes to the random tables.
struct Writer {
    task: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    prepares: Arc<AtomicBool>,
}

impl Writer {
    fn start(url: &str, tables: RandomTables, seed: u64) -> Self {
        let (stop, prepares) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let orders = (Arc::clone(&stop), Arc::clone(&prepares));
        let url = url.to_owned();
        let task = tokio::spawn(async move {
            let mut random = Rng::with_seed(seed);
            while !orders.0.load(Ordering::Relaxed) {
                if let Ok(client) = connect(&url).await {
                    while !client.is_closed() && !orders.0.load(Ordering::Relaxed) {
                        for statement in tables.transaction(&mut random, orders.1.load(Ordering::Relaxed)) {
                            // A unique violation or a server that is gone ends the transaction, which is chance too.
                            if client.batch_execute(&statement).await.is_err() {
                                let _ = client.batch_execute("ROLLBACK").await;
                                break;
                            }
                        }
                        tokio::time::sleep(REST).await;
                    }
                }
                tokio::time::sleep(REST).await;
            }
            // What a crash left prepared would hold up the cutover, rightly.
            finish_prepared(&url).await;
        });
        Self { task, stop, prepares }
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // It ends by itself; one that panicked wrote nothing more.
        let _ = self.task.await;
    }
}

async fn finish_prepared(url: &str) {
    let Ok(client) = connect(url).await else { return };
    let Ok(rows) = client
        .query("SELECT gid FROM pg_catalog.pg_prepared_xacts", &[])
        .await
    else {
        return;
    };
    for row in rows {
        let gid: String = row.get(0);
        // Nobody else commits them.
        let _ = client.batch_execute(&format!("COMMIT PREPARED '{gid}'")).await;
    }
}
