//! One snapshot of everything about a migration: the value behind `status`, its JSON and the
//! progress display. Field names are a stable face for scripts.

use serde::Serialize;
use transhume_core::{finding::Finding, phase::Phase};
use transhume_wire::lsn::Lsn;

use crate::report::{BuildProgress, LoadProgress};

#[derive(Debug, Clone, Serialize)]
pub struct Status {
    pub migration: String,
    pub phase: Phase,
    /// RFC 3339, from the target's clock.
    pub phase_since: String,
    pub source: String,
    pub target: String,
    /// Null while no runner holds the migration.
    pub runner: Option<RunnerStatus>,
    pub load: LoadProgress,
    pub build: BuildProgress,
    pub frontier: Option<Lsn>,
    pub source_wal_end: Option<Lsn>,
    pub lag_bytes: Option<u64>,
    /// Age of the newest applied commit while there is lag; 0 when there is none.
    pub lag_seconds: Option<f64>,
    pub transactions: u64,
    pub changes: u64,
    pub slot: SlotStatus,
    pub verification: Option<VerificationStatus>,
    pub findings: Vec<Finding>,
    /// What the program made or changed and will undo: `side: description`.
    pub deviations: Vec<String>,
    pub held_until_cutover: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct RunnerStatus {
    pub host: String,
    pub pid: i32,
    pub since: String,
    pub waiting_for: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct SlotStatus {
    pub name: String,
    pub publication: String,
    pub retained_bytes: Option<u64>,
}

#[derive(Debug, Clone, Serialize)]
pub struct VerificationStatus {
    pub lsn: Lsn,
    pub ended_at: Option<String>,
    /// equal, different or incomplete.
    pub result: String,
}
