//! `finish` and `abort`: removing everything that a migration made on both sides.
//!
//! `finish` comes after a cutover: the old source stays closed to writers, and how to open it is
//! said. `abort` comes instead of one: the source is as it was before, and so is the target unless it
//! is to keep what was copied. Both can be run again after any failure; the state schema goes last,
//! since it is what knows of the rest.

use std::{path::PathBuf, time::Duration};

use serde::Serialize;
use transhume_core::{
    command::Command, count::counted, direction::Direction, guard::anew::GIVE_UP, phase::Phase,
};
use transhume_pg::{
    connection::{quiet::silence_event_triggers, session::Session},
    cutover::fence,
    follow::slot,
    state::{
        command,
        deviation::{self, Deviation, Side},
        load::large_objects,
        migration::{self, Migration},
        runner, undo,
    },
    wait::Wait,
};

use crate::{
    cancel::Cancellation,
    cutover::{close, fallback, opening_mark},
    door::{self, Past},
    endpoints::{Endpoints, Sessions},
    error::{Doing, EngineError, Result},
    facing,
    present::migration_on,
    report::Reporter,
    runner::lock,
    schema::{self, SchemaOptions, SchemaWork},
    selection::selector,
};

/// How long a runner elsewhere may take to end in order.
const RUNNER_PATIENCE: Duration = Duration::from_secs(30);

const RUNNER_POLL: Duration = Duration::from_millis(100);

/// What was removed, and what was left on purpose.
#[derive(Debug, Clone, Default, Serialize, schemars::JsonSchema)]
pub struct Removal {
    pub removed: Vec<String>,
    /// Each with the statements that would remove it too.
    pub left: Vec<Left>,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Left {
    pub description: String,
    pub statements: Vec<String>,
}

/// Ends a migration after its cutover, the way back included.
pub async fn finish(endpoints: &Endpoints, reporter: &Reporter) -> Result<Removal> {
    door::enter(endpoints, Past::ComparedElsewhere).await?;
    let mut ending = Ending::begin(endpoints, reporter).await?;
    refuse_before_cutover(ending.migration.phase)?;
    ending.stop_runner().await?;
    if facing::reverse_state(&ending.source, &ending.migration.id)
        .await?
        .is_some()
    {
        ending.end_way_back(endpoints).await?;
    }
    ending
        .undo_source(|deviation| deviation.kind != deviation::FENCE)
        .await?;
    opening_mark::forget(&ending.source, &ending.migration).await?;
    ending.drop_state().await?;
    Ok(ending.removal)
}

/// There is nothing to finish yet.
pub fn refuse_before_cutover(phase: Phase) -> Result<()> {
    if phase == Phase::Done {
        return Ok(());
    }
    Err(EngineError::refused(
        format!("the migration is in phase {phase}, the application still lives on the source"),
        format!("cut over first; else {GIVE_UP}"),
    ))
}

/// There is nothing to give up any more.
pub fn refuse_after_cutover(phase: Phase) -> Result<()> {
    if phase != Phase::Done {
        return Ok(());
    }
    Err(EngineError::refused(
        "the application has been cut over to the target",
        "use \"transhume fallback\" to move it back, and \"transhume finish\" to remove what the migration made",
    ))
}

#[derive(Debug, Clone, Default)]
pub struct AbortOptions {
    /// Leave what was restored and copied on the target.
    pub keep_target: bool,
    /// Directory of pg_dump and pg_restore; found by itself where not given.
    pub programs: Option<PathBuf>,
}

/// Gives a migration up: both sides become what they were.
pub async fn abort(
    endpoints: &Endpoints,
    options: &AbortOptions,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Removal> {
    door::enter(endpoints, Past::ComparedElsewhere).await?;
    let mut ending = Ending::begin(endpoints, reporter).await?;
    refuse_after_cutover(ending.migration.phase)?;
    // What the application may have written there is nobody's to drop.
    opening_mark::refuse_lost(&ending.source, &ending.target, &ending.migration).await?;
    ending.stop_runner().await?;
    // A cutover that died may have left a way back.
    fallback::disarm(&ending.source, &ending.target, &ending.migration.id).await?;
    if options.keep_target {
        ending.undo_target().await?;
        ending.keep_target();
    } else {
        // First, since it may be refused: then nothing has changed and the migration can go on.
        ending.remove_objects(endpoints, options, cancellation).await?;
    }
    ending.undo_source(|_| true).await?;
    opening_mark::forget(&ending.source, &ending.migration).await?;
    ending.drop_state().await?;
    Ok(ending.removal)
}

struct Ending<'run> {
    reporter: &'run Reporter,
    source: Session,
    target: Session,
    migration: Migration,
    removal: Removal,
}

impl<'run> Ending<'run> {
    async fn begin(endpoints: &Endpoints, reporter: &'run Reporter) -> Result<Self> {
        // Either side may have been closed, by a cutover or by a fallback.
        let endpoints = &endpoints.behind_fences();
        let target = endpoints.target_session("finish", "finish").await?;
        let migration = migration_on(&target).await?;
        let source = endpoints.source_session(&migration.id, "finish").await?;
        door::refuse_standbys(&source, &target)?;
        silence_event_triggers(&source)
            .await
            .doing("keeping event triggers of the source silent")?;
        door::admit_to_leave(endpoints, &migration, Sessions::of(&source, &target)).await?;
        Ok(Self {
            reporter,
            source,
            target,
            migration,
            removal: Removal::default(),
        })
    }

    /// The reverse stream and its state; the old source, where the application may live again, keeps its rows.
    async fn end_way_back(&mut self, endpoints: &Endpoints) -> Result<()> {
        let mut back = Box::pin(Self::begin(&endpoints.reversed(), self.reporter)).await?;
        if matches!(back.migration.phase, Phase::Cutover | Phase::Opening) {
            return Err(EngineError::refused(
                "a fallback is under way",
                "wait for its end, or start \"transhume run\", which undoes it where its process died",
            ));
        }
        back.stop_runner().await?;
        if back.migration.phase == Phase::Done {
            self.forget_closing().await?;
        }
        back.undo_source(|deviation| deviation.kind != deviation::FENCE)
            .await?;
        back.drop_state().await?;
        self.removal.removed.append(&mut back.removal.removed);
        self.removal.left.append(&mut back.removal.left);
        Ok(())
    }

    /// The fallback has opened the old source in the transaction that was its point of no return.
    async fn forget_closing(&self) -> Result<()> {
        let open = deviation::open(&self.target, Side::Source)
            .await
            .doing("reading what was changed on the source")?;
        for deviation in open
            .iter()
            .filter(|deviation| close::KINDS.contains(&deviation.kind.as_str()))
        {
            deviation::undone(&self.target, &[deviation.id])
                .await
                .doing("recording that the old source is open")?;
        }
        Ok(())
    }

    /// Asks a living runner to end and takes its lock, so that nothing is made anew meanwhile.
    async fn stop_runner(&mut self) -> Result<()> {
        if runner::is_locked(&self.target)
            .await
            .doing("looking for a runner")?
        {
            self.reporter.waiting("the runner to end");
            let request = command::request(&self.target, Command::Stop, Some(RUNNER_PATIENCE))
                .await
                .doing("asking the runner to end")?;
            // Whatever it answers, the lock below decides.
            let _ = command::await_answer(&mut self.target, request, RUNNER_PATIENCE)
                .await
                .doing("waiting for the runner to end")?;
            self.wait_until_unlocked().await?;
        }
        lock(&self.target, self.reporter).await
    }

    async fn wait_until_unlocked(&self) -> Result<()> {
        let wait = Wait::up_to(RUNNER_PATIENCE, RUNNER_POLL);
        while runner::is_locked(&self.target)
            .await
            .doing("looking for a runner")?
            && wait.rest().await
        {}
        Ok(())
    }

    async fn undo_source(&mut self, wanted: impl Fn(&Deviation) -> bool) -> Result<()> {
        let open = deviation::open(&self.target, Side::Source)
            .await
            .doing("reading what was changed on the source")?;
        for deviation in open {
            if !wanted(&deviation) {
                self.removal.left.push(Left {
                    description: deviation.description,
                    statements: undo::statements(&deviation.undo),
                });
                continue;
            }
            if deviation.kind == "slot" {
                slot::drop(&self.source, &deviation.object).await.map(|_| ())
            } else {
                fence::undo_all(&self.source, &deviation.undo).await
            }
            .doing(format!(
                "undoing on the {}: {}",
                self.source_name(),
                deviation.description
            ))?;
            let side = self.source_name();
            self.undone(side, &deviation).await?;
        }
        Ok(())
    }

    async fn undo_target(&mut self) -> Result<()> {
        let open = deviation::open(&self.target, Side::Target)
            .await
            .doing("reading what was disabled on the target")?;
        for deviation in open {
            fence::undo_all(&self.target, &deviation.undo)
                .await
                .doing(format!("undoing on the target: {}", deviation.description))?;
            self.undone("target", &deviation).await?;
        }
        Ok(())
    }

    /// What was set aside on the target goes with its tables.
    async fn remove_objects(
        &mut self,
        endpoints: &Endpoints,
        options: &AbortOptions,
        cancellation: &Cancellation,
    ) -> Result<()> {
        let removed = schema::remove(&SchemaWork {
            endpoints,
            migration: &self.migration,
            selector: &selector(&self.migration.selection)?,
            options: &SchemaOptions::new(options.programs.clone(), false),
            reporter: self.reporter,
            cancellation,
            addition: None,
        })
        .await?;
        self.removal
            .removed
            .extend(removed.map(|what| format!("target: {what}")));
        let large_objects = large_objects::remove_made(&self.target)
            .await
            .doing("removing the large objects of the migration from the target")?;
        if large_objects > 0 {
            self.removal
                .removed
                .push(format!("target: {}", counted(large_objects, "large object")));
        }
        Ok(())
    }

    fn keep_target(&mut self) {
        self.removal.left.push(Left {
            description: "tables and other objects on the target, with the rows copied so far".to_owned(),
            statements: Vec::new(),
        });
    }

    /// As people know it: on the way back the ends have changed places.
    fn source_name(&self) -> &'static str {
        match self.migration.direction {
            Direction::Forward => "source",
            Direction::Reverse => "target",
        }
    }

    async fn undone(&mut self, side: &str, deviation: &Deviation) -> Result<()> {
        deviation::undone(&self.target, &[deviation.id])
            .await
            .doing("recording what was undone")?;
        let line = format!("{side}: {}", deviation.description);
        self.reporter.step(format!("undone on the {line}"));
        self.removal.removed.push(line);
        Ok(())
    }

    async fn drop_state(&mut self) -> Result<()> {
        migration::drop_schema(&self.target)
            .await
            .doing("removing the schema transhume")?;
        let (side, what) = match self.migration.direction {
            Direction::Forward => ("target", "migration"),
            Direction::Reverse => ("old source", "reverse replication of migration"),
        };
        self.removal.removed.push(format!("{side}: schema transhume"));
        self.reporter
            .step(format!("{what} {} is over", self.migration.id));
        Ok(())
    }
}
