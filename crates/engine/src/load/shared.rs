//! What the workers of one process have in common: counters, and word of work for those that have none.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use transhume_core::load::capacity::BuildMemory;
use transhume_pg::load::copy::{CopyMeter, RateLimit};

use super::LoadContext;
use crate::{cancel::Cancellation, endpoints::Endpoints, report::Reporter};

/// What the workers of one process have in common.
pub(super) struct Shared {
    pub(super) endpoints: Endpoints,
    pub(super) migration: String,
    pub(super) memory: BuildMemory,
    /// Of rows under way.
    pub(super) value_encoding: String,
    pub(super) limit: Option<RateLimit>,
    pub(super) reporter: Reporter,
    pub(super) cancellation: Cancellation,
    snapshot_lost: AtomicBool,
    /// Partition trees whose statistics this process has not met yet: to ask for them costs every turn.
    unmet_trees: AtomicI64,
    /// There may be something to do for a worker that has nothing.
    work: Notify,
    /// Whose turn it is to look now and then what other processes have left to do.
    lookout: tokio::sync::Mutex<()>,
    /// Parts under way, one meter for each.
    meters: Mutex<BTreeMap<u32, Arc<CopyMeter>>>,
    /// Builds under way.
    building: Mutex<BTreeMap<u32, String>>,
}

impl Shared {
    pub(super) fn new(
        context: &LoadContext<'_>,
        memory: BuildMemory,
        value_encoding: String,
        trees: i64,
    ) -> Self {
        Self {
            endpoints: context.endpoints.clone(),
            migration: context.migration.id.clone(),
            memory,
            value_encoding,
            limit: context.options.rate_limit_bytes_per_second.map(RateLimit::new),
            reporter: context.reporter.clone(),
            cancellation: context.cancellation.clone(),
            snapshot_lost: AtomicBool::new(false),
            unmet_trees: AtomicI64::new(trees),
            work: Notify::new(),
            lookout: tokio::sync::Mutex::default(),
            meters: Mutex::default(),
            building: Mutex::default(),
        }
    }

    pub(super) fn lose_snapshot(&self) {
        self.snapshot_lost.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_snapshot_lost(&self) -> bool {
        self.snapshot_lost.load(Ordering::Relaxed)
    }

    pub(super) fn expects_trees(&self) -> bool {
        self.unmet_trees.load(Ordering::Relaxed) > 0
    }

    pub(super) fn meet_tree(&self) {
        self.unmet_trees.fetch_sub(1, Ordering::Relaxed);
    }

    /// Who finished a piece tells one that has nothing to do, who tells the next where it finds something, and so on: all at
    /// once would each ask the target for the same.
    pub(super) fn tell_an_idle_worker(&self) {
        self.work.notify_one();
    }

    /// Nothing more comes.
    pub(super) fn tell_all_idle_workers(&self) {
        self.work.notify_waiters();
        // For one that is just about to wait; it passes the word on.
        self.work.notify_one();
    }

    /// Ends when another worker of this process tells of work, or after `wait` on the lookout, which one worker at a time keeps.
    pub(super) async fn word_of_work(&self, wait: Duration) {
        let watching = async {
            let _lookout = self.lookout.lock().await;
            tokio::time::sleep(wait).await;
        };
        tokio::select! {
            () = self.work.notified() => {}
            () = watching => {}
        }
    }

    /// A meter for what this worker copies now; the one before is settled by its commit or given up.
    pub(super) fn start_meter(&self, worker: u32) -> Arc<CopyMeter> {
        let meter = Arc::new(CopyMeter::default());
        lock(&self.meters).insert(worker, Arc::clone(&meter));
        meter
    }

    pub(super) fn stop_meter(&self, worker: u32) {
        lock(&self.meters).remove(&worker);
    }

    /// Bytes of parts under way in this process.
    pub(super) fn bytes_under_way(&self) -> u64 {
        lock(&self.meters).values().map(|meter| meter.bytes()).sum()
    }

    pub(super) fn start_build(&self, worker: u32, name: &str) {
        lock(&self.building).insert(worker, name.to_owned());
    }

    pub(super) fn stop_build(&self, worker: u32) {
        lock(&self.building).remove(&worker);
    }

    pub(super) fn builds_under_way(&self) -> Vec<String> {
        lock(&self.building).values().cloned().collect()
    }
}

/// A panic of another worker leaves plain data behind, which is still right.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
