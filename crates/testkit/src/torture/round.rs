//! One round: a database by chance, traffic, the tool, faults one after the other, and the reckoning.

use std::{
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use fastrand::Rng;

use super::{
    Broken, Round, Survived,
    faults::Fault,
    invariants::Judge,
    moving,
    random_tables::RandomTables,
    reading::{Outcome, told},
    site::{DEADLINE, Site},
    writer::Writer,
};
use crate::{
    connection::connect,
    oracle::{self, Except},
    pair::Side,
    traffic::{Acknowledged, Traffic, TrafficOptions},
    workload,
};

/// Reading everything takes the servers some tens of milliseconds, in which they serve the tool less.
const BETWEEN_LOOKS: Duration = Duration::from_millis(120);
/// How values print by default: whoever does not pin it carries other values over.
const OF_THE_SOURCE: &[&str] = &[
    "datestyle = 'SQL, DMY'",
    "intervalstyle = 'sql_standard'",
    "timezone = 'Asia/Kolkata'",
    "extra_float_digits = -3",
    "bytea_output = 'escape'",
];
const OF_THE_TARGET: &[&str] = &[
    "datestyle = 'ISO, MDY'",
    "timezone = 'America/St_Johns'",
    "extra_float_digits = 0",
];
/// Comparisons of the whole target before faults meet it while it follows, and after the last.
const LOOKS: u64 = 3;
/// After the last fault, with nothing but traffic.
const CALM: Duration = Duration::from_secs(2);

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
    let mut site = match Site::start(program, round.major(), round.sends_in_progress()).await {
        Ok(site) => site,
        Err(error) => return Err(broken(error, &trace, String::new())),
    };
    match through(round, &mut site, &mut trace).await {
        Ok(end) => Ok(Survived {
            trace,
            compared: end.compared,
            committed: end.promised.committed.len(),
            in_progress: end.in_progress,
            took: started.elapsed(),
        }),
        Err(error) => Err(broken(error, &trace, site.last_words())),
    }
}

/// What a round came to that broke no rule.
struct End {
    compared: u64,
    in_progress: u64,
    promised: Acknowledged,
}

async fn through(round: &Round, site: &mut Site, trace: &mut Vec<String>) -> Outcome<End> {
    let mut random = Rng::with_seed(round.seed);
    let tables = prepare(site, &mut random).await?;
    let mut judge = Judge::new(site).await?;
    let options = TrafficOptions {
        clients: 3,
        seed: round.seed,
        rest: Duration::from_millis(20),
        first_seq: 1000,
    };
    let traffic = Traffic::start(site.url(Side::Source), &options);
    let writer = Writer::start(site.url(Side::Source), tables, random.u64(..));
    for number in 0..round.faults {
        if number == round.faults / 2 {
            // However slow the machine is, as many meet it here as before.
            follows(site).await?;
            compared(LOOKS, site, &mut judge, trace).await?;
            if site.slots_survive() {
                trace.push("fail-over of the source".to_owned());
                site.fail_over_source(&mut judge).await?;
            }
        }
        let (told, outcome) = one_fault(number, site, &mut judge, &writer, &mut random).await;
        trace.push(format!("{told}, {} commits", traffic.committed()));
        outcome?;
    }

    follows(site).await?;
    look_for(CALM, site, &mut judge).await?;
    let in_progress = sent_in_progress(site).await?;
    writer.stop().await;
    compared(judge.compared + LOOKS, site, &mut judge, trace).await?;
    if round.cutover {
        // The gate asks for a small lag, rightly.
        reach_the_end(site, Side::Source).await?;
        trace.push("cutover".to_owned());
        moving::cutover(site, &mut random, trace).await?;
        let promised = moving::settle(round, site, traffic, trace).await?;
        return Ok(End {
            compared: judge.compared,
            in_progress,
            promised,
        });
    }
    let promised = traffic.stop().await;
    reach_the_end(site, Side::Source).await?;
    judge.look(site).await?;
    equal(site, &promised).await?;
    if round.loses_the_source() {
        trace.push("fail-over of the source without its slot".to_owned());
        lose_the_source(site).await?;
        equal(site, &promised).await?;
    }
    Ok(End {
        compared: judge.compared,
        in_progress,
        promised,
    })
}

/// A server without the slot has taken over: refused, and what is advised then works.
async fn lose_the_source(site: &mut Site) -> Outcome {
    site.fail_over_source_without_slot().await?;
    site.tool_refuses("transhume abort, then transhume run").await?;
    moving::succeed(site, "abort", "--yes").await?;
    follows(site).await?;
    reach_the_end(site, Side::Source).await
}

/// For whoever wants to know whether a round had any; a crash of the source forgets the number.
async fn sent_in_progress(site: &Site) -> Outcome<u64> {
    let count = "SELECT coalesce(max(stream_txns), 0)::text FROM pg_catalog.pg_stat_replication_slots";
    let count = site.ask_until_done(Side::Source, count).await?.concat();
    count.parse().map_err(|_| format!("\"{count}\" transactions"))
}

pub(super) async fn follows(site: &mut Site) -> Outcome {
    let follows = "SELECT (m.phase = 'follow' AND f.lsn >= m.load_end_lsn)::text \
                   FROM transhume.migration AS m CROSS JOIN transhume.frontier AS f";
    site.until("it follows", follows).await
}

/// Until the whole target was compared so often. On a slow machine a look may come to nothing many times.
async fn compared(times: u64, site: &mut Site, judge: &mut Judge, trace: &mut Vec<String>) -> Outcome {
    let end = Instant::now() + DEADLINE;
    while judge.compared < times {
        if Instant::now() > end {
            trace.push(format!(
                "compared {} times only: {}",
                judge.compared, judge.why_not
            ));
            return Ok(());
        }
        look_for(BETWEEN_LOOKS, site, judge).await?;
    }
    Ok(())
}

/// Waits until the other side shows all that this one has committed; nobody writes any more.
pub(super) async fn reach_the_end(site: &mut Site, written: Side) -> Outcome {
    let end = site
        .ask_until_done(written, "SELECT pg_catalog.pg_current_wal_lsn()::text")
        .await?;
    let arrived = format!("SELECT (lsn >= '{}')::text FROM transhume.frontier", end.concat());
    site.until_at(written.other(), "everything has arrived", &arrived)
        .await
}

/// Both sides at rest hold the same rows, and what the clients were promised.
pub(super) async fn equal(site: &Site, promised: &Acknowledged) -> Outcome {
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
    oracle::ledger_check(site.url(Side::Source), promised).await;
    oracle::ledger_check(site.url(Side::Target), promised).await;
    Ok(())
}

/// Schema and first rows. Tables without a key are FULL from the start, so that the oracle's slot names their rows.
async fn prepare(site: &Site, random: &mut Rng) -> Outcome<RandomTables> {
    let (source, target) = (site.url(Side::Source), site.url(Side::Target));
    workload::create_torture(source, target).await;
    let client = told(connect(source).await)?;
    let keyless = "ALTER TABLE torture.ledger_nokey REPLICA IDENTITY FULL; \
                   ALTER TABLE torture.zero_column REPLICA IDENTITY FULL";
    told(client.batch_execute(keyless).await)?;
    for (side, settings) in [(Side::Source, OF_THE_SOURCE), (Side::Target, OF_THE_TARGET)] {
        for setting in settings {
            site.ask(side, &format!("ALTER DATABASE torture SET {setting}"))
                .await?;
        }
    }
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
    let fault = Fault::random(random, site.slots_survive());
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
        site.strike(fault, judge).await?;
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
