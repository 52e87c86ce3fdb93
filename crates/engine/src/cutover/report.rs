//! What a cutover did, step by step: for people, for change tickets, and for the history on the target.

use std::time::Duration;

use serde::Serialize;
use transhume_core::{
    cutover::{
        gate::Gate,
        write_pause::{PausePart, PauseStep},
    },
    finding::Finding,
};
use transhume_pg::{connection::session::Session, state::history};
use transhume_wire::lsn::Lsn;

use super::Cutover;
use crate::{
    error::{Doing, EngineError, Result},
    runner::host_name,
};

/// The error itself is told in any case.
const RECORDING_PATIENCE: Duration = Duration::from_secs(5);

/// What happened, step by step.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
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
    /// Null where it came to its end.
    pub unfinished: Option<Unfinished>,
    /// After a rehearsal, how long the write pause would be.
    pub forecast_milliseconds: Option<f64>,
    /// What it consists of: the steps as they were measured, and those that a rehearsal leaves out as estimated.
    pub forecast_parts: Vec<PausePart>,
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

/// Why a cutover did not come to its end.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Unfinished {
    pub message: String,
    pub detail: Option<String>,
    pub remedy: Option<String>,
    /// Both sides are as before; else somebody must look at them.
    pub is_undone: bool,
}

/// An error of a cutover, with what can be told of it for a change ticket.
#[derive(Debug)]
pub struct CutoverFailure {
    pub error: EngineError,
    /// None where it did not come so far as to look at both sides.
    pub report: Option<Box<CutoverReport>>,
}

impl From<EngineError> for CutoverFailure {
    fn from(error: EngineError) -> Self {
        Self { error, report: None }
    }
}

impl From<CutoverFailure> for EngineError {
    fn from(failure: CutoverFailure) -> Self {
        failure.error
    }
}

/// One step of the pause and how long it took.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Step {
    pub name: PauseStep,
    pub milliseconds: f64,
}

impl Cutover<'_> {
    /// What is known whatever happened.
    pub(super) fn empty_report(&self, gate: Gate) -> CutoverReport {
        let target = &self.endpoints.target;
        let (host, port) = target.server_at(self.target.endpoint()).unwrap_or_default();
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
            rehearsal: self.options.rehearse,
            unfinished: None,
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

    /// Of one that failed; it stands in the history too, where the target still answers.
    pub(super) async fn unfinished(&self, error: &EngineError, is_undone: bool) -> CutoverReport {
        let gate = self
            .gate
            .clone()
            .unwrap_or_else(|| Gate::new(Vec::new(), &self.options.overrides));
        let mut report = self.empty_report(gate);
        report.unfinished = Some(Unfinished {
            message: error.to_string(),
            detail: error.detail(),
            remedy: error.hint(),
            is_undone,
        });
        if let EngineError::Blocked(findings) = error {
            report.findings.clone_from(findings);
        }
        let recording = async {
            let target = self
                .endpoints
                .target_session(&self.migration.id, "cutover")
                .await?;
            self.write(&target, &report).await
        };
        match tokio::time::timeout(RECORDING_PATIENCE, recording).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => tracing::debug!("{failure}"),
            Err(_) => tracing::debug!("recording the cutover: the target does not answer"),
        }
        report
    }

    pub(super) async fn record(&self, report: &CutoverReport) -> Result<()> {
        self.write(&self.target, report).await
    }

    async fn write(&self, target: &Session, report: &CutoverReport) -> Result<()> {
        let detail = serde_json::to_value(report).expect("a report is plain data");
        let step = match (&report.unfinished, report.rehearsal) {
            (None, true) => "rehearsal",
            (None, false) => "cutover",
            (Some(unfinished), _) if unfinished.is_undone => "cutover undone",
            (Some(_), _) => "cutover failed",
        };
        history::add(&**target, step, &detail)
            .await
            .doing("recording the cutover")
    }
}
