//! `run`: drives a migration phase by phase up to following, and resumes wherever it stands.
//!
//! Everything that must survive is on the target; this loop reads the phase, does its work, and
//! reads it again. A kill at any point leaves the phase where it was, and each phase's work looks at
//! what is already done.

mod additions;
mod offline;
mod phases;
mod plan;
mod reopen;
mod selected;
mod stop;
mod tables;
mod watch;
mod ways;

use serde::Serialize;
use transhume_core::{
    assess::minor,
    direction::Direction,
    finding::Finding,
    phase::Phase,
    selection::{Selection, Selector},
    table::Table,
};
use transhume_pg::{
    catalog::tables::tables,
    connection::{names, quiet::silence_event_triggers, session::Session, snapshot::SnapshotHolder},
    state::{
        exception, history,
        migration::{self, Migration, NewMigration},
        runner,
    },
};
use transhume_wire::lsn::Lsn;

use self::selected::{decide, refuse_other_selection, with_refused};
pub use self::{
    plan::{ClientPrograms, LeftOut, Plan, Resuming, TablePlan, plan},
    ways::run,
};
use crate::{
    assess::{self, Depth, Prior, Way},
    cancel::Cancellation,
    cutover::{self, application::PgBouncerOptions},
    door,
    endpoints::{Endpoints, Sessions, replica_role},
    error::{Doing, EngineError, Result},
    follow::FollowOptions,
    load::{LoadContext, LoadOptions},
    prepare::identity::source_identity,
    report::{Report, Reporter},
    runner::{host_name, lock, lock_when_free},
    schema::{SchemaOptions, SchemaWork},
    selection::selector,
    stopped, succession,
};

/// The line of `transhume.history` with what was forecast of the move.
pub(crate) const FORECAST: &str = "forecast";

#[derive(Debug, Clone)]
pub struct RunOptions {
    pub selection: Selection,
    pub load: LoadOptions,
    pub follow: FollowOptions,
    /// To let clients go on that a cutover which died has left waiting.
    pub pgbouncer: Option<PgBouncerOptions>,
    /// Directory of pg_dump and pg_restore; found by itself where not given.
    pub programs: Option<std::path::PathBuf>,
    /// End once the target has caught up instead of following on.
    pub until_caught_up: bool,
    /// A new migration gets no slot and no publication: whoever writes to the source has been stopped.
    pub offline: bool,
    /// How thoroughly both ends are looked at before a new migration begins.
    pub depth: Depth,
}

impl RunOptions {
    fn way(&self) -> Way {
        if self.offline {
            Way::Offline
        } else {
            Way::Following
        }
    }
}

/// Why a run ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunReason {
    CaughtUp,
    /// All of an offline migration is on the target and was found equal.
    Moved,
    /// The application lives on the target.
    Done,
    /// It went back to the old source.
    FallenBack,
    /// Another process asked the runner to stop.
    Stopped,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct RunEnd {
    pub migration: String,
    pub phase: Phase,
    pub frontier: Lsn,
    pub reason: RunReason,
    /// Changes that are stored instead of being applied.
    pub exceptions: u64,
}

/// Whether a run opens because an operator asks for it, or because it lost a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RunOpening {
    First,
    Again,
}

/// What the phases of a run work with.
pub(crate) struct Run<'run> {
    direction: Direction,
    opening: RunOpening,
    pub(crate) endpoints: &'run Endpoints,
    pub(crate) options: &'run RunOptions,
    pub(crate) reporter: &'run Reporter,
    pub(crate) cancellation: &'run Cancellation,
    pub(crate) source: Session,
    /// Holds the runner's lock.
    pub(crate) target: Session,
    pub(crate) migration: Migration,
    pub(crate) selector: Selector,
    /// All tables of the source, where this process has just read them for the assessment.
    pub(crate) assessed: Option<Vec<Table>>,
    /// The target lets us switch triggers and foreign keys off for a session.
    pub(crate) replica_role: bool,
    schema_options: SchemaOptions,
    /// Snapshot that schema and rows are read under, while this process holds one.
    pub(crate) holder: Option<SnapshotHolder>,
}

impl<'run> Run<'run> {
    async fn open(
        endpoints: &'run Endpoints,
        options: &'run RunOptions,
        direction: Direction,
        opening: RunOpening,
        (reporter, cancellation): (&'run Reporter, &'run Cancellation),
    ) -> Result<Self> {
        let target = endpoints.target_session("run", "control").await?;
        let (migration, begun) = match migration::read(&target).await.doing("reading the migration")? {
            Some(migration) => (migration, None),
            // Whoever removed it meanwhile does not want another one.
            None if direction == Direction::Reverse || opening == RunOpening::Again => return Err(gone()),
            None => {
                let (migration, begun) = Box::pin(start(endpoints, options, &target, reporter)).await?;
                (migration, Some(begun))
            }
        };
        if direction == Direction::Forward {
            door::refuse_exchanged(endpoints, &migration)?;
        }
        match opening {
            RunOpening::First => lock(&target, reporter).await?,
            RunOpening::Again => lock_when_free(&target, reporter, cancellation).await?,
        }
        // Whoever held the lock until now may have gone on, or ended it.
        let migration = reread(&target, &migration.id).await?;
        let (prior, source) = match begun {
            Some(Begun { prior, source }) => (Some(prior), source),
            None if opening == RunOpening::Again => {
                let telling = (reporter, cancellation);
                (
                    None,
                    reopen::source(endpoints, &migration.id, &target, telling).await?,
                )
            }
            None => (None, endpoints.source_session(&migration.id, "control").await?),
        };
        door::admit(endpoints, &migration, Sessions::of(&source, &target)).await?;
        succession::known(endpoints, Sessions::of(&source, &target), reporter).await?;
        // As it is behind a fail-over.
        let migration = reread(&target, &migration.id).await?;
        refuse_other_selection(&migration, options, &source).await?;
        offline::refuse_followed(&migration, options)?;
        cutover::opening_mark::refuse_lost(&source, &target, &migration).await?;
        let mut migration = migration;
        decide(&target, &mut migration, &options.selection).await?;
        let host = host_name();
        // Sent one after the other without waiting, in this order: what is tried may be refused, and is rolled back then.
        let ((), (), replica_role) = tokio::try_join!(
            biased;
            async { runner::register(&target, &host).await.doing("registering as the runner") },
            async { stopped::forget(&target).await.doing("forgetting why the last run stopped") },
            replica_role(&target),
        )?;
        let selector = selector(&migration.selection)?;
        Ok(Self {
            direction,
            opening,
            endpoints,
            options,
            reporter,
            cancellation,
            source,
            target,
            migration,
            selector,
            schema_options: SchemaOptions::new(options.programs.clone(), replica_role)
                .found(prior.as_ref().and_then(|prior| prior.programs.clone())),
            assessed: prior.map(|prior| prior.tables),
            replica_role,
            holder: None,
        })
    }

    /// Drives, and opens everything anew after a failure that passes.
    async fn persist(self) -> Result<RunEnd> {
        let (endpoints, options, direction) = (self.endpoints, self.options, self.direction);
        let (reporter, cancellation) = (self.reporter, self.cancellation);
        let mut run = self;
        loop {
            let error = match run.drive().await {
                Ok(end) => return Ok(end),
                Err(error) => error,
            };
            // With the session the runner's lock is gone: all is taken up anew, or left to who has it now.
            drop(run);
            run = reopen::after(
                error,
                || {
                    let telling = (reporter, cancellation);
                    Self::open(endpoints, options, direction, RunOpening::Again, telling)
                },
                reporter,
                cancellation,
            )
            .await?;
        }
    }

    /// Phase by phase, until there is a reason to end.
    async fn drive(&mut self) -> Result<RunEnd> {
        loop {
            if self.cancellation.is_cancelled() {
                return Err(EngineError::Interrupted);
            }
            self.reporter.send(Report::Phase {
                phase: self.migration.phase,
            });
            if let Some(reason) = self.phase().await? {
                self.reread().await?;
                let exceptions = exception::count(&*self.target).await;
                return Ok(RunEnd {
                    migration: self.migration.id.clone(),
                    phase: self.migration.phase,
                    frontier: self.migration.frontier,
                    reason,
                    exceptions: exceptions.doing("counting stored changes")?,
                });
            }
            self.reread().await?;
        }
    }

    async fn reread(&mut self) -> Result<()> {
        self.migration = reread(&self.target, &self.migration.id).await?;
        self.selector = selector(&self.migration.selection)?;
        Ok(())
    }

    fn schema_work(&self) -> SchemaWork<'_> {
        SchemaWork {
            endpoints: self.endpoints,
            migration: &self.migration,
            selector: &self.selector,
            options: &self.schema_options,
            reporter: self.reporter,
            cancellation: self.cancellation,
            addition: None,
        }
    }

    fn load_context(&self) -> LoadContext<'_> {
        LoadContext {
            endpoints: self.endpoints,
            migration: &self.migration,
            options: &self.options.load,
            reporter: self.reporter,
            cancellation: self.cancellation,
        }
    }
}

/// The same migration as it is now.
async fn reread(target: &Session, id: &str) -> Result<Migration> {
    migration::read(target)
        .await
        .doing("reading the migration")?
        .filter(|migration| migration.id == id)
        .ok_or_else(gone)
}

fn gone() -> EngineError {
    EngineError::stopped("the migration was removed meanwhile", "", "nothing is left to do")
}

/// What beginning a migration leaves to its run.
struct Begun {
    prior: Prior,
    source: Session,
}

/// Assesses both ends and writes the first state; nothing is written where a blocker is found.
async fn start(
    endpoints: &Endpoints,
    options: &RunOptions,
    target: &Session,
    reporter: &Reporter,
) -> Result<(Migration, Begun)> {
    let assessment = assess::assess(
        endpoints,
        &options.selection,
        options.programs.as_deref(),
        (options.depth, options.way()),
        reporter,
    )
    .await?;
    if assessment.has_blockers() {
        return Err(EngineError::Blocked(assessment.blockers()));
    }
    // What the dump tells again, on whatever machine it runs, is not told twice.
    let reported_later = |finding: &Finding| finding.code == minor::PROGRAMS;
    for finding in assessment
        .warnings()
        .into_iter()
        .filter(|finding| !reported_later(finding))
    {
        reporter.send(Report::Finding { finding });
    }
    let id = migration::new_id(target).await.doing("choosing an id")?;
    let source = endpoints.source_session(&id, "control").await?;
    let new = NewMigration {
        slot_name: names::slot(&id),
        publication_name: names::publication(&id),
        identity: source_identity(endpoints, &source).await?,
        source_label: endpoints.source.to_string(),
        selection: with_refused(&assessment.prior.selection, &assessment.prior.left_out),
        id,
    };
    // The control session writes rows later, and keeps its triggers.
    let mut quiet = endpoints.target_session(&new.id, "control").await?;
    silence_event_triggers(&quiet)
        .await
        .doing("keeping event triggers of the target silent")?;
    migration::create(&mut quiet, &new)
        .await
        .doing("creating the schema transhume on the target")?;
    quiet.close().await;
    let detail =
        serde_json::json!({ "program": env!("CARGO_PKG_VERSION"), "source": endpoints.source.to_string() });
    history::add(&**target, "started", &detail)
        .await
        .doing("recording the start")?;
    if let Some(forecast) = &assessment.forecast {
        history::add(&**target, FORECAST, &serde_json::json!(forecast))
            .await
            .doing("recording the forecast")?;
    }
    reporter.step(format!("migration {} begins", new.id));
    let migration = migration::read(target)
        .await
        .doing("reading the migration")?
        .ok_or_else(|| EngineError::stopped("the new migration cannot be read", "", "report this"))?;
    let begun = Begun {
        prior: assessment.prior,
        source,
    };
    Ok((migration, begun))
}
