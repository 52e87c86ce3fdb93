//! What running work tells its front end while it runs.
//!
//! Reports are for people and never steer anything; a front end that listens to none loses nothing.

use serde::Serialize;
use tokio::sync::mpsc;
use transhume_core::{finding::Finding, phase::Phase};
use transhume_wire::lsn::Lsn;

/// One thing worth telling.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "report", rename_all = "kebab-case")]
pub enum Report {
    /// A phase begins (or is resumed).
    Phase {
        phase: Phase,
    },
    /// A step inside the phase is done; one line for people.
    Step {
        text: String,
    },
    /// It cannot go on until something outside happens; `reason` names it.
    Waiting {
        reason: String,
    },
    Finding {
        finding: Finding,
    },
    Load(LoadProgress),
    Build(BuildProgress),
    Follow(FollowProgress),
    Verify(VerifyProgress),
}

/// The full load so far, over all processes that take part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct LoadProgress {
    pub tables_done: u64,
    pub tables: u64,
    pub parts_done: u64,
    pub parts: u64,
    pub rows: u64,
    /// Bytes of committed parts plus what this process has under way.
    pub bytes: u64,
    /// Estimate from the source's sizes and from what finished parts of them took on the way.
    pub bytes_expected: u64,
    pub large_objects_done: u64,
    pub large_objects: u64,
}

/// Indexes, constraints and the like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct BuildProgress {
    pub done: u64,
    pub all: u64,
    /// What is being built now, by this process.
    pub current: Vec<String>,
}

/// Following the source.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FollowProgress {
    pub frontier: Lsn,
    pub source_wal_end: Lsn,
    pub lag_bytes: u64,
    pub transactions: u64,
    pub changes: u64,
    pub changes_per_second: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct VerifyProgress {
    pub tables_done: u64,
    pub tables: u64,
    pub bytes_done: u64,
    pub bytes: u64,
}

/// Where running work sends its reports.
#[derive(Debug, Clone)]
pub struct Reporter(mpsc::UnboundedSender<Report>);

impl Reporter {
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Report>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// For callers that want no reports.
    pub fn silent() -> Self {
        Self::channel().0
    }

    pub fn send(&self, report: Report) {
        // A front end that went away does not stop the work.
        let _ = self.0.send(report);
    }

    pub fn step(&self, text: impl Into<String>) {
        self.send(Report::Step { text: text.into() });
    }

    pub fn waiting(&self, reason: impl Into<String>) {
        self.send(Report::Waiting {
            reason: reason.into(),
        });
    }
}
