//! One snapshot of everything about a migration: the value behind `status`, its JSON and the
//! progress display. Field names are a stable face for scripts.

mod group;
mod obstacle;
mod parts;
mod phases;
mod rates;
mod record;
mod source;
mod story;
mod tables;

pub use self::{
    group::FindingGroup,
    phases::PhaseSpan,
    rates::{LatencyStatus, Rates},
    record::{Record, Return, Switch, SwitchStep, UnfinishedSwitch, record},
    source::{Known, SourceFigures},
    story::{HistoryLine, Sample, Story, VerificationLine, samples, story},
    tables::{ChangedRows, LoadShare, ReadTable, TableState, TableVerified, tables},
};
use self::{
    parts::{
        lag_seconds, pause_status, runner_status, slot_status, snapshot_status, verification_status,
        write_pause,
    },
    source::{ask, connect, figures, retained_bytes, wal_end},
};
use serde::Serialize;
use transhume_core::{
    finding::{Finding, Severity},
    phase::Phase,
};
pub use transhume_core::{
    follow::behind::{StoredChanges, TableBehind},
    verify::objects::Extent,
};
use transhume_wire::lsn::Lsn;

use transhume_pg::{
    connection::{conninfo::ConnectionSettings, snapshot},
    state::{exception, load::progress, overview},
};

use crate::{
    cutover::write_pause::PauseEstimate,
    door,
    error::{Doing, EngineError, Result},
    facing,
    load::{build_progress, load_progress},
    present::migration_on,
    report::{BuildProgress, LoadProgress},
};

/// Of the document: it is raised where something is removed or means something else, not where something is added.
pub const VERSION: u32 = 1;

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Status {
    pub version: u32,
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
    /// How old the figures of the source are that follow.
    pub source_figures: SourceFigures,
    pub source_wal_end: Option<Lsn>,
    /// Null where it is unknown.
    pub lag_bytes: Option<u64>,
    /// Age of the newest applied commit while there is lag; 0 when there is none.
    pub lag_seconds: Option<f64>,
    /// Its parts, as the runner measured them last; null where nothing is followed or nobody does.
    pub latency: Option<LatencyStatus>,
    /// Over the last minute; null where the runner has told nothing in it.
    pub rates: Option<Rates>,
    pub transactions: u64,
    pub changes: u64,
    pub slot: SlotStatus,
    /// Null unless the full load is paused.
    pub pause: Option<PauseStatus>,
    /// The oldest snapshot that the full load still needs; null once it needs none.
    pub snapshot: Option<SnapshotStatus>,
    pub verification: Option<VerificationStatus>,
    pub findings: Vec<Finding>,
    /// The same by code, what blocks first.
    pub finding_groups: Vec<FindingGroup>,
    /// From the first one on, with when each began and how long it took.
    pub phases: Vec<PhaseSpan>,
    /// What the program made or changed and will undo: `side: description`.
    pub deviations: Vec<String>,
    pub held_until_cutover: Vec<String>,
    /// Changes that were stored instead of being applied: `table: count, the latest: …`.
    #[schemars(with = "Vec<String>")]
    pub exceptions: Vec<StoredChanges>,
    /// Tables that are not kept up while the rest is followed: `table: state`.
    #[schemars(with = "Vec<String>")]
    pub not_loaded: Vec<TableBehind>,
    /// How long writers would wait if it were cut over now; null unless it is followed.
    pub write_pause: Option<PauseEstimate>,
    /// After a cutover that left one; null before, and without one.
    pub way_back: Option<WayBackStatus>,
}

impl Status {
    /// Something does not go on by itself: a blocker, changes or tables that are not applied, or nobody who applies while the
    /// source is to be followed.
    pub fn needs_attention(&self) -> bool {
        let mut findings = self.findings.iter();
        let is_blocked = findings.any(|finding| finding.severity == Severity::Blocker);
        let is_abandoned = self.runner.is_none() && self.phase != Phase::Done;
        let back = self.way_back.as_ref();
        let stream = back.and_then(|back| back.stream.as_deref());
        is_blocked
            || is_abandoned
            || !self.exceptions.is_empty()
            || !self.not_loaded.is_empty()
            || stream.is_some_and(Status::needs_attention)
            || back.is_some_and(|back| back.state == WayBackState::Unknown)
    }
}

/// The reverse stream, whose state lies on the old source.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct WayBackStatus {
    pub state: WayBackState,
    /// As of the stream itself: its source is the target of the migration. Null where it cannot be read.
    pub stream: Option<Box<Status>>,
    /// Why it cannot be read; empty where it was.
    pub problem: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WayBackState {
    /// The old source follows the target, or will once a runner is there.
    Open,
    /// A fallback is under way, or died: a runner undoes it then.
    FallingBack,
    /// The application lives on the old source again.
    FallenBack,
    /// The old source does not answer, or was not named.
    Unknown,
    /// An interrupted `finish` has removed it.
    Removed,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct RunnerStatus {
    pub host: String,
    pub pid: i32,
    /// Its session on the target, as that server knows it now.
    pub backend_pid: i32,
    pub application: String,
    pub since: String,
    pub waiting_for: String,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct SlotStatus {
    pub name: String,
    pub publication: String,
    pub retained_bytes: Option<u64>,
    /// What it may keep at most; null where nobody limits it.
    pub limit_bytes: Option<u64>,
    /// The setting that limits it; empty where none does.
    pub limited_by: String,
    /// Growth of the retained bytes over the last minute.
    pub bytes_per_second: Option<u64>,
    /// Until the limit is reached at that rate; null while it does not grow.
    pub seconds_to_full: Option<u64>,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct PauseStatus {
    pub since: String,
    pub by: String,
}

/// What keeps the source's vacuum from removing rows during the full load.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct SnapshotStatus {
    pub since: String,
    pub age_seconds: f64,
    /// Application name and pid on the source, as the runner last saw it; empty when nobody holds it.
    pub holder: String,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct VerificationStatus {
    pub lsn: Lsn,
    pub ended_at: Option<String>,
    /// equal, different or incomplete.
    pub result: String,
    /// Since it began.
    pub age_seconds: f64,
    /// whole, sample or single-tables.
    pub extent: Extent,
    pub tables: u64,
    pub tables_different: u64,
    /// Findings besides rows that somebody must act upon; null where only rows were compared.
    pub object_blockers: Option<u64>,
    /// All of it in a line.
    pub summary: String,
}

/// Adds what the old source knows of the way back. It answers for itself: where it is not reachable, that is
/// told and no error.
pub async fn add_way_back(
    status: &mut Status,
    source: Option<&ConnectionSettings>,
    target: Option<&ConnectionSettings>,
) {
    if status.way_back.is_none() {
        return;
    }
    let read = match source {
        Some(source) => read(source, target).await,
        None => Err(EngineError::refused("no source is given", "")),
    };
    status.way_back = Some(match read {
        Ok(stream) if stream.migration == status.migration => WayBackStatus {
            state: match stream.phase {
                Phase::Done => WayBackState::FallenBack,
                Phase::Cutover | Phase::Opening => WayBackState::FallingBack,
                _ => WayBackState::Open,
            },
            stream: Some(Box::new(stream)),
            problem: String::new(),
        },
        Ok(_) => unknown(WayBackState::Removed, "the old source holds another migration"),
        Err(EngineError::Refused { message, .. }) if source.is_some() => {
            unknown(WayBackState::Removed, message)
        }
        Err(error) => unknown(WayBackState::Unknown, error.to_string()),
    });
}

fn unknown(state: WayBackState, problem: impl Into<String>) -> WayBackStatus {
    WayBackStatus {
        state,
        stream: None,
        problem: problem.into(),
    }
}

/// Reads the target; what only the source knows is asked there, where it answers.
pub async fn read(target: &ConnectionSettings, source: Option<&ConnectionSettings>) -> Result<Status> {
    let (entered, on_source) = tokio::join!(
        Box::pin(door::enter_target(target, "status")),
        Box::pin(connect(source))
    );
    let (session, _) = entered?;
    // All that is told belongs to one moment.
    snapshot::begin(&session).await.doing("reading the state")?;
    let migration = migration_on(&session).await?;
    let mut overview = overview::read(&session).await.doing("reading the state")?;
    let progress = progress::progress(&*session).await.doing("reading the load")?;
    let asked = ask(on_source, (source, target), &migration).await?;
    let seen = asked.measured().and_then(|measured| measured.obstacle.clone());
    obstacle::tell(seen, &mut overview.findings);
    let runner = runner_status(&session).await?;
    let source_figures = figures(&asked, runner.is_some(), &overview);
    let source_wal_end = wal_end(&asked, &source_figures, &overview);
    let way_back = facing::is_open(&migration).then(|| unknown(WayBackState::Unknown, ""));
    let frontier = migration.consistent_point.map(|_| migration.frontier);
    let lag_bytes = frontier
        .zip(source_wal_end)
        .map(|(frontier, end)| end.bytes_since(frontier));
    let (latency, rates) = rates::read(&session, runner.is_some()).await?;
    Ok(Status {
        version: VERSION,
        phases: phases::read(&session, &migration).await?,
        finding_groups: group::groups(&overview.findings),
        latency,
        rates,
        migration: migration.id,
        phase: migration.phase,
        phase_since: migration.phase_since,
        source: migration.source_label,
        target: target.to_string(),
        runner,
        load: load_progress(&progress, 0),
        build: build_progress(&progress, Vec::new()),
        frontier,
        source_wal_end,
        lag_bytes,
        lag_seconds: lag_seconds(lag_bytes, &overview),
        transactions: overview.transactions.unsigned_abs(),
        changes: overview.changes.unsigned_abs(),
        slot: slot_status(
            (migration.slot_name, migration.publication_name),
            retained_bytes(&asked, &source_figures, &overview),
            &overview.slot,
        ),
        source_figures,
        pause: pause_status(&session).await?,
        snapshot: snapshot_status(&session).await?,
        verification: verification_status(&session).await?,
        findings: overview.findings,
        deviations: overview.deviations,
        held_until_cutover: overview.held_until_cutover,
        exceptions: exception::summary(&*session)
            .await
            .doing("reading what was stored instead of being applied")?,
        not_loaded: overview.not_loaded,
        write_pause: write_pause(&session, migration.phase, lag_bytes).await?,
        way_back,
    })
}
