//! An application that keeps writing to the torture schema, and remembers what it was promised.
//!
//! Every transaction also writes one row `(client, seq)` into `torture.ledger_nokey`. It ends as *committed* (the
//! server acknowledged the COMMIT), *failed* (it certainly did not commit) or *unknown* (the connection broke
//! during COMMIT). The oracle holds the databases to exactly that.

mod client;
mod transactions;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A runaway wait is a failed test; loaded machines commit some transactions within this time.
const PROGRESS_DEADLINE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub struct TrafficOptions {
    pub clients: u16,
    /// Decides which transactions the clients try; `TRANSHUME_SEED` overrides it. How they interleave is up to the machine.
    pub seed: u64,
    /// Rest of a client after each transaction: two cores serve two tests' servers and the program besides.
    pub rest: Duration,
    /// The lowest sequence number, so that a second traffic on the same database does not repeat the first one's.
    pub first_seq: i64,
}

impl Default for TrafficOptions {
    fn default() -> Self {
        let given = std::env::var("TRANSHUME_SEED")
            .ok()
            .and_then(|text| text.parse().ok());
        Self {
            clients: 4,
            seed: given.unwrap_or_else(|| fastrand::u64(1..1_000_000)),
            rest: Duration::from_millis(10),
            first_seq: 1,
        }
    }
}

impl TrafficOptions {
    /// For tests that wait for minutes: what is written meanwhile has to be caught up with, and keeps others waiting.
    pub fn gentle() -> Self {
        Self {
            clients: 2,
            rest: Duration::from_millis(40),
            ..Self::default()
        }
    }
}

/// Identifies a transaction: client and sequence number.
pub type Mark = (i32, i64);

/// What became of the transactions.
#[derive(Debug, Clone, Default)]
pub struct Acknowledged {
    pub committed: Vec<Mark>,
    pub failed: Vec<Mark>,
    pub unknown: Vec<Mark>,
    /// Errors that neither a cutover nor concurrency explains; a test asserts that there are none.
    pub surprises: Vec<String>,
    /// The longest time that any client went without a commit between two commits.
    pub longest_pause: Duration,
    pub seed: u64,
}

impl Acknowledged {
    fn add(&mut self, other: Self) {
        self.committed.extend(other.committed);
        self.failed.extend(other.failed);
        self.unknown.extend(other.unknown);
        self.surprises.extend(other.surprises);
        self.longest_pause = self.longest_pause.max(other.longest_pause);
    }
}

/// What all clients are told.
#[derive(Debug, Clone)]
struct ClientOrders {
    url: String,
    stop: bool,
}

/// Running clients. Dropping it without [`Traffic::stop`] ends them and, in a failing test, prints the seed.
#[derive(Debug)]
pub struct Traffic {
    clients: Vec<JoinHandle<Acknowledged>>,
    orders: watch::Sender<ClientOrders>,
    committed: Arc<AtomicU64>,
    seed: u64,
}

impl Traffic {
    /// Starts clients against the database at `url`, which has the torture schema.
    pub fn start(url: &str, options: &TrafficOptions) -> Self {
        let first = ClientOrders {
            url: url.to_owned(),
            stop: false,
        };
        let (orders, _) = watch::channel(first);
        let committed = Arc::new(AtomicU64::new(0));
        let clients = (1..=options.clients).map(|number| {
            let client = client::TrafficClient::new(
                i32::from(number),
                options,
                orders.subscribe(),
                Arc::clone(&committed),
            );
            tokio::spawn(client.run())
        });
        Self {
            clients: clients.collect(),
            orders,
            committed,
            seed: options.seed,
        }
    }

    /// Sends the clients to another database; each goes after the transaction that it is in.
    pub fn redirect(&self, url: &str) {
        self.orders.send_modify(|orders| url.clone_into(&mut orders.url));
    }

    /// Number of commits acknowledged so far.
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Relaxed)
    }

    /// Waits until `transactions` more have been acknowledged.
    ///
    /// # Panics
    /// Where that takes longer than a minute.
    pub async fn wait_for(&self, transactions: u64) {
        let goal = self.committed() + transactions;
        let arrival = async {
            while self.committed() < goal {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let arrived = tokio::time::timeout(PROGRESS_DEADLINE, arrival).await;
        let committed = self.committed();
        assert!(
            arrived.is_ok(),
            "{committed} of {goal} transactions after {PROGRESS_DEADLINE:?}"
        );
    }

    /// Ends the clients after the transactions that they are in.
    ///
    /// # Panics
    /// Where a client panicked.
    pub async fn stop(mut self) -> Acknowledged {
        self.orders.send_modify(|orders| orders.stop = true);
        let mut all = Acknowledged {
            seed: self.seed,
            ..Acknowledged::default()
        };
        for client in std::mem::take(&mut self.clients) {
            all.add(client.await.expect("no client panics"));
        }
        all
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.orders.send_modify(|orders| orders.stop = true);
        if std::thread::panicking() {
            #[expect(
                clippy::print_stderr,
                reason = "the output of a failed test is where the seed is looked for"
            )]
            {
                eprintln!("the traffic ran with TRANSHUME_SEED={}", self.seed);
            }
        }
    }
}
