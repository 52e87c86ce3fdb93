//! A subscription that feeds the source from another database of its server, and who writes there, whatever else is going on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;

use super::{
    reading::{Outcome, told},
    site::Site,
};
use crate::{connection::connect, pair::Side};

/// Between two rows: they are there to be met, not to be many.
const REST: Duration = Duration::from_millis(50);

/// On both: the judge must know it from the beginning.
pub(super) const TABLE: &str =
    "CREATE SCHEMA IF NOT EXISTS torture; CREATE TABLE torture.fed (n bigint PRIMARY KEY)";
const PUBLISH: &str = "CREATE PUBLICATION feed FOR TABLE torture.fed; \
                       SELECT pg_catalog.pg_create_logical_replication_slot('feed', 'pgoutput')";
const INSERT: &str = "INSERT INTO torture.fed SELECT coalesce(max(n), 0) + 1 FROM torture.fed";
/// Also where the source is closed. Its slot stays where it is: nobody drops a subscription over a way that may be cut.
const UNSUBSCRIBE: &str = "BEGIN READ WRITE; ALTER SUBSCRIPTION feed DISABLE; ALTER SUBSCRIPTION feed SET (slot_name = NONE); DROP SUBSCRIPTION feed; COMMIT";
const WORKERS: &str = "SELECT pid::text FROM pg_catalog.pg_stat_activity WHERE backend_type = 'logical replication worker' \
                       AND datname = pg_catalog.current_database()";

/// Writes at the publisher until it is stopped.
pub(super) struct Feed {
    task: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Feed {
    /// The source has the table already.
    pub(super) async fn start(site: &Site) -> Outcome<Self> {
        let source = told(connect(site.url(Side::Source)).await)?;
        told(source.batch_execute("CREATE DATABASE publisher").await)?;
        let url = site.url(Side::Source).replacen("/torture", "/publisher", 1);
        let publisher = told(connect(&url).await)?;
        for statements in [TABLE, PUBLISH] {
            told(publisher.batch_execute(statements).await)?;
        }
        // Of its own server: the slot is there already, or both would wait for each other.
        let subscribe = format!(
            "CREATE SUBSCRIPTION feed CONNECTION '{url}' PUBLICATION feed WITH (create_slot = false, slot_name = 'feed', copy_data = false)"
        );
        told(source.batch_execute(&subscribe).await)?;
        let stop = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(write(url, Arc::clone(&stop)));
        Ok(Self { task, stop })
    }

    /// Nothing comes to the source any more once this is over.
    pub(super) async fn end(self, site: &Site) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        // It ends by itself; one that panicked wrote nothing more.
        let _ = self.task.await;
        // Where its answer was lost there is none any more.
        let _ = site.ask(Side::Source, UNSUBSCRIBE).await;
        while !site.ask_until_done(Side::Source, WORKERS).await?.is_empty() {
            let _ = site.ask(Side::Source, UNSUBSCRIBE).await;
            tokio::time::sleep(REST).await;
        }
        Ok(())
    }
}

async fn write(url: String, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        if let Ok(publisher) = connect(&url).await {
            while !stop.load(Ordering::Relaxed) && publisher.execute(INSERT, &[]).await.is_ok() {
                tokio::time::sleep(REST).await;
            }
        }
        tokio::time::sleep(REST).await;
    }
}
