//! `finish` and `abort`: removing everything that a migration made on both sides.
//!
//! `finish` comes after a cutover: the old source stays closed to writers, and how to open it is
//! said. `abort` comes instead of one: the source is as it was before, and so is the target unless it
//! is to keep what was copied. Both can be run again after any failure; the state schema goes last,
//! since it is what knows of the rest.

use std::{path::PathBuf, time::Duration};

use serde::Serialize;
use transhume_core::{command::Command, phase::Phase};
use transhume_pg::{
    fence, large_objects,
    session::Session,
    slot,
    state::{
        command,
        deviation::{self, Deviation, Side},
        migration::{self, Migration},
        runner,
    },
};

use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    present::migration_on,
    report::Reporter,
    run::selector,
    runner::lock,
    schema::{self, SchemaOptions, SchemaWork},
};

/// How long a runner elsewhere may take to end in order.
const RUNNER_PATIENCE: Duration = Duration::from_secs(30);

/// What was removed, and what was left on purpose.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Removal {
    pub removed: Vec<String>,
    /// Each with the statements that would remove it too.
    pub left: Vec<Left>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Left {
    pub description: String,
    pub statements: Vec<String>,
}

/// Ends a migration after its cutover.
pub async fn finish(endpoints: &Endpoints, reporter: &Reporter) -> Result<Removal> {
    let mut ending = Ending::begin(endpoints, reporter).await?;
    if ending.migration.phase != Phase::Done {
        return Err(EngineError::refused(
            format!(
                "the migration is in phase {}, the application still lives on the source",
                ending.migration.phase
            ),
            "cut over first, or use \"transhume abort\" to give the migration up",
        ));
    }
    ending.stop_runner().await?;
    ending.undo_source(|deviation| deviation.kind != "fence").await?;
    ending.drop_state().await?;
    Ok(ending.removal)
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
    let mut ending = Ending::begin(endpoints, reporter).await?;
    if ending.migration.phase == Phase::Done {
        return Err(EngineError::refused(
            "the application has been cut over to the target",
            "use \"transhume finish\" to remove what the migration made",
        ));
    }
    ending.stop_runner().await?;
    if options.keep_target {
        ending.undo_target().await?;
        ending.keep_target();
    } else {
        // First, since it may be refused: then nothing has changed and the migration can go on.
        ending.remove_objects(endpoints, options, cancellation).await?;
    }
    ending.undo_source(|_| true).await?;
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
        let target = endpoints.target_session("finish", "finish").await?;
        let migration = migration_on(&target).await?;
        let source = endpoints.source_session(&migration.id, "finish").await?;
        let identity = crate::run::source_identity(endpoints, &source).await?;
        if identity.system != migration.identity.system
            || identity.database_oid != migration.identity.database_oid
        {
            return Err(EngineError::refused(
                "the migration on the target belongs to another source",
                "check --source: slot and publication are to be removed there",
            ));
        }
        Ok(Self {
            reporter,
            source,
            target,
            migration,
            removal: Removal::default(),
        })
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
        lock(&self.target).await
    }

    async fn wait_until_unlocked(&self) -> Result<()> {
        let deadline = tokio::time::Instant::now() + RUNNER_PATIENCE;
        while runner::is_locked(&self.target)
            .await
            .doing("looking for a runner")?
            && tokio::time::Instant::now() < deadline
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
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
                    statements: deviation.undo,
                });
                continue;
            }
            if deviation.kind == "slot" {
                slot::drop(&self.source, &deviation.object).await.map(|_| ())
            } else {
                fence::run_all(&self.source, &deviation.undo).await
            }
            .doing(format!("undoing on the source: {}", deviation.description))?;
            self.undone("source", &deviation).await?;
        }
        Ok(())
    }

    async fn undo_target(&mut self) -> Result<()> {
        let open = deviation::open(&self.target, Side::Target)
            .await
            .doing("reading what was set aside on the target")?;
        for deviation in open {
            fence::run_all(&self.target, &deviation.undo)
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
                .push(format!("target: {large_objects} large objects"));
        }
        Ok(())
    }

    fn keep_target(&mut self) {
        self.removal.left.push(Left {
            description: "tables and other objects on the target, with the rows copied so far".to_owned(),
            statements: Vec::new(),
        });
    }

    async fn undone(&mut self, side: &str, deviation: &Deviation) -> Result<()> {
        deviation::undone(&*self.target, deviation.id)
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
            .doing("removing the schema transhume on the target")?;
        self.removal.removed.push("target: schema transhume".to_owned());
        self.reporter
            .step(format!("migration {} is over", self.migration.id));
        Ok(())
    }
}
