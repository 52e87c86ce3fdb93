//! The hands of one process: loaders and builders at work side by side until nothing is left.
//!
//! Hands share nothing but counters; all coordination is in the target's rows. The first lasting
//! error ends them all: what they held is given up and stays open.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, task::JoinSet};
use transhume_core::load::capacity::{self, BuildMemory, Hands};
use transhume_pg::{
    catalog::value_encoding::value_encoding,
    connection::{names, session::Session},
    load::copy::{CopyMeter, RateLimit},
    state::load::{OpenWork, open_work},
};

use super::{
    LoadContext,
    hand::{Hand, HandEnd},
    loader, progress,
};
use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    report::Reporter,
};

/// Why the hands stopped without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CrewEnd {
    NothingLeft,
    /// Parts are open whose snapshot nobody can import any more.
    SnapshotLost,
}

/// Which process the hands belong to, for the names of their sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Runner,
    Worker,
}

pub(super) struct Crew {
    hands: Hands,
    shared: Arc<Shared>,
}

/// What the hands of one process have in common.
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
    /// There may be something to do for a hand that has nothing.
    work: Notify,
    /// Whose turn it is to look now and then what other processes have left to do.
    lookout: tokio::sync::Mutex<()>,
    /// Parts under way, one meter for each.
    meters: Mutex<BTreeMap<u32, Arc<CopyMeter>>>,
    /// Builds under way.
    building: Mutex<BTreeMap<u32, String>>,
}

impl Crew {
    pub(super) async fn new(context: &LoadContext<'_>, target: &Session) -> Result<Self> {
        let source = context.source_session("load").await?;
        let (hands, memory) = context.hands(&source, target).await?;
        let open = open_work(&**target, loader::SMALL_PART_BYTES)
            .await
            .doing("counting what is to be loaded")?;
        let hands = needed_hands(&open, hands);
        let shared = Shared {
            endpoints: context.endpoints.clone(),
            migration: context.migration.id.clone(),
            memory,
            value_encoding: value_encoding(&source, target)
                .await
                .doing("choosing the encoding that rows are copied in")?,
            limit: context.options.rate_limit_bytes_per_second.map(RateLimit::new),
            reporter: context.reporter.clone(),
            cancellation: context.cancellation.clone(),
            snapshot_lost: AtomicBool::new(false),
            unmet_trees: AtomicI64::new(open.trees),
            work: Notify::new(),
            lookout: tokio::sync::Mutex::default(),
            meters: Mutex::default(),
            building: Mutex::default(),
        };
        Ok(Self {
            hands,
            shared: Arc::new(shared),
        })
    }

    /// Works until nothing is left, or nothing can go on. Dropped, it gives up what it holds.
    pub(super) async fn work(self, place: Place) -> Result<CrewEnd> {
        let mut working = JoinSet::new();
        for number in 0..self.hands.loaders + self.hands.builders {
            let loads = number < self.hands.loaders;
            let name = self.session_name(place, loads, number);
            let hand = Hand::new(Arc::clone(&self.shared), number, name, loads);
            working.spawn(hand.work());
        }
        let mut reporting = JoinSet::new();
        reporting.spawn(progress::report_until_dropped(Arc::clone(&self.shared)));
        let end = tokio::select! {
            () = self.shared.cancellation.cancelled() => Err(EngineError::Interrupted),
            end = last_end(&mut working) => end,
        };
        drop(reporting);
        if end.is_ok() {
            // The progress that people see last is the whole.
            progress::report_once(&self.shared).await;
        }
        end
    }

    fn session_name(&self, place: Place, loads: bool, number: u32) -> String {
        let kind = if loads { "loader" } else { "builder" };
        let role = match place {
            Place::Runner => format!("{kind}-{number}"),
            Place::Worker => format!("worker-{}-{kind}-{number}", std::process::id()),
        };
        names::application_name(&self.shared.migration, &role)
    }
}

/// Of so many, those that find something to do at once.
fn needed_hands(open: &OpenWork, hands: Hands) -> Hands {
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let handfuls = count(open.small_parts).div_ceil(loader::SMALL_PARTS_AT_ONCE);
    let pieces = count(open.large_parts)
        .saturating_add(handfuls)
        .saturating_add(count(open.large_objects));
    capacity::needed(hands, pieces, count(open.builds))
}

/// Waits for every hand; the first error ends them all.
async fn last_end(working: &mut JoinSet<Result<HandEnd>>) -> Result<CrewEnd> {
    let mut end = CrewEnd::NothingLeft;
    while let Some(joined) = working.join_next().await {
        match joined {
            Ok(Ok(HandEnd::NothingLeft)) => {}
            Ok(Ok(HandEnd::SnapshotLost)) => end = CrewEnd::SnapshotLost,
            Ok(Err(error)) => return Err(error),
            Err(failure) => std::panic::resume_unwind(failure.into_panic()),
        }
    }
    Ok(end)
}

impl Shared {
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

    /// Who finished a piece tells one that has nothing to do, who tells the next where he finds something, and so on: all at
    /// once would each ask the target for the same.
    pub(super) fn tell_an_idle_hand(&self) {
        self.work.notify_one();
    }

    /// Nothing more comes.
    pub(super) fn tell_all_idle_hands(&self) {
        self.work.notify_waiters();
        // For one that is just about to wait; he passes it on.
        self.work.notify_one();
    }

    /// Ends when another hand of this process tells of work, or after `wait` on the lookout, which one hand at a time keeps.
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

    /// A meter for what this hand copies now; the one before is settled by its commit or given up.
    pub(super) fn start_meter(&self, hand: u32) -> Arc<CopyMeter> {
        let meter = Arc::new(CopyMeter::default());
        lock(&self.meters).insert(hand, Arc::clone(&meter));
        meter
    }

    pub(super) fn stop_meter(&self, hand: u32) {
        lock(&self.meters).remove(&hand);
    }

    /// Bytes of parts under way in this process.
    pub(super) fn bytes_under_way(&self) -> u64 {
        lock(&self.meters).values().map(|meter| meter.bytes()).sum()
    }

    pub(super) fn start_build(&self, hand: u32, name: &str) {
        lock(&self.building).insert(hand, name.to_owned());
    }

    pub(super) fn stop_build(&self, hand: u32) {
        lock(&self.building).remove(&hand);
    }

    pub(super) fn builds_under_way(&self) -> Vec<String> {
        lock(&self.building).values().cloned().collect()
    }
}

/// A panic of another hand leaves plain data behind, which is still right.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
