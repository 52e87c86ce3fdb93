//! The full load: copying the existing rows, and building what waits for them (design §6).
//!
//! One process or many do the same: claim a piece from the target, do it, commit. The runner alone
//! holds the snapshot and renews it when it is lost or old; workers only claim. Invariant: a finished table
//! is never read again, nor a finished part that is a range of a key; every other unfinished table is read under one
//! snapshot. What was read under which is recorded with it.

mod altered_type;
mod binding;
mod builder;
pub(crate) mod extension_rows;
pub mod join;
mod joined;
mod large_objects;
mod loader;
mod maintenance;
mod observer;
mod plan;
mod pool;
mod progress;
mod refused;
mod renewal;
mod sequences;
mod sessions;
mod shared;
mod snapshot;
mod storage;
pub mod throttle;
mod worker;

use std::time::Duration;

use transhume_core::load::{
    Capacity,
    capacity::{self, WorkerCounts},
    loaders_default,
};
use transhume_pg::{
    connection::{server_limits::server_limits, session::Session, snapshot::SnapshotHolder},
    state::{
        finding,
        load::{self as state, followed},
        migration::Migration,
    },
};

pub use transhume_core::load::Storage;

pub(crate) use self::{altered_type::CODE as TYPE_ALTERED, plan::relations, refused::try_again};
pub use self::{
    joined::work,
    plan::{plan, plan_anew},
    progress::{build_progress, load_progress},
    sequences::{SequencesSet, copy_sequences, set_sequences},
    snapshot::fresh_snapshot,
};
use self::{
    pool::{Place, WorkerPool},
    snapshot::Holders,
    worker::WorkEnd,
};
use crate::{
    back_off::BackOff,
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, Result},
    report::Reporter,
};

/// Origin of the load's findings in `transhume.finding`.
pub(crate) const ORIGIN: &str = "load";
/// Code of the finding that says why a table was suspended.
pub(crate) const LOAD_FAILED: &str = "table-load-failed";

/// What the operator asked for; what is not given follows from the two servers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadOptions {
    pub loaders: Option<u32>,
    pub builders: Option<u32>,
    pub part_bytes: Option<u64>,
    /// Over all loaders of this process.
    pub rate_limit_bytes_per_second: Option<u64>,
    /// From this age on, the snapshot that the load holds on the source is a finding.
    pub snapshot_age_warning: Option<Duration>,
    /// From this age on, parts that are left are read under a fresh snapshot where their table allows it.
    pub snapshot_renewal: Option<Duration>,
    /// What the target has: the load waits before a managed server would turn read-only.
    pub target_storage: Option<Storage>,
}

/// What everything in the load works with.
#[derive(Debug, Clone, Copy)]
pub struct LoadContext<'run> {
    pub endpoints: &'run Endpoints,
    pub migration: &'run Migration,
    pub options: &'run LoadOptions,
    pub reporter: &'run Reporter,
    pub cancellation: &'run Cancellation,
}

/// Loads every planned table and runs every build that is not held until the cutover. Resumes: what
/// is done stays done. `holder` is a snapshot that tables without a usable one may be read under.
pub async fn load(context: &LoadContext<'_>, holder: Option<SnapshotHolder>) -> Result<()> {
    let mut target = context.target_session("load").await?;
    let mut holders = Holders::new(holder);
    let observing = observer::observe(context);
    followed::identify_targets(&*target, &[])
        .await
        .doing("noting which tables the rows go to")?;
    let mut tries = BackOff::for_failures();
    let mut done = parts_done(&target).await?;
    loop {
        holders.renew(context, &mut target).await?;
        let pool = WorkerPool::new(context, &target).await?;
        let end = tokio::select! {
            end = pool.work(Place::Runner) => end?,
            never = Box::pin(renewal::renew_old(context, &mut holders)) => match never {},
        };
        match end {
            WorkEnd::NothingLeft => break,
            WorkEnd::SnapshotLost => {
                context
                    .reporter
                    .waiting("a fresh snapshot for tables that cannot be read under the one they had");
            }
        }
        // Each try opens sessions on both sides: tables that are altered all the time must not make it a storm.
        let before = std::mem::replace(&mut done, parts_done(&target).await?);
        if done > before {
            tries.succeeded();
        }
        tries.wait(context.cancellation).await?;
    }
    drop((holders, observing));
    finding::clear(&*target, ORIGIN, observer::CODE)
        .await
        .doing("forgetting the snapshot's age")?;
    state::progress::flush(&*target, "load")
        .await
        .doing("making the full load durable")
}

async fn parts_done(target: &Session) -> Result<u64> {
    let progress = state::progress::progress(&**target)
        .await
        .doing("reading how far the load is")?;
    Ok(progress.parts_done)
}

impl LoadContext<'_> {
    async fn target_session(&self, role: &str) -> Result<Session> {
        self.endpoints.target_session(&self.migration.id, role).await
    }

    async fn source_session(&self, role: &str) -> Result<Session> {
        self.endpoints.source_session(&self.migration.id, role).await
    }

    async fn worker_counts(
        &self,
        source: &Session,
        target: &Session,
    ) -> Result<(WorkerCounts, capacity::BuildMemory)> {
        worker_counts(self.options, source, target).await
    }
}

/// How many workers a process has, and what each may take of the target.
pub(crate) async fn worker_counts(
    options: &LoadOptions,
    source: &Session,
    target: &Session,
) -> Result<(WorkerCounts, capacity::BuildMemory)> {
    let source_limits = server_limits(source)
        .await
        .doing("asking what the source can give")?;
    let target_limits = server_limits(target)
        .await
        .doing("asking what the target can give")?;
    let wanted = options.loaders.unwrap_or_else(|| {
        loaders_default(Capacity {
            source_free_connections: source_limits.free_connections,
            target_free_connections: target_limits.free_connections,
            target_cores: None,
        })
    });
    let counts = capacity::worker_counts(&source_limits, &target_limits, wanted, options.builders);
    let memory = capacity::build_memory(&target_limits, counts.loaders + counts.builders);
    Ok((counts, memory))
}
