//! Who writes to the random tables: one session, so that what it does depends on the seed alone.

use std::{
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use fastrand::Rng;
use tokio::task::JoinHandle;

use super::random_tables::RandomTables;
use crate::connection::connect;

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

    pub(super) async fn stop(self) {
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
