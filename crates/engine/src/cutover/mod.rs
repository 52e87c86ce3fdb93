//! `cutover`: moving the application from source to target (design §9).
//!
//! Gate, fence, marker, drain, sequences, closing of the source, opening of the target. Until the
//! target opens, any failure, time-out or interruption lowers the fence and the migration follows on
//! as before: the application has only waited. Opening the target, one commit, is the point of no
//! return.

mod alterations;
mod answering;
pub mod application;
mod ballot;
mod broken;
pub(crate) mod close;
mod closed;
mod easing;
pub mod fallback;
mod gate;
mod interrupted;
mod large_objects;
pub(crate) mod late;
mod life;
mod open;
pub(crate) mod opening_mark;
mod pause;
mod raise;
mod rehearsal;
mod report;
mod silent;
mod stopwatch;
mod together;
mod undo;
pub mod write_pause;

use std::time::Duration;

pub use transhume_core::cutover::gate::{Condition, ConditionName, ConditionState, Gate, UnknownCondition};
use transhume_core::{
    cutover::retreat::Retreat, direction::Direction, finding::Finding, phase::Phase, sequence::Sequence,
    table::Table,
};
use transhume_pg::{
    catalog::{objects::subscriptions, sequences::sequences, tables::tables},
    connection::{quiet::silence_event_triggers, session::Session},
    state::{archive, migration, undo::Undo},
};

use crate::{
    cancel::Cancellation,
    door::{self, Past},
    endpoints::{Endpoints, Sessions},
    error::{Doing, EngineError, Result},
    failpoint::{Point, reach},
    follow::SpillOptions,
    present::migration_on,
    report::{Report, Reporter},
    roles,
    runner::{Companion, lock_cutover},
    selection::selector,
};

use self::application::{Application, ApplicationOptions};
use self::broken::Broken;
use self::interrupted::settle;
use self::silent::Attended;
pub use self::{
    ballot::Ballot,
    report::{CutoverFailure, CutoverReport, Step, Unfinished},
};
pub(crate) use self::{
    interrupted::{complete_interrupted, undo_interrupted},
    open::open_offline,
    together::half_open,
};

/// Between two tries of the fence, so that what had queued behind it gets through.
const RELEASE_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Debug, Clone)]
pub struct CutoverOptions {
    /// The gate refuses while the target is further behind than this.
    pub lag_limit_bytes: u64,
    /// How long writers may queue behind the fence's locks before it is lowered again.
    pub lock_timeout: Duration,
    /// How often the fence is tried.
    pub attempts: u32,
    /// How long the target may take to reach the fence.
    pub drain_timeout: Duration,
    /// How long writers may wait in all: past it everything that still can be is undone.
    pub max_pause: Duration,
    /// Increments that each sequence is set ahead of the source's value.
    pub sequence_margin: i64,
    /// The gate asks for a verification that is not older; none: it does not ask.
    pub verified_within: Option<Duration>,
    /// Conditions of the gate that the operator waves through.
    pub overrides: Vec<ConditionName>,
    /// Open the target without a reverse stream to the old source.
    pub without_fallback: bool,
    /// Do all but the last step, then undo it.
    pub rehearse: bool,
    pub application: ApplicationOptions,
    /// For a follower of our own, where no runner lives.
    pub spill: SpillOptions,
}

impl Default for CutoverOptions {
    fn default() -> Self {
        Self {
            // A second or so of applying; more would be a pause that people notice.
            lag_limit_bytes: 16 << 20,
            // What writers wait for in vain when a try fails; a lock that is to be had is had sooner.
            lock_timeout: Duration::from_millis(200),
            // With the pauses between them a quarter of a minute.
            attempts: 20,
            // The lag limit takes a second or so; longer means that something is wrong.
            drain_timeout: Duration::from_secs(10),
            // What clients with an everyday time-out of 30 s get over, whatever hangs.
            max_pause: Duration::from_secs(15),
            // A crash of the source skips up to 32 values that a session had fetched ahead.
            sequence_margin: 32,
            // Whoever moves on Sunday has verified on Saturday.
            verified_within: Some(Duration::from_secs(24 * 60 * 60)),
            overrides: Vec::new(),
            // The way back is what makes a cutover a decision that can be taken back.
            without_fallback: false,
            rehearse: false,
            application: ApplicationOptions::default(),
            spill: SpillOptions::default(),
        }
    }
}

/// What the steps of a cutover work with.
pub(crate) struct Cutover<'run> {
    endpoints: &'run Endpoints,
    options: &'run CutoverOptions,
    reporter: &'run Reporter,
    migration: migration::Migration,
    source: Session,
    target: Session,
    /// All that rows can be written to, partitioned tables too.
    tables: Vec<Table>,
    sequences: Vec<Sequence>,
    /// Statements that open the source again.
    undo: Vec<Undo>,
    /// Processes of the source whose statements were given up: they end before anything is undone there.
    strays: Vec<i32>,
    retreat: Retreat,
    /// Where undoing is, once it has begun.
    undoing: undo::UndoStep,
    /// As it was passed, or kept shut.
    gate: Option<Gate>,
    started_at: String,
    left_out: Vec<String>,
}

impl Cutover<'_> {
    /// The tables that rows are moved under.
    fn moved_tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| table.moves_rows())
    }
}

/// Looks at both sides and tells which conditions hold; changes nothing.
pub async fn check(endpoints: &Endpoints, options: &CutoverOptions, reporter: &Reporter) -> Result<Gate> {
    door::enter(endpoints, Past::Compared).await?;
    inspect(endpoints, options, reporter).await
}

/// The gate in either direction.
pub(crate) async fn inspect(
    endpoints: &Endpoints,
    options: &CutoverOptions,
    reporter: &Reporter,
) -> Result<Gate> {
    let endpoints = &endpoints.behind_fences();
    let cutover = Cutover::begin(endpoints, options, reporter).await?;
    gate::inspect(&cutover).await
}

/// Switches over, or leaves everything as it was and says why. Several databases that each hold a ballot of one
/// group switch together or not at all; none is returned for one that a broken-off cutover of the group had moved.
pub async fn cutover(
    endpoints: &Endpoints,
    options: &CutoverOptions,
    ballot: Ballot,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> std::result::Result<Option<CutoverReport>, CutoverFailure> {
    door::enter(endpoints, Past::Compared).await?;
    switch(endpoints, options, ballot, reporter, cancellation).await
}

/// The switch in either direction.
pub(crate) async fn switch(
    endpoints: &Endpoints,
    options: &CutoverOptions,
    ballot: Ballot,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> std::result::Result<Option<CutoverReport>, CutoverFailure> {
    // What a cutover that died has closed is written to all the same.
    let endpoints = &endpoints.behind_fences();
    answering::both_commit(endpoints).await?;
    let cutover = Cutover::begin(endpoints, options, reporter).await?;
    let companion = Companion::ensure(endpoints, &cutover.migration, &options.spill, reporter).await?;
    let outcome = Box::pin(cutover.switch(ballot, cancellation)).await;
    // How the cutover ended matters more than how the following did.
    match (outcome, companion.end().await) {
        (Ok(Some(mut report)), Err(error)) => {
            report.findings.push(follower_failed(&error));
            Ok(Some(report))
        }
        (Ok(None), Err(error)) => Err(error.into()),
        (outcome, _) => outcome,
    }
}

fn follower_failed(error: &EngineError) -> Finding {
    Finding::warning(
        "follower-failed",
        "",
        format!("the cutover came to its end, but the following inside its process failed: {error}"),
        "start \"transhume run\", which continues where it was",
    )
}

impl<'run> Cutover<'run> {
    async fn begin(
        endpoints: &'run Endpoints,
        options: &'run CutoverOptions,
        reporter: &'run Reporter,
    ) -> Result<Self> {
        let target = endpoints.target_session("cutover", "cutover").await?;
        migration_on(&target).await?;
        lock_cutover(&target).await?;
        // What another cutover did while the lock was waited for is over now.
        let migration = migration_on(&target).await?;
        if migration.is_offline() {
            return Err(EngineError::refused(
                "this migration is offline: nothing is followed, so there is nothing to cut over",
                "\"transhume run\" loads, compares, and opens the target",
            ));
        }
        let source = endpoints.source_session(&migration.id, "cutover").await?;
        silence_event_triggers(&source)
            .await
            .doing("keeping event triggers of the source silent")?;
        opening_mark::refuse_lost(&source, &target, &migration).await?;
        let migration = settle(
            endpoints,
            options,
            Sessions::of(&source, &target),
            migration,
            reporter,
        )
        .await?;
        let left_out = archive::left_out(&*target)
            .await
            .doing("reading what was left out")?;
        let subscriptions = subscriptions(&source).await.doing("looking for subscriptions")?;
        let subscriptions = subscriptions.iter().map(|subscription| {
            let name = &subscription.name;
            format!(
                "subscription {name}: it feeds the source; create it on the target with its publisher's slot"
            )
        });
        let left_out = left_out.iter().map(|(item, reason)| format!("{item}: {reason}"));
        let beside = roles::lacking_surroundings(&source, &target, &migration.selection.roles).await?;
        let beside = beside.iter().map(|one| {
            let finding = one.finding();
            format!("{}: {}; {}", finding.object, finding.message, finding.remedy)
        });
        let left_out = left_out.chain(subscriptions).chain(beside).collect();
        let selector = selector(&migration.selection)?;
        let mut tables = tables(&source).await.doing("reading the source's tables")?;
        tables.retain(|table| table.takes_rows() && selector.selects(&table.name));
        let mut sequences = sequences(&source).await.doing("reading the source's sequences")?;
        sequences.retain(|sequence| selector.selects(sequence.deciding_name()));
        Ok(Self {
            endpoints,
            options,
            reporter,
            migration,
            source,
            target,
            tables,
            sequences,
            undo: Vec::new(),
            strays: Vec::new(),
            retreat: Retreat::NothingToUndo,
            undoing: undo::UndoStep::Source,
            gate: None,
            started_at: jiff::Timestamp::now().to_string(),
            left_out,
        })
    }

    /// The way back itself has none, and an operator may go past the condition that asks for one.
    fn wants_way_back(&self) -> bool {
        self.migration.direction == Direction::Forward
            && !self.options.without_fallback
            && !self.options.overrides.contains(&ConditionName::WayBack)
    }

    async fn switch(
        mut self,
        ballot: Ballot,
        cancellation: &Cancellation,
    ) -> std::result::Result<Option<CutoverReport>, CutoverFailure> {
        match Box::pin(self.attempt(ballot, cancellation)).await {
            Ok(report) => Ok(report),
            Err(Broken { error, is_undone }) => {
                let report = Box::pin(self.unfinished(&error, is_undone)).await;
                Err(CutoverFailure {
                    error,
                    report: Some(Box::new(report)),
                })
            }
        }
    }

    async fn attempt(
        &mut self,
        ballot: Ballot,
        cancellation: &Cancellation,
    ) -> std::result::Result<Option<CutoverReport>, Broken> {
        let Some(ballot) = self.take_up(ballot).await? else {
            return Ok(None);
        };
        let attended = Attended::of(self);
        let looking = async {
            // Before the gate, so that nothing falls between.
            let before = alterations::now(self).await?;
            let gate = self.pass_gate().await?;
            reach(Point::GatePassed).await;
            Ok((before, gate, Application::connect(self).await?))
        };
        let (before, gate, mut application) = attended.unless_silent(Box::pin(looking)).await?;
        together::agreed(&ballot, "checks of another database failed").await?;
        self.enter().await?;
        reach(Point::Entered).await;
        let outcome = Box::pin(self.pause((gate, &before), &mut application, &ballot, cancellation)).await;
        // Whoever still waits for this one learns how it ended for all.
        drop(ballot);
        match outcome {
            Ok(report) if report.rehearsal => {
                self.leave(&mut application).await.map_err(Broken::left)?;
                Ok(Some(report))
            }
            Ok(report) => Ok(Some(report)),
            Err(error) if self.retreat.is_decided() => Err(Broken::left(together::not_opened(&error))),
            Err(error) => match self.leave_because(&error, &mut application).await {
                Ok(()) => Err(error.into()),
                Err(undoing) => Err(Broken::left(EngineError::stopped(
                    format!("the cutover failed and could not be undone: {error}"),
                    format!("Undoing it failed too: {undoing}."),
                    "\"transhume run\" undoes it as soon as both servers answer; \"transhume status\" lists what is left",
                ))),
            },
        }
    }

    async fn pass_gate(&mut self) -> Result<Gate> {
        let gate = gate::inspect(self).await?;
        self.gate = Some(gate.clone());
        if !gate.is_open() && !self.retreat.is_decided() {
            return Err(EngineError::Blocked(gate.blockers()));
        }
        for (state, remark) in [
            (ConditionState::Degraded, ""),
            (ConditionState::Overridden, "gone past by --override: "),
        ] {
            for condition in gate.in_state(state) {
                let message = format!("{remark}{}", condition.evidence);
                let finding = Finding::warning(condition.name.name(), "", message, &condition.remedy);
                self.reporter.send(Report::Finding { finding });
            }
        }
        Ok(gate)
    }

    /// From here on a crash is found by the phase, and `run` or another `cutover` undoes it.
    async fn enter(&mut self) -> Result<()> {
        if self.retreat.is_decided() {
            return Ok(());
        }
        if migration::advance(&*self.target, Phase::Follow, Phase::Cutover)
            .await
            .doing("beginning the cutover")?
        {
            return Ok(());
        }
        Err(EngineError::refused(
            "another cutover is under way or over",
            "see \"transhume status\"",
        ))
    }
}
