//! Who writes to the random tables: one session, so that what it does depends on the seed alone.

use std::{
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use fastrand::Rng;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::random_tables::RandomTables;
use crate::connection::connect;

/// So much WAL is enough to be followed: on a slow machine the tool and the judge would never come to its end.
const BACKLOG: i64 = 8 << 20;
/// Transactions after which the backlog is looked at.
const LOOK_AFTER: u32 = 20;
/// Between two looks at a backlog that is too large.
const PAUSE: Duration = Duration::from_millis(200);
/// Between two statements: the judge reads all rows again and again, so that few rows with much change find more
/// than many.
const REST: Duration = Duration::from_millis(8);

/// One session that writes to the random tables.
pub(super) struct Writer {
    task: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    pub(super) prepares: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn start(url: &str, tables: RandomTables, seed: u64) -> Self {
        let (stop, prepares) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let orders = (Arc::clone(&stop), Arc::clone(&prepares));
        let url = url.to_owned();
        let task = tokio::spawn(async move {
            let mut random = Rng::with_seed(seed);
            while !orders.0.load(Ordering::Relaxed) {
                if let Ok(client) = connect(&url).await {
                    let mut done = 0_u32;
                    while !client.is_closed() && !orders.0.load(Ordering::Relaxed) {
                        done += 1;
                        if done.is_multiple_of(LOOK_AFTER) && backlog(&client).await > BACKLOG {
                            done -= 1;
                            tokio::time::sleep(PAUSE).await;
                            continue;
                        }
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

    pub(super) async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // It ends by itself; one that panicked wrote nothing more.
        let _ = self.task.await;
    }
}

/// WAL that the tool or the judge has not read yet.
async fn backlog(client: &Client) -> i64 {
    let query = "SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)), 0)::bigint \
                 FROM pg_replication_slots";
    let row = client.query_one(query, &[]).await;
    row.map_or(0, |row| row.get(0))
}

pub(super) async fn finish_prepared(url: &str) {
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
