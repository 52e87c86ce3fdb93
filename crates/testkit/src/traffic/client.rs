//! One client: connects, runs transactions, classifies how each ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;
use tokio_postgres::{Client, Error};

use super::{Acknowledged, ClientOrders, TrafficOptions, transactions};
use crate::connection::{connect, describe};

/// A connection that says nothing for so long is given up: far longer than any pause that a test allows.
const ANSWER_DEADLINE: Duration = Duration::from_secs(45);
/// Time until a refused connection is tried again.
const RECONNECT: Duration = Duration::from_millis(5);
/// More of them say nothing new.
const SURPRISES_KEPT: usize = 10;

/// Classes and codes of SQLSTATE that a test must expect while servers restart, deadlock or are fenced.
/// (PostgreSQL manual, "Error Codes".)
const EXPECTED_ERRORS: [&str; 7] = [
    "08",    // connection
    "25006", // read-only transaction
    "40",    // deadlock, serialization
    "53",    // too many connections
    "55P03", // lock not available
    "57",    // shutdown, cancelled, database not accepting connections
    "25P03", // idle in transaction too long
];

pub(super) struct TrafficClient {
    number: i32,
    seq: i64,
    rest: Duration,
    random: fastrand::Rng,
    orders: watch::Receiver<ClientOrders>,
    total: Arc<AtomicU64>,
    outcome: Acknowledged,
    last_commit: Option<Instant>,
}

/// How a statement ended.
enum Answer {
    Done,
    /// Refused by the server, which goes on serving this connection.
    Refused(Error),
    /// No answer, or one with which the connection ended.
    Lost,
}

impl TrafficClient {
    pub(super) fn new(
        number: i32,
        options: &TrafficOptions,
        orders: watch::Receiver<ClientOrders>,
        total: Arc<AtomicU64>,
    ) -> Self {
        let own_seed = options
            .seed
            .wrapping_mul(1_000_003)
            .wrapping_add(u64::from(number.unsigned_abs()));
        Self {
            number,
            seq: options.first_seq,
            rest: options.rest,
            random: fastrand::Rng::with_seed(own_seed),
            orders,
            total,
            outcome: Acknowledged::default(),
            last_commit: None,
        }
    }

    pub(super) async fn run(mut self) -> Acknowledged {
        while let Some(client) = self.connection().await {
            while !client.is_closed() && !self.orders.has_changed().unwrap_or(true) {
                self.transaction(&client).await;
                tokio::time::sleep(self.rest).await;
            }
        }
        self.outcome
    }

    /// A connection to where the orders point; none once they say to stop.
    async fn connection(&mut self) -> Option<Client> {
        loop {
            let ClientOrders { url, stop } = self.orders.borrow_and_update().clone();
            if stop || self.orders.has_changed().is_err() {
                return None;
            }
            if let Ok(Ok(client)) = timeout(ANSWER_DEADLINE, connect(&url)).await {
                return Some(client);
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    async fn transaction(&mut self, client: &Client) {
        let mark = (self.number, self.seq);
        self.seq += 1;
        let statements = transactions::random(&mut self.random);
        let begin = format!(
            "BEGIN; {statements}; INSERT INTO torture.ledger_nokey (client, seq) VALUES ({}, {})",
            mark.0, mark.1
        );
        match ask(client, &begin).await {
            Answer::Done => {}
            Answer::Refused(error) => {
                self.note(&error, &statements);
                self.outcome.failed.push(mark);
                // If even this fails the connection is closed, which the caller sees.
                let _ = ask(client, "ROLLBACK").await;
                return;
            }
            Answer::Lost => return self.outcome.failed.push(mark),
        }
        match ask(client, "COMMIT").await {
            Answer::Done => {
                self.outcome.committed.push(mark);
                self.total.fetch_add(1, Ordering::Relaxed);
                let now = Instant::now();
                if let Some(last) = self.last_commit.replace(now) {
                    self.outcome.longest_pause = self.outcome.longest_pause.max(now - last);
                }
            }
            Answer::Refused(error) => {
                self.note(&error, &statements);
                self.outcome.failed.push(mark);
            }
            Answer::Lost => self.outcome.unknown.push(mark),
        }
    }

    fn note(&mut self, error: &Error, statements: &str) {
        let code = error.code().map_or("", |code| code.code());
        let expected = EXPECTED_ERRORS.iter().any(|start| code.starts_with(start));
        if !expected && self.outcome.surprises.len() < SURPRISES_KEPT {
            self.outcome
                .surprises
                .push(format!("{} in: {statements}", describe(error)));
        }
    }
}

async fn ask(client: &Client, sql: &str) -> Answer {
    match timeout(ANSWER_DEADLINE, client.batch_execute(sql)).await {
        Ok(Ok(())) => Answer::Done,
        // A server that shuts down answers with an error of class 57 and closes the connection: what it was
        // asked before may have happened. Cancelling a statement (57014) leaves the connection as it was.
        Ok(Err(error)) => match error.as_db_error() {
            Some(server) if server.severity() == "ERROR" && !client.is_closed() => Answer::Refused(error),
            _ => Answer::Lost,
        },
        Err(_) => Answer::Lost,
    }
}
