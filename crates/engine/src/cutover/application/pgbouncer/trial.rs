//! A trial login through PgBouncer to where its clients are to be led, by an entry of its own beside theirs.
//!
//! The clients' entry stays as it is: a PgBouncer that starts again meanwhile leads them to the source as ever. Who logs in is the
//! console's user. A server that is not reached, or another one, is a failure; that this user may not log in says nothing about
//! the clients, whose passwords nobody here knows, and is only told.

use std::time::Duration;

use transhume_core::{cutover::pgbouncer_file::with_trial, finding::Finding};
use transhume_pg::{
    connection::{error::PgError, names, session::Session},
    cutover::pgbouncer::{is_served_by, log_in},
};

use super::{PgBouncer, file, unusable_entry};
use crate::error::{Doing, EngineError, Result};

/// Its name in the file; no database of an application is called so.
pub(super) const ENTRY: &str = "transhume_trial";

/// A login over a long way takes a tenth of that; writers wait for it, at worst, once.
const PATIENCE: Duration = Duration::from_secs(3);

/// Class invalid_authorization_specification: the user is not known there, or its password is another.
const AUTHORIZATION: &str = "28";

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trial {
    None,
    /// The entry is in the file.
    Entered,
    /// And leads to the target.
    Passed,
}

impl PgBouncer {
    /// Puts the entry there and logs in through it.
    pub(in crate::cutover::application) async fn try_out(
        &mut self,
        target: &Session,
    ) -> Result<Option<Finding>> {
        let text = with_trial(&self.former, &self.database, ENTRY, &self.entry)
            .map_err(|error| unusable_entry(&self.options, &error))?;
        file::stage(&self.options.file, &text)?;
        self.trial = Trial::Entered;
        file::take_over(&self.options.file)?;
        self.console.reload().await.doing("RELOAD of PgBouncer")?;
        let Some(process) = self.log_in().await? else {
            return Ok(Some(self.not_conclusive()));
        };
        if !is_served_by(target, process)
            .await
            .doing("looking for the trial login on the target")?
        {
            return Err(EngineError::stopped(
                format!(
                    "the new entry of {} leads to another server than the target",
                    self.database
                ),
                "A trial login through it did not arrive there.",
                "correct cutover.pgbouncer.entry, or the target's address as PgBouncer's machine resolves it",
            ));
        }
        self.trial = Trial::Passed;
        Ok(None)
    }

    /// While clients are held; nothing where the first one was not conclusive.
    pub(in crate::cutover::application) async fn try_again(&self) -> Result<()> {
        if self.trial == Trial::Passed {
            self.log_in().await?;
        }
        Ok(())
    }

    /// Takes the entry out of the file again.
    pub(super) async fn end_trial(&mut self) -> Result<()> {
        if self.trial == Trial::None {
            return Ok(());
        }
        file::stage(&self.options.file, &self.former)?;
        file::take_over(&self.options.file)?;
        self.trial = Trial::None;
        // It starts again with the file as it is now, where it does not answer.
        let _ = self.console.reload().await;
        Ok(())
    }

    /// None where this user may not log in there.
    async fn log_in(&self) -> Result<Option<i32>> {
        let settings = self.options.admin.clone().with_database(ENTRY);
        let name = names::application_name("cutover", "trial");
        let reason = match tokio::time::timeout(PATIENCE, log_in(&settings, &name)).await {
            Ok(Ok(process)) => return Ok(Some(process)),
            Ok(Err(error)) if is_about_the_user(&error) => return Ok(None),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        Err(EngineError::stopped(
            format!("clients could not log in on the target through PgBouncer: {reason}"),
            format!("A trial login through the new entry of {} failed.", self.database),
            "see that PgBouncer's machine reaches the target (address, access rules, TLS), or give cutover.pgbouncer.entry",
        ))
    }

    fn not_conclusive(&self) -> Finding {
        Finding::warning(
            "trial-login",
            &self.database,
            format!(
                "whether clients can log in on the target through PgBouncer is not known: the console's user {} may not",
                self.options.admin.user()
            ),
            "create that role on the target, or try a client's login there by hand",
        )
    }
}

fn is_about_the_user(error: &PgError) -> bool {
    error
        .sqlstate()
        .is_some_and(|state| state.starts_with(AUTHORIZATION))
}
