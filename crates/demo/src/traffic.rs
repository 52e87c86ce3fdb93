//! Clients that buy without a pause, and remember what was acknowledged.
//!
//! A client that is refused or disconnected connects again, wherever the shop is by then, and goes on
//! with the next purchase. A purchase whose answer never came is counted apart: it may or may not
//! have been committed, and nobody was promised anything.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::shop;
use serde::Serialize;
use tokio::{sync::watch, task::JoinHandle};
use transhume_pg::connection::{conninfo::ConnectionSettings, session::Session};

use transhume_engine::error::{Doing, Result};

/// A client's think time between purchases: busy, but not so that the machine does nothing else.
const THINK_TIME: Duration = Duration::from_millis(4);

/// Between two tries of a client to get back into the shop.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// What all clients together went through.
#[derive(Debug, Clone, Default, Serialize, schemars::JsonSchema)]
pub struct TrafficSummary {
    pub purchases: usize,
    /// Refused by a server: the application saw an error and tried again.
    pub refused: usize,
    /// The connection ended before the answer came.
    pub unanswered: usize,
    /// The longest time that a client went without an acknowledged purchase, in milliseconds.
    pub longest_gap_milliseconds: f64,
    pub purchases_per_second: f64,
}

pub(super) struct Purchases {
    pub(super) acknowledged: Vec<(i32, i64)>,
    pub(super) summary: TrafficSummary,
}

pub(super) struct Traffic {
    shop: watch::Sender<Option<Arc<ConnectionSettings>>>,
    clients: Vec<JoinHandle<Client>>,
    started: Instant,
}

struct Client {
    number: i32,
    next_purchase: i64,
    acknowledged: Vec<i64>,
    refused: usize,
    unanswered: usize,
    last_acknowledged: Instant,
    longest_gap: Duration,
}

impl Traffic {
    pub(super) async fn start(source: &ConnectionSettings, clients: u16) -> Result<Self> {
        // Fails here, in plain words, rather than in every client.
        Session::connect(source, "shop")
            .await
            .doing("connecting to the shop")?;
        let (shop, receiver) = watch::channel(Some(Arc::new(source.clone())));
        let clients = (0..clients)
            .map(|number| tokio::spawn(Client::new(i32::from(number)).buy_on(receiver.clone())))
            .collect();
        Ok(Self {
            shop,
            clients,
            started: Instant::now(),
        })
    }

    /// The application's configuration names the new server from now on.
    pub(super) fn redirect(&self, target: &ConnectionSettings) {
        self.shop.send_replace(Some(Arc::new(target.clone())));
    }

    pub(super) async fn stop(self) -> Purchases {
        self.shop.send_replace(None);
        let seconds = self.started.elapsed().as_secs_f64();
        let mut acknowledged = Vec::new();
        let mut summary = TrafficSummary::default();
        for client in self.clients {
            let client = client.await.expect("a client does not panic");
            acknowledged.extend(
                client
                    .acknowledged
                    .iter()
                    .map(|purchase| (client.number, *purchase)),
            );
            summary.refused += client.refused;
            summary.unanswered += client.unanswered;
            let gap = client.longest_gap.as_secs_f64() * 1_000.0;
            summary.longest_gap_milliseconds = summary.longest_gap_milliseconds.max(gap);
        }
        summary.purchases = acknowledged.len();
        summary.purchases_per_second = acknowledged.len() as f64 / seconds;
        Purchases {
            acknowledged,
            summary,
        }
    }
}

impl Client {
    fn new(number: i32) -> Self {
        Self {
            number,
            next_purchase: 0,
            acknowledged: Vec::new(),
            refused: 0,
            unanswered: 0,
            last_acknowledged: Instant::now(),
            longest_gap: Duration::ZERO,
        }
    }

    async fn buy_on(mut self, shop: watch::Receiver<Option<Arc<ConnectionSettings>>>) -> Self {
        loop {
            let Some(settings) = shop.borrow().clone() else {
                return self;
            };
            match Session::connect(&settings, "shop").await {
                Ok(session) => self.buy_while_open(&session, &settings, &shop).await,
                Err(_) => self.refused += 1,
            }
            tokio::time::sleep(RETRY_INTERVAL).await;
        }
    }

    /// Buys until this server refuses or the shop moves.
    async fn buy_while_open(
        &mut self,
        session: &Session,
        settings: &Arc<ConnectionSettings>,
        shop: &watch::Receiver<Option<Arc<ConnectionSettings>>>,
    ) {
        while shop
            .borrow()
            .as_ref()
            .is_some_and(|now| Arc::ptr_eq(now, settings))
        {
            self.next_purchase += 1;
            match shop::buy(session, self.number, self.next_purchase).await {
                Ok(()) => self.acknowledge(),
                Err(error) if error.server().is_some() => {
                    self.refused += 1;
                    return;
                }
                Err(_) => {
                    self.unanswered += 1;
                    return;
                }
            }
            tokio::time::sleep(THINK_TIME).await;
        }
    }

    fn acknowledge(&mut self) {
        let now = Instant::now();
        self.longest_gap = self.longest_gap.max(now - self.last_acknowledged);
        self.last_acknowledged = now;
        self.acknowledged.push(self.next_purchase);
    }
}
