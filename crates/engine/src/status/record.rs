//! What a move leaves for its files: where it stands, every cutover that was tried, each table with its rows and digests, and the
//! statements that would put back what was changed. Read from the state, so that it can be written on any machine until `finish`.

use serde::{Deserialize, Serialize};
use transhume_core::{
    assess::forecast::ForecastOutcome, cutover::gate::Gate, finding::Finding, phase::Phase,
};
use transhume_pg::{
    connection::{conninfo::ConnectionSettings, session::Session},
    state::{
        deviation::{self, Side},
        history, undo,
        verification::{self, VerificationLine},
    },
};

use super::{Status, TableState};
use crate::{
    door,
    error::{Doing, Result},
    run::FORECAST,
};

/// Cutovers and rehearsals that are told of: nobody rehearses more often.
const SWITCHES: i64 = 50;
/// Verifications that are told of.
const VERIFICATIONS: i64 = 20;

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Record {
    pub version: u32,
    /// Of transhume.
    pub program: String,
    /// RFC 3339, from this machine's clock.
    pub written_at: String,
    /// Null where it does not answer.
    pub source_version: Option<String>,
    pub target_version: String,
    pub status: Status,
    /// What was forecast of load and builds, beside what they took; null where no sample was taken.
    pub forecast: Option<ForecastOutcome>,
    /// Rehearsals and cutovers, those that were undone or failed too; the newest first.
    pub switches: Vec<Switch>,
    /// The newest first.
    pub verifications: Vec<VerificationLine>,
    pub tables: Vec<TableState>,
    /// What was changed on either side and is not put back, in the order to put it back in.
    pub returns: Vec<Return>,
}

/// A rehearsal or a cutover, as it was written down when it ended.
#[derive(Debug, Clone, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Switch {
    /// rehearsal, cutover, cutover undone or cutover failed.
    pub step: String,
    pub started_at: String,
    /// Machine and role that it was run by.
    pub by: String,
    pub program: String,
    pub source: String,
    pub target: String,
    pub rehearsal: bool,
    /// Null where it came to its end.
    pub unfinished: Option<UnfinishedSwitch>,
    pub fence_lsn: String,
    pub write_pause_milliseconds: f64,
    pub forecast_milliseconds: Option<f64>,
    pub steps: Vec<SwitchStep>,
    pub gate: Option<Gate>,
    pub sequences_set: u64,
    pub large_objects_changed: u64,
    pub sessions_ended: i64,
    /// Data changes that the source committed after the fence LSN.
    pub late_changes: u64,
    pub left_out: Vec<String>,
    pub findings: Vec<Finding>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct SwitchStep {
    pub name: String,
    pub milliseconds: f64,
}

/// Why it did not come to its end.
#[derive(Debug, Clone, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct UnfinishedSwitch {
    pub message: String,
    pub detail: Option<String>,
    pub remedy: Option<String>,
    /// Both sides are as before.
    pub is_undone: bool,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Return {
    /// source, target or application.
    pub side: String,
    pub description: String,
    pub statements: Vec<String>,
}

pub async fn record(target: &ConnectionSettings, source: Option<&ConnectionSettings>) -> Result<Record> {
    let mut status = Box::pin(super::read(target, source)).await?;
    Box::pin(super::add_way_back(&mut status, source, Some(target))).await;
    let tables = Box::pin(super::tables(target)).await?;
    let (session, _) = Box::pin(door::enter_target(target, "report")).await?;
    let source = super::connect(source).await.ok();
    let doing = "reading what was done";
    let switches = history::switches(&session, SWITCHES).await.doing(doing)?;
    let forecast = history::latest_of(&session, FORECAST).await.doing(doing)?;
    Ok(Record {
        forecast: forecast.and_then(|line| outcome(line, &status)),
        version: super::VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        written_at: jiff::Timestamp::now().to_string(),
        source_version: source.map(|source| source.server_version().to_string()),
        target_version: session.server_version().to_string(),
        status,
        switches: switches.into_iter().map(switch).collect(),
        verifications: verification::latest(&session, VERIFICATIONS).await.doing(doing)?,
        tables,
        returns: returns(&session).await?,
    })
}

/// None where another version wrote something else.
fn outcome(line: history::Line, status: &Status) -> Option<ForecastOutcome> {
    let forecast = serde_json::from_value(line.detail).ok()?;
    let of = |phase| status.phases.iter().find(|span| span.phase == phase)?.seconds;
    let took = of(Phase::FullLoad).zip(of(Phase::PostData));
    Some(ForecastOutcome::of(
        forecast,
        took.map(|(load, builds)| load + builds),
    ))
}

/// What an earlier version wrote may lack something: that is left empty.
fn switch(line: history::Line) -> Switch {
    let known = serde_json::from_value::<Switch>(line.detail).unwrap_or_default();
    let started_at = if known.started_at.is_empty() {
        line.at
    } else {
        known.started_at.clone()
    };
    Switch {
        step: line.step,
        started_at,
        ..known
    }
}

async fn returns(target: &Session) -> Result<Vec<Return>> {
    let mut returns = Vec::new();
    for side in [Side::Application, Side::Source, Side::Target] {
        let open = deviation::open(target, side)
            .await
            .doing("reading what was changed")?;
        returns.extend(open.into_iter().map(|deviation| Return {
            side: side.name().to_owned(),
            description: deviation.description,
            statements: undo::statements(&deviation.undo),
        }));
    }
    Ok(returns)
}
