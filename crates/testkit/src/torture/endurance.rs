//! Following for a long time without a fault: commits at a steady rate, a large transaction each minute, a verification each
//! three, and figures of the program that must stay flat.
//!
//! Owns its tables, whose size stays the same, so that whatever grows is the program's. Refuses to judge speed: the rate that the
//! machine gave is told. Invariant: it ends with both sides compared row by row, and every acknowledged commit counted.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use super::{
    reading::{Outcome, told},
    round::{follows, reach_the_end},
    site::{Site, memory_kb},
};
use crate::{
    connection::connect,
    oracle::{self, Except},
    pair::Side,
    server::EVERYDAY_MAJOR,
};

const CLIENTS: u32 = 4;
const LARGE_EVERY: Duration = Duration::from_secs(60);
const VERIFY_EVERY: Duration = Duration::from_secs(180);
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// A verification of some hundred thousand rows beside the traffic.
const VERIFY_WITHIN: Duration = Duration::from_secs(170);

/// Rows of `ledger` are only added, a few megabytes in ten minutes; the others keep their number.
const TABLES: &str = "CREATE SCHEMA endurance; \
    CREATE TABLE endurance.accounts (id int PRIMARY KEY, balance bigint NOT NULL, note text); \
    INSERT INTO endurance.accounts SELECT g, 0, repeat('x', 100) FROM generate_series(1, 10000) g; \
    CREATE TABLE endurance.ledger (client int, seq bigint, PRIMARY KEY (client, seq)); \
    CREATE TABLE endurance.bulk (id int PRIMARY KEY, body text)";
const LARGE: &str = "BEGIN; DELETE FROM endurance.bulk; \
    INSERT INTO endurance.bulk SELECT g, md5(random()::text) || repeat('y', 100) FROM generate_series(1, 100000) g; COMMIT";
const STATE_SIZES: &str = "SELECT c.relname || ' ' || pg_catalog.pg_total_relation_size(c.oid) \
    FROM pg_catalog.pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'transhume'::regnamespace \
    ORDER BY pg_catalog.pg_total_relation_size(c.oid) DESC, c.relname";

/// Tables of the state that are named where something grows.
const LARGEST: usize = 4;
/// What may come on top of the first third's figures in the last third.
const MORE_MEMORY_KB: u64 = 32 << 10;
const MORE_FILES: u64 = 8;
const MORE_STATE_BYTES: u64 = 8 << 20;

/// The orders.
#[derive(Debug, Clone, Copy)]
pub struct Endurance {
    pub time: Duration,
    pub commits_per_second: u32,
}

/// The program and its state at one moment.
#[derive(Debug, Clone)]
pub struct Sample {
    pub after: Duration,
    pub committed: i64,
    pub memory_kb: u64,
    pub files: u64,
    /// Bytes of each table of the state with its indexes, the largest first.
    pub state: Vec<(String, u64)>,
    pub lag_bytes: u64,
}

impl Sample {
    pub fn state_bytes(&self) -> u64 {
        self.state.iter().map(|(_, bytes)| bytes).sum()
    }
}

/// What it came to.
#[derive(Debug)]
pub struct Endured {
    pub samples: Vec<Sample>,
    pub committed: i64,
    pub large: u64,
    pub verified: u64,
}

impl Endurance {
    /// Tells each sample as it is taken.
    ///
    /// # Errors
    /// Where something grows, a verification finds a difference, or both sides are not equal at the end.
    pub async fn run(&self, program: &Path, tell: impl Fn(&Sample)) -> Result<Endured, String> {
        let mut site = Site::start(program, EVERYDAY_MAJOR, false).await?;
        let source = told(connect(site.url(Side::Source)).await)?;
        told(source.batch_execute(TABLES).await)?;
        site.keep_running()?;
        follows(&mut site).await?;
        let outcome = self.endure(&mut site, tell).await;
        outcome.map_err(|error| format!("{error}\n{}", site.last_words()))
    }

    async fn endure(&self, site: &mut Site, tell: impl Fn(&Sample)) -> Outcome<Endured> {
        let writers = Writers::start(site.url(Side::Source), self.commits_per_second).await?;
        let begun = Instant::now();
        let mut endured = Endured {
            samples: Vec::new(),
            committed: 0,
            large: 0,
            verified: 0,
        };
        while begun.elapsed() < self.time {
            tokio::time::sleep(SAMPLE_EVERY).await;
            site.keep_running()?;
            let sample = sample(site, begun.elapsed(), writers.committed()).await?;
            tell(&sample);
            endured.samples.push(sample);
            if is_due(begun, LARGE_EVERY, endured.large) {
                endured.large += 1;
                site.ask(Side::Source, LARGE).await?;
            }
            if is_due(begun, VERIFY_EVERY, endured.verified) {
                endured.verified += 1;
                verify(site).await?;
            }
        }
        endured.committed = writers.stop().await?;
        reach_the_end(site, Side::Source).await?;
        equal(site, endured.committed).await?;
        flat(&endured.samples)?;
        Ok(endured)
    }
}

/// The first one comes after one interval.
fn is_due(begun: Instant, every: Duration, done: u64) -> bool {
    begun.elapsed().as_secs() / every.as_secs() > done
}

async fn verify(site: &Site) -> Outcome {
    let words = ["verify", "--mode", "recheck", "--json"];
    match site.program.call_within(VERIFY_WITHIN, &words).await {
        Some(ended) if ended.code == Some(0) => Ok(()),
        Some(ended) => Err(format!("verify ended with {:?}:\n{}", ended.code, ended.all())),
        None => Err(format!("verify was not through within {VERIFY_WITHIN:?}")),
    }
}

async fn sample(site: &Site, after: Duration, committed: i64) -> Outcome<Sample> {
    let process = site.process().ok_or("the tool does not run")?;
    let files = std::fs::read_dir(format!("/proc/{process}/fd"));
    let end = number(
        site,
        Side::Source,
        "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')::text",
    );
    let applied = "SELECT pg_catalog.pg_wal_lsn_diff(lsn, '0/0')::text FROM transhume.frontier";
    let (end, applied) = (end.await?, number(site, Side::Target, applied).await?);
    Ok(Sample {
        after,
        committed,
        memory_kb: memory_kb(process).unwrap_or_default(),
        files: files.map_or(0, |files| files.count() as u64),
        state: state_sizes(site).await?,
        lag_bytes: end.saturating_sub(applied),
    })
}

async fn state_sizes(site: &Site) -> Outcome<Vec<(String, u64)>> {
    let rows = site.ask(Side::Target, STATE_SIZES).await?;
    let parsed = |row: &String| {
        let (table, bytes) = row.split_once(' ')?;
        Some((table.to_owned(), bytes.parse().ok()?))
    };
    rows.iter()
        .map(|row| parsed(row).ok_or_else(|| format!("\"{row}\" is no size")))
        .collect()
}

async fn number(site: &Site, on: Side, query: &str) -> Outcome<u64> {
    let text = site.ask(on, query).await?.concat();
    text.parse().map_err(|_| format!("\"{text}\" is no number"))
}

/// Both sides hold the same rows, and each commit that was acknowledged.
async fn equal(site: &Site, committed: i64) -> Outcome {
    let (source, target) = (site.url(Side::Source), site.url(Side::Target));
    let different = oracle::row_differences(source, target, &Except::default()).await;
    if !different.is_empty() {
        return Err(format!(
            "at the end both sides differ:\n  {}",
            different.join("\n  ")
        ));
    }
    let held = number(site, Side::Target, "SELECT count(*)::text FROM endurance.ledger").await?;
    if held == committed.unsigned_abs() {
        return Ok(());
    }
    Err(format!(
        "{committed} commits were acknowledged, the target holds {held}"
    ))
}

type Figure = fn(&Sample) -> u64;

/// The last third holds no more than the first; without three samples there is nothing to compare.
fn flat(samples: &[Sample]) -> Outcome {
    let third = samples.len() / 3;
    if third == 0 {
        return Ok(());
    }
    let (first, last) = (&samples[..third], &samples[samples.len() - third..]);
    let figures: [(&str, Figure, u64); 3] = [
        ("kB of memory", |sample| sample.memory_kb, MORE_MEMORY_KB),
        ("open files", |sample| sample.files, MORE_FILES),
        ("bytes of state", Sample::state_bytes, MORE_STATE_BYTES),
    ];
    for (what, figure, more) in figures {
        let most = |part: &[Sample]| part.iter().map(figure).max().unwrap_or_default();
        let (before, after) = (most(first), most(last));
        if after > before + more {
            return Err(format!(
                "{what} grew from {before} to {after} ({})",
                largest(last)
            ));
        }
    }
    Ok(())
}

/// Where the state is, for whoever looks for what grows.
fn largest(samples: &[Sample]) -> String {
    let tables = samples.last().map(|sample| sample.state.iter().take(LARGEST));
    let named = tables.into_iter().flatten();
    let named = named.map(|(table, bytes)| format!("transhume.{table} holds {bytes} bytes"));
    let named: Vec<String> = named.collect();
    named.join(", ")
}

/// Sessions that commit at a rate together; a commit is an insert and an update.
struct Writers {
    committed: Arc<AtomicI64>,
    stops: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Outcome>>,
}

impl Writers {
    async fn start(url: &str, commits_per_second: u32) -> Outcome<Self> {
        let committed = Arc::new(AtomicI64::new(0));
        let stops = Arc::new(AtomicBool::new(false));
        let every = Duration::from_secs(1) * CLIENTS / commits_per_second.max(1);
        let mut tasks = Vec::new();
        for client in 0..CLIENTS {
            let session = told(connect(url).await)?;
            let (committed, stops) = (Arc::clone(&committed), Arc::clone(&stops));
            tasks.push(tokio::spawn(async move {
                write(&session, client, every, &committed, &stops).await
            }));
        }
        Ok(Self {
            committed,
            stops,
            tasks,
        })
    }

    fn committed(&self) -> i64 {
        self.committed.load(Relaxed)
    }

    /// How many commits were acknowledged; without faults each one is.
    async fn stop(self) -> Outcome<i64> {
        self.stops.store(true, Relaxed);
        for task in self.tasks {
            task.await.map_err(|error| error.to_string())??;
        }
        Ok(self.committed.load(Relaxed))
    }
}

async fn write(
    session: &tokio_postgres::Client,
    client: u32,
    every: Duration,
    committed: &AtomicI64,
    stops: &AtomicBool,
) -> Outcome {
    let statement = "WITH marked AS (INSERT INTO endurance.ledger VALUES ($1, $2)) \
                     UPDATE endurance.accounts SET balance = balance + 1 WHERE id = $3";
    let statement = told(session.prepare(statement).await)?;
    let client = i32::try_from(client).unwrap_or_default();
    let mut due = interval(every);
    // What the machine did not manage in time comes behind it, as far as it can.
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for seq in 1_i64.. {
        if stops.load(Relaxed) {
            break;
        }
        due.tick().await;
        let account = fastrand::i32(1..=10_000);
        told(session.execute(&statement, &[&client, &seq, &account]).await)?;
        committed.fetch_add(1, Relaxed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_is_named() {
        let sample = |number: u64| Sample {
            after: Duration::from_secs(number),
            committed: 0,
            memory_kb: 50_000,
            files: 20 + number,
            state: vec![("frontier".to_owned(), 1 << 20)],
            lag_bytes: 0,
        };
        let growing: Vec<Sample> = (0..30).map(sample).collect();
        assert!(
            flat(&growing)
                .unwrap_err()
                .contains("open files grew from 29 to 49")
        );
        assert!(flat(&growing[..9]).is_ok());
    }
}
