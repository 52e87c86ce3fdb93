//! An application under full load: clients that never rest, and remember what was acknowledged to them.
//!
//! A client keeps its connection while it can, and connects again, to wherever the application is by then, when it
//! loses it. A transaction that was sent and not acknowledged is counted as failed, whatever the error.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use tokio::{runtime::Runtime, sync::watch, task::JoinHandle};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage, SimpleQueryRow};

use super::{
    experience::{Acknowledged, Experience, Failed},
    workload::Workload,
};

/// Between two tries to connect: an application's pool is about as impatient.
const RECONNECT: Duration = Duration::from_millis(10);

/// The column that names the server which answered.
const PORT: &str = "port";
/// The column of a row of the ledger.
const MARKED: &str = "number";

/// Where the application is; none once it is over.
type Address = Option<String>;

pub(super) struct Clients {
    runtime: Runtime,
    address: Arc<watch::Sender<Address>>,
    tasks: Vec<JoinHandle<Experience>>,
}

/// Tells the clients where the application has gone to.
#[derive(Clone)]
pub(super) struct Signpost(Arc<watch::Sender<Address>>);

impl Signpost {
    pub(super) fn point_to(&self, url: &str) {
        self.0.send_replace(Some(url.to_owned()));
    }
}

impl Clients {
    pub(super) fn start(url: &str, number: u32, workload: Workload, scale: u64) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("starting the clients")?;
        let (address, watched) = watch::channel(Some(url.to_owned()));
        let tasks = (0..number).map(|number| {
            let worker = Worker {
                number,
                workload,
                scale,
                random: fastrand::Rng::new(),
                step: 0,
                experience: Experience::default(),
            };
            runtime.spawn(worker.work(watched.clone()))
        });
        let tasks = tasks.collect();
        Ok(Self {
            runtime,
            address: Arc::new(address),
            tasks,
        })
    }

    pub(super) fn signpost(&self) -> Signpost {
        Signpost(Arc::clone(&self.address))
    }

    /// What each of them went through.
    pub(super) fn stop(self) -> Result<Vec<Experience>> {
        self.address.send_replace(None);
        let ended = self.tasks.into_iter().map(|task| self.runtime.block_on(task));
        ended.map(|ended| ended.context("a client ended")).collect()
    }
}

struct Worker {
    number: u32,
    workload: Workload,
    scale: u64,
    random: fastrand::Rng,
    step: u64,
    experience: Experience,
}

impl Worker {
    async fn work(mut self, mut address: watch::Receiver<Address>) -> Experience {
        loop {
            let Some(url) = address.borrow_and_update().clone() else {
                return self.experience;
            };
            match connect(&url).await {
                Ok(client) => {
                    while !address.has_changed().unwrap_or(true) {
                        if let Err(error) = self.transact(&client).await {
                            self.experience.failed.push(Failed {
                                at: Instant::now(),
                                reason: reason(&error),
                            });
                            break;
                        }
                    }
                }
                Err(_) => self.experience.refused.push(Instant::now()),
            }
            if !address.has_changed().unwrap_or(true) {
                tokio::time::sleep(RECONNECT).await;
            }
        }
    }

    async fn transact(&mut self, client: &Client) -> Result<(), tokio_postgres::Error> {
        self.step += 1;
        let text = self
            .workload
            .transaction(self.number, self.step, self.scale, &mut self.random);
        let messages = client.simple_query_raw(&text).await?;
        let mut messages = std::pin::pin!(messages);
        let (mut port, mut is_marked) = (0, false);
        while let Some(message) = messages.try_next().await? {
            if let SimpleQueryMessage::Row(row) = message {
                is_marked |= row.columns().iter().any(|column| column.name() == MARKED);
                // A number that was given out stays so, whatever becomes of the transaction.
                port = self.issued(&row).unwrap_or(port);
            }
        }
        self.experience.acknowledged.push(Acknowledged {
            at: Instant::now(),
            port,
            mark: is_marked.then_some((self.number, self.step)),
        });
        Ok(())
    }

    /// Remembers the numbers of a row; gives the port of the server.
    fn issued(&mut self, row: &SimpleQueryRow) -> Option<u16> {
        let mut port = None;
        for (place, column) in row.columns().iter().enumerate() {
            let value = row.get(place)?;
            if column.name() == PORT {
                port = value.parse().ok();
            } else {
                let value = value.parse().ok()?;
                self.experience.issued.push((column.name().to_owned(), value));
            }
        }
        port
    }
}

fn reason(error: &tokio_postgres::Error) -> String {
    error
        .code()
        .map_or_else(|| "connection lost".to_owned(), |code| code.code().to_owned())
}

async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // It ends with the client.
    tokio::spawn(connection);
    Ok(client)
}
