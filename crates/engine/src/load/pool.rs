//! The workers of one process: loaders and builders side by side until nothing is left.
//!
//! Workers share nothing but counters; all coordination is in the target's rows. The first lasting
//! error ends them all: what they held is given up and stays open.

use std::sync::Arc;

use tokio::task::JoinSet;
use transhume_core::load::capacity::{self, WorkerCounts};
use transhume_pg::{
    catalog::value_encoding::value_encoding,
    connection::{names, session::Session},
    state::load::{OpenWork, open_work},
};

use super::{
    LoadContext, loader, progress,
    sessions::WorkerSessions,
    shared::Shared,
    worker::{WorkEnd, Worker},
};
use crate::error::{Doing, EngineError, Result};

/// Which process the workers belong to, for the names of their sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Runner,
    Worker,
}

pub(super) struct WorkerPool {
    counts: WorkerCounts,
    shared: Arc<Shared>,
}

impl WorkerPool {
    pub(super) async fn new(context: &LoadContext<'_>, target: &Session) -> Result<Self> {
        let source = context.source_session("load").await?;
        let (counts, memory) = context.worker_counts(&source, target).await?;
        let open = open_work(&**target, loader::SMALL_PART_BYTES)
            .await
            .doing("counting what is to be loaded")?;
        let counts = needed(&open, counts);
        let value_encoding = value_encoding(&source, target)
            .await
            .doing("choosing the encoding that rows are copied in")?;
        let shared = Shared::new(context, memory, value_encoding, open.trees);
        Ok(Self {
            counts,
            shared: Arc::new(shared),
        })
    }

    /// Works until nothing is left, or nothing can go on. Dropped, it gives up what it holds.
    pub(super) async fn work(self, place: Place) -> Result<WorkEnd> {
        let mut working = JoinSet::new();
        for number in 0..self.counts.loaders + self.counts.builders {
            let loads = number < self.counts.loaders;
            let name = self.session_name(place, loads, number);
            let sessions = WorkerSessions::new(Arc::clone(&self.shared), number, name, loads);
            working.spawn(Worker::new(sessions).work());
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
fn needed(open: &OpenWork, counts: WorkerCounts) -> WorkerCounts {
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let handfuls = count(open.small_parts).div_ceil(loader::SMALL_PARTS_AT_ONCE);
    let pieces = count(open.large_parts)
        .saturating_add(handfuls)
        .saturating_add(count(open.large_objects));
    capacity::needed(counts, pieces, count(open.builds))
}

/// Waits for every worker; the first error ends them all.
async fn last_end(working: &mut JoinSet<Result<WorkEnd>>) -> Result<WorkEnd> {
    let mut end = WorkEnd::NothingLeft;
    while let Some(joined) = working.join_next().await {
        match joined {
            Ok(Ok(WorkEnd::NothingLeft)) => {}
            Ok(Ok(WorkEnd::SnapshotLost)) => end = WorkEnd::SnapshotLost,
            Ok(Err(error)) => return Err(error),
            Err(failure) => std::panic::resume_unwind(failure.into_panic()),
        }
    }
    Ok(end)
}
