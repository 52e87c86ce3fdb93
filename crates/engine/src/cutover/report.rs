//! What a cutover did, step by step: for people, for change tickets, and for the history on the target.

use serde::Serialize;
use transhume_core::{
    cutover::{
        gate::Gate,
        write_pause::{Part, PauseStep},
    },
    finding::Finding,
};
use transhume_pg::state::history;
use transhume_wire::lsn::Lsn;

use super::Cutover;
use crate::{
    error::{Doing, Result},
    runner::host_name,
};

/// What happened, step by step.
#[derive(Debug, Clone, Serialize)]
pub struct CutoverReport {
    pub migration: String,
    pub program: String,
    /// RFC 3339, from this machine's clock.
    pub started_at: String,
    /// Machine and role of the source that it was run by.
    pub by: String,
    pub source: String,
    pub target: String,
    /// Host, port and database of the target as a keyword string, without user and password.
    pub target_dsn: String,
    /// It was undone on purpose: nothing was closed and nothing opened.
    pub rehearsal: bool,
    /// After a rehearsal, how long the write pause would be.
    pub forecast_milliseconds: Option<f64>,
    /// What it consists of: the steps as they were measured, and those that a rehearsal leaves out as estimated.
    pub forecast_parts: Vec<Part>,
    /// Every commit of the source is below this.
    pub fence_lsn: Lsn,
    /// What held when the fence was tried, and what the operator waved through.
    pub gate: Gate,
    /// Where the reverse stream begins in the WAL of the target; null without one.
    pub way_back: Option<Lsn>,
    pub steps: Vec<Step>,
    /// From holding the clients, or the first lock asked for, to the target open and the clients let go, in milliseconds:
    /// the longest that a writer can have waited.
    pub write_pause_milliseconds: f64,
    pub fence_attempts: u32,
    /// How long writers were locked out each time before, so that the stream caught up; the pause is not in it.
    pub eased_milliseconds: Vec<f64>,
    /// How long writers waited for each try of the fence that did not come to stand.
    pub earlier_tries_milliseconds: Vec<f64>,
    pub sequences_set: usize,
    /// Large objects that had changed since they were compared before the pause.
    pub large_objects_changed: usize,
    pub sessions_ended: i64,
    /// Data changes that the source committed after the fence LSN.
    pub late_changes: u64,
    /// Items of the source's schema that the target does not have, each with its reason.
    pub left_out: Vec<String>,
    pub findings: Vec<Finding>,
}

/// One step of the pause and how long it took.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    pub name: PauseStep,
    pub milliseconds: f64,
}

impl Cutover<'_> {
    /// What is known whatever happened.
    pub(super) fn empty_report(&self, gate: Gate) -> CutoverReport {
        let (host, port) = self.endpoints.target.servers().next().unwrap_or_default();
        CutoverReport {
            migration: self.migration.id.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at.clone(),
            by: format!("{} on {}", self.endpoints.source.user(), host_name()),
            source: self.endpoints.source.to_string(),
            target: self.endpoints.target.to_string(),
            target_dsn: format!(
                "host={host} port={port} dbname={}",
                self.endpoints.target.database()
            ),
            rehearsal: false,
            forecast_milliseconds: None,
            forecast_parts: Vec::new(),
            fence_lsn: Lsn::ZERO,
            way_back: None,
            gate,
            steps: Vec::new(),
            write_pause_milliseconds: 0.0,
            fence_attempts: 0,
            eased_milliseconds: Vec::new(),
            earlier_tries_milliseconds: Vec::new(),
            sequences_set: 0,
            large_objects_changed: 0,
            sessions_ended: 0,
            late_changes: 0,
            left_out: self.left_out.clone(),
            findings: Vec::new(),
        }
    }

    pub(super) async fn record(&self, report: &CutoverReport) -> Result<()> {
        let detail = serde_json::to_value(report).expect("a report is plain data");
        let step = if report.rehearsal { "rehearsal" } else { "cutover" };
        history::add(&*self.target, step, &detail)
            .await
            .doing("recording the cutover")
    }
}
