//! A large transaction that is written to the target before its commit, in a session of its own.
//!
//! Owns that session, its task and how it ends. It reads what is kept of the transaction as that grows; whoever keeps it says
//! how far it may read, and whoever applies, at the commit, how the batch ends.
//!
//! Invariants: nothing of it is seen on the target before its commit, which moves the frontier as every batch does (design
//! §2.4); what is written lies behind everything that came before it in the stream and is on the target by then; whatever is
//! in the way ends it without an error, and the transaction is written at its commit from what was kept of it. Once it was
//! told how to end, an end without a commit is told, since by then nobody would write it otherwise.

mod work;

use std::{collections::HashMap, sync::Arc};

use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
    task::JoinSet,
};
use transhume_core::follow::{
    batch::Batch,
    portion::{BatchEnd, LoadedTable},
};
use transhume_pg::{connection::conninfo::ConnectionSettings, follow::apply::SourceTables};
use transhume_wire::lsn::Lsn;

use self::work::EarlyStart;
use super::{failure::Failure, progress::Progress, spill::Frames, writing::WriterReport};

/// How much of it may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes of what is kept: whole messages.
    pub(super) end: u64,
    /// Where the last transaction ended that committed before: it must be on the target first.
    pub(super) after: Lsn,
}

/// How it ends: its changes, and what they touched, are counted where they were written.
#[derive(Debug)]
pub(super) struct Landing {
    pub(super) end: BatchEnd,
    pub(super) batch: Batch,
}

/// What such transactions are written with.
#[derive(Clone)]
pub(super) struct EarlySessions {
    /// Where their tasks run: the receiver's own thread sleeps.
    pub(super) runtime: Handle,
    pub(super) target: ConnectionSettings,
    pub(super) application_name: String,
    pub(super) loaded: Arc<HashMap<u32, LoadedTable>>,
    pub(super) source: Option<Arc<SourceTables>>,
    pub(super) progress: watch::Receiver<Progress>,
}

impl EarlySessions {
    /// Begins to write the transaction that is kept in these frames.
    pub(super) fn begin(&self, xid: u32, frames: Frames, extent: Extent) -> Early {
        let (extents, readable) = watch::channel(extent);
        let (landing, landed) = oneshot::channel();
        let opening = EarlyStart {
            sessions: self.clone(),
            xid,
            frames,
        };
        let mut task = JoinSet::new();
        task.spawn_on(opening.run(readable, landed), &self.runtime);
        Early {
            extents,
            landing: Some(landing),
            task,
            behind: Lsn::ZERO,
        }
    }
}

/// One such transaction; it is rolled back where this is dropped before it has landed.
#[derive(Debug)]
pub(super) struct Early {
    extents: watch::Sender<Extent>,
    landing: Option<oneshot::Sender<Landing>>,
    /// Ends with what came of the landing; with none where it ended before.
    task: JoinSet<Option<WriterReport>>,
    /// Once it is its turn: all before it in the stream ended up to here.
    pub(super) behind: Lsn,
}

impl Early {
    /// More of it may be read.
    pub(super) fn extend(&self, extent: Extent) {
        self.extents.send_replace(extent);
    }

    /// Something was in the way: it is to be written at its commit.
    pub(super) fn is_over(&self) -> bool {
        self.extents.is_closed()
    }

    /// All of it is there: the rest is written, then its batch ends.
    pub(super) fn land(&mut self, landing: Landing) {
        if let Some(sender) = self.landing.take() {
            // A task that is gone has ended with nothing, which `landed` tells.
            let _ = sender.send(landing);
        }
    }

    pub(super) fn is_landing(&self) -> bool {
        self.landing.is_none()
    }

    /// What came of it. Cancel-safe.
    pub(super) async fn landed(&mut self) -> Result<WriterReport, Failure> {
        match self.task.join_next().await {
            Some(Ok(Some(report))) => Ok(report),
            Some(Err(panic)) if panic.is_panic() => Err(Failure::stopped(
                "the writer of a transaction in progress ended unexpectedly",
                panic.to_string(),
                "report this",
            )),
            _ => Err(Failure::RestartWithoutEarly),
        }
    }
}
