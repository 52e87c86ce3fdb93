//! An application under full load: clients that never rest, and remember what was acknowledged to them.
//!
//! A client keeps its connection while it can, and connects again, to wherever the application is by then, when it
//! loses it. Whatever ended with an error is counted as failed, whatever the error.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::{runtime::Runtime, sync::watch, task::JoinHandle};
use tokio_postgres::{Client, NoTls};

/// Between two tries to connect: an application's pool is about as impatient.
const RECONNECT: Duration = Duration::from_millis(2);

const TRANSACTION: &str = include_str!("../sql/cutover/transaction.sql");

/// What all clients together went through.
#[derive(Debug, Default)]
pub(super) struct Experience {
    /// Client and step of every acknowledged transaction.
    pub(super) acknowledged: HashSet<(u32, u64)>,
    pub(super) failed: u64,
    /// The longest time that any client went without an acknowledged transaction.
    pub(super) longest_wait: Duration,
    /// Between the last acknowledgement of the first address and the first one of the second.
    pub(super) between: Duration,
}

/// Where the application is, or none once it is over.
type Address = Option<(usize, String)>;

pub(super) struct Clients {
    runtime: Runtime,
    address: watch::Sender<Address>,
    tasks: Vec<JoinHandle<Memory>>,
}

#[derive(Debug)]
struct Memory {
    client: u32,
    steps: Vec<u64>,
    failed: u64,
    longest_wait: Duration,
    last: Instant,
    /// First and last acknowledgement at each address.
    at: [Option<(Instant, Instant)>; 2],
}

impl Clients {
    pub(super) fn start(url: &str, number: u32, scale: u64) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("starting the clients")?;
        let (address, watched) = watch::channel(Some((0, url.to_owned())));
        let tasks = (0..number)
            .map(|client| runtime.spawn(work(Memory::new(client), scale, watched.clone())))
            .collect();
        Ok(Self {
            runtime,
            address,
            tasks,
        })
    }

    /// The application's configuration names another server from now on.
    pub(super) fn redirect(&self, url: &str) {
        self.address.send_replace(Some((1, url.to_owned())));
    }

    pub(super) fn stop(self) -> Result<Experience> {
        self.address.send_replace(None);
        let mut all = Experience::default();
        let (mut last_before, mut first_after) = (None, None);
        for task in self.tasks {
            let memory = self.runtime.block_on(task).context("a client ended")?;
            let marks = memory.steps.iter().map(|step| (memory.client, *step));
            all.acknowledged.extend(marks);
            all.failed += memory.failed;
            all.longest_wait = all.longest_wait.max(memory.longest_wait);
            last_before = last_before.max(memory.at[0].map(|(_, last)| last));
            first_after = match (first_after, memory.at[1]) {
                (Some(first), Some((own, _))) if first < own => Some(first),
                (first, own) => own.map(|(own, _)| own).or(first),
            };
        }
        if let (Some(before), Some(after)) = (last_before, first_after) {
            all.between = after.saturating_duration_since(before);
        }
        Ok(all)
    }
}

impl Memory {
    fn new(client: u32) -> Self {
        Self {
            client,
            steps: Vec::new(),
            failed: 0,
            longest_wait: Duration::ZERO,
            last: Instant::now(),
            at: [None; 2],
        }
    }

    fn acknowledged(&mut self, step: u64, address: usize) {
        let now = Instant::now();
        self.steps.push(step);
        self.longest_wait = self.longest_wait.max(now - self.last);
        self.last = now;
        let first = self.at[address].map_or(now, |(first, _)| first);
        self.at[address] = Some((first, now));
    }
}

async fn work(mut memory: Memory, scale: u64, mut address: watch::Receiver<Address>) -> Memory {
    let mut random = fastrand::Rng::with_seed(u64::from(memory.client));
    let mut step = 0;
    loop {
        let Some((number, url)) = address.borrow_and_update().clone() else {
            return memory;
        };
        match connect(&url).await {
            Ok(client) => {
                while !address.has_changed().unwrap_or(true) {
                    step += 1;
                    let text = transaction(memory.client, step, scale, &mut random);
                    if client.batch_execute(&text).await.is_ok() {
                        memory.acknowledged(step, number);
                    } else {
                        memory.failed += 1;
                        break;
                    }
                }
            }
            Err(_) => memory.failed += 1,
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // It ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

fn transaction(client: u32, step: u64, scale: u64, random: &mut fastrand::Rng) -> String {
    TRANSACTION
        .replace("$CLIENT", &client.to_string())
        .replace("$STEP", &step.to_string())
        .replace("$AID", &random.u64(1..=scale * 100_000).to_string())
        .replace("$TID", &random.u64(1..=scale * 10).to_string())
        .replace("$BID", &random.u64(1..=scale).to_string())
        .replace("$DELTA", &random.i64(-5_000..=5_000).to_string())
}
