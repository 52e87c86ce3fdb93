//! Opening the target: sequences, triggers, held foreign keys, and the one commit that is the point
//! of no return.
//!
//! Everything but that commit can be rolled back. What may take long (validating foreign keys,
//! refreshing materialized views) comes after it, while the application already works.

use std::{collections::HashSet, time::Duration};

use transhume_core::{
    count::counted,
    direction::Direction,
    finding::{Finding, Remedy},
    phase::Phase,
    sequence::Sequence,
};
use transhume_pg::{
    catalog::{objects::materialized_views, sequences::sequences},
    connection::{error::PgError, session::Session},
    cutover::{fence::Fence, opening},
    state::{
        deviation::{self, Deviation, Side},
        held::{self, HeldBuild},
        migration, undo, way_back,
    },
    wait::Wait,
};

use transhume_wire::ident::QualifiedName;

use super::{Cutover, CutoverReport, stopwatch::Stopwatch};
use crate::{
    error::{Doing, EngineError, Result},
    failpoint::{Point, reach},
    load::{self, SequencesSet},
    report::Reporter,
};

/// How long the target is asked whether a commit whose answer was lost took place.
const OUTCOME_PATIENCE: Duration = Duration::from_secs(60);

const OUTCOME_INTERVAL: Duration = Duration::from_millis(500);

/// What is done on the target, read before the fence stands.
pub(super) struct Opening {
    held: Vec<HeldBuild>,
    deviations: Vec<Deviation>,
    /// The schema was dumped after the source's replica identities were changed: the target gets the
    /// former ones.
    identities: Vec<Deviation>,
    /// OIDs of the selected sequences.
    sequences: HashSet<u32>,
    /// The target opens with a way back.
    has_way_back: bool,
}

impl Opening {
    pub(super) async fn plan(cutover: &Cutover<'_>, has_way_back: bool) -> Result<Self> {
        let mut identities = deviation::open(&cutover.target, Side::Source)
            .await
            .doing("reading what was changed on the source")?;
        // The reverse stream needs them as they are; of the old source, "finish" gives back what it had.
        let are_due = !has_way_back && cutover.migration.direction == Direction::Forward;
        identities.retain(|deviation| are_due && deviation.kind == "replica-identity");
        Ok(Self {
            identities,
            has_way_back,
            sequences: cutover.sequences.iter().map(|sequence| sequence.oid).collect(),
            held: held::builds(&cutover.target)
                .await
                .doing("reading what was held until the cutover")?,
            deviations: deviation::open(&cutover.target, Side::Target)
                .await
                .doing("reading what was disabled on the target")?,
        })
    }

    /// The values of the selected sequences, which nobody can move now.
    pub(super) async fn read_sequences(&self, fence: &Fence) -> Result<Vec<Sequence>> {
        let mut values = sequences(fence.session())
            .await
            .doing("reading the source's sequences")?;
        values.retain(|sequence| self.sequences.contains(&sequence.oid));
        Ok(values)
    }

    /// Sets every sequence ahead of the source's; harmless while the target is not open.
    pub(super) async fn set_sequences(
        &self,
        cutover: &Cutover<'_>,
        values: &[Sequence],
    ) -> Result<SequencesSet> {
        let outcome = load::set_sequences(&cutover.target, values, cutover.options.sequence_margin).await?;
        let left = outcome
            .missing
            .iter()
            .chain(&outcome.unreadable)
            .map(QualifiedName::plain);
        let left: Vec<_> = left.collect();
        if left.is_empty() {
            return Ok(outcome);
        }
        Err(EngineError::stopped(
            format!("{} cannot be set on the target", counted(left.len(), "sequence")),
            format!(
                "They are missing there or cannot be read on the source: {}.",
                left.join(", ")
            ),
            "create them on the target, or grant select on them to the source role, then cut over again",
        ))
    }

    /// Puts triggers and keys in their final state and writes that down, in a transaction that stays open. All in one flight:
    /// what fails makes the rest fail.
    pub(super) async fn begin(&self, target: &Session) -> Result<()> {
        let quick = || self.held.iter().filter(|build| build.is_quick());
        let former = self.deviations.iter().chain(&self.identities);
        let former = undo::statements(former.flat_map(|deviation| &deviation.undo));
        let statements: Vec<&str> = former
            .iter()
            .chain(quick().flat_map(|build| &build.statements))
            .map(String::as_str)
            .collect();
        let undone: Vec<i64> = self.deviations.iter().map(|deviation| deviation.id).collect();
        let done: Vec<i64> = quick().map(|build| build.id).collect();
        tokio::try_join!(
            biased;
            opening::begin(target, &statements),
            deviation::undone(target, &undone),
            held::mark_done(&**target, &done),
        )
        .doing("preparing the target")
        .map(drop)
    }

    /// Commits: from here on the application lives on the target.
    /// A target that hangs before the COMMIT is sent opens nothing; once it is sent, only the target knows.
    pub(super) async fn commit(&self, cutover: &mut Cutover<'_>, stopwatch: &Stopwatch) -> Result<()> {
        let from = if cutover.retreat.is_decided() {
            Phase::Opening
        } else {
            Phase::Cutover
        };
        let writing = async { Ok(self.write(&cutover.target, from).await) };
        let written = if cutover.retreat.is_decided() {
            writing.await?
        } else {
            stopwatch.within(cutover.options.max_pause, writing).await?
        };
        let committed = match written {
            Ok(true) => opening::commit(&cutover.target).await.map(|()| true),
            other => other,
        };
        let error = match committed {
            Ok(true) => {
                cutover.retreat = cutover.retreat.decided();
                return Ok(());
            }
            Ok(false) => {
                return Err(EngineError::stopped(
                    "the cutover was undone by another process before the target could be opened",
                    "The target is not open.",
                    "see \"transhume status\", then cut over again",
                ));
            }
            Err(error) => error,
        };
        if error.server().is_some() {
            return Err(error).doing("opening the target");
        }
        cutover.retreat = cutover.retreat.unanswered();
        let decided = committed_after_all(cutover).await?;
        cutover.target = decided.session;
        if decided.is_open {
            cutover.retreat = cutover.retreat.decided();
            return Ok(());
        }
        cutover.retreat = cutover.retreat.answered();
        Err(error).doing("opening the target")
    }

    /// False, with nothing committed, where the phase is not the cutover's any more.
    async fn write(&self, target: &Session, from: Phase) -> std::result::Result<bool, PgError> {
        // One flight.
        let way_back = async {
            if self.has_way_back {
                way_back::set_open(&**target).await
            } else {
                Ok(())
            }
        };
        let ((), is_ours) =
            tokio::try_join!(biased; way_back, migration::advance(&**target, from, Phase::Done))?;
        if !is_ours {
            return Ok(false);
        }
        reach(Point::OpeningWritten).await;
        Ok(true)
    }

    /// What may take its time once the application is there; a failure is a finding, not an undoing.
    pub(super) async fn after(&self, cutover: &mut Cutover<'_>, report: &mut CutoverReport) {
        for build in self.held.iter().filter(|build| !build.is_quick()) {
            cutover.reporter.step(format!("after opening: {}", build.name));
            if let Err(error) = held::run(&mut cutover.target, build).await {
                report.findings.push(Finding::warning(
                    "after-opening",
                    &build.name,
                    format!("could not be completed: {error}"),
                    Remedy::run(build.statements.join(";\n")),
                ));
            }
        }
    }
}

/// The same for an offline migration, whose source nobody writes: there is no fence, and what takes its time is done before
/// anybody comes.
pub(crate) async fn open_offline(target: &mut Session, reporter: &Reporter) -> Result<()> {
    let opening = Opening {
        held: held::builds(target)
            .await
            .doing("reading what was held until the target is opened")?,
        deviations: deviation::open(target, Side::Target)
            .await
            .doing("reading what was disabled on the target")?,
        identities: Vec::new(),
        sequences: HashSet::new(),
        has_way_back: false,
    };
    for build in opening.held.iter().filter(|build| !build.is_quick()) {
        held::run(target, build)
            .await
            .doing(format!("building {}", build.name))?;
        reporter.step(format!("built {}", build.name));
    }
    opening.begin(target).await?;
    let moved = async {
        Ok(
            migration::advance(&**target, Phase::Follow, Phase::Cutover).await?
                && migration::advance(&**target, Phase::Cutover, Phase::Done).await?,
        )
    };
    let moved: std::result::Result<bool, PgError> = moved.await;
    if !moved.doing("opening the target")? {
        opening::roll_back(target).await.doing("opening the target")?;
        return Err(EngineError::stopped(
            "the migration was moved by another process meanwhile",
            "The target is not open.",
            "see \"transhume status\"",
        ));
    }
    opening::commit(target).await.doing("opening the target")
}

/// Brings materialized views up to date before the fence: inside the pause they would cost too much,
/// and the application refreshes them by itself afterwards as it always did.
pub(super) async fn refresh_views(cutover: &Cutover<'_>) -> Result<()> {
    let views = materialized_views(&cutover.target)
        .await
        .doing("reading the target's materialized views")?;
    for view in views.iter().filter(|view| view.populated) {
        opening::refresh(&cutover.target, &view.name)
            .await
            .doing(format!("refreshing {}", view.name.plain()))?;
        cutover.reporter.step(format!("refreshed {}", view.name.plain()));
    }
    Ok(())
}

/// What became of a commit whose answer was lost.
struct Decided {
    session: Session,
    is_open: bool,
}

/// Only the phase on the target says whether it took place, and only once the backend that was to commit is gone.
async fn committed_after_all(cutover: &Cutover<'_>) -> Result<Decided> {
    let wait = Wait::up_to(OUTCOME_PATIENCE, OUTCOME_INTERVAL);
    loop {
        let outcome = decide(cutover).await;
        let Err(error) = outcome else { return outcome };
        if !wait.rest().await {
            return Err(EngineError::stopped(
                "it is not known whether the target was opened",
                format!("The connection was lost while the cutover was being committed: {error}."),
                "when the target answers again, see \"transhume status\": in phase done the application belongs \
                 there, in phase cutover \"transhume run\" opens the source again",
            ));
        }
    }
}

async fn decide(cutover: &Cutover<'_>) -> Result<Decided> {
    let session = cutover
        .endpoints
        .target_session(&cutover.migration.id, "cutover")
        .await?;
    let asking = "asking whether the target was opened";
    opening::end_lost_session(&session, cutover.target.backend_pid())
        .await
        .doing(asking)?;
    let phase = migration::final_phase(&session).await.doing(asking)?;
    Ok(Decided {
        is_open: phase == Some(Phase::Done),
        session,
    })
}
