//! PgBouncer and hooks: the flags and settings of what stands between the application and its database.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use transhume_engine::{
    conninfo::{ConnectionSettings, Environment},
    cutover::application::{ApplicationOptions, Hooks, Moment, PgBouncerOptions},
};

use crate::{
    failure::{Failure, Result, with_causes},
    settings::{Config, replace},
    show::quantity::Span,
};

/// Longest that running transactions may take to end once PgBouncer pauses: new ones wait as long.
const PAUSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);

/// What a file may say of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct ApplicationSettings {
    pub(crate) admin: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) entry: Option<String>,
    pub(crate) timeout: Option<Span>,
    pub(crate) hooks: BTreeMap<Moment, String>,
    pub(crate) hook_timeout: Option<Span>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "PgBouncer")]
#[expect(clippy::struct_field_names, reason = "a flag is called as its field")]
pub(crate) struct PgBouncerArguments {
    #[arg(long, value_name = "URL")]
    pgbouncer_admin: Option<String>,
    #[arg(long, value_name = "NAME")]
    pgbouncer_database: Option<String>,
    #[arg(long, value_name = "FILE")]
    pgbouncer_file: Option<PathBuf>,
    #[arg(long, value_name = "ENTRY")]
    pgbouncer_entry: Option<String>,
    #[arg(long, value_name = "DURATION")]
    pgbouncer_timeout: Option<Span>,
}

/// A command for the shell, or an address to POST to; both get the facts as JSON.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hooks")]
#[expect(clippy::struct_field_names, reason = "a flag is called as its field")]
pub(crate) struct HookArguments {
    #[arg(long, value_name = "ACTION")]
    hook_before_fence: Option<String>,
    #[arg(long, value_name = "ACTION")]
    hook_fenced: Option<String>,
    #[arg(long, value_name = "ACTION")]
    hook_drained: Option<String>,
    #[arg(long, value_name = "ACTION")]
    hook_opened: Option<String>,
    #[arg(long, value_name = "ACTION")]
    hook_undone: Option<String>,
    #[arg(long, value_name = "DURATION")]
    hook_timeout: Option<Span>,
}

impl PgBouncerArguments {
    pub(crate) fn overlay(&self, settings: &mut Config) {
        let application = &mut settings.application;
        replace(&mut application.admin, self.pgbouncer_admin.as_ref());
        replace(&mut application.database, self.pgbouncer_database.as_ref());
        replace(&mut application.file, self.pgbouncer_file.as_ref());
        replace(&mut application.entry, self.pgbouncer_entry.as_ref());
        replace(&mut application.timeout, self.pgbouncer_timeout.as_ref());
    }
}

impl HookArguments {
    pub(crate) fn overlay(&self, settings: &mut Config) {
        let application = &mut settings.application;
        for (moment, action) in [
            (Moment::BeforeFence, &self.hook_before_fence),
            (Moment::Fenced, &self.hook_fenced),
            (Moment::Drained, &self.hook_drained),
            (Moment::Opened, &self.hook_opened),
            (Moment::Undone, &self.hook_undone),
        ] {
            if let Some(action) = action {
                application.hooks.insert(moment, action.clone());
            }
        }
        replace(&mut application.hook_timeout, self.hook_timeout.as_ref());
    }
}

impl ApplicationSettings {
    pub(crate) fn options(&self) -> Result<ApplicationOptions> {
        let default = Hooks::default();
        Ok(ApplicationOptions {
            pgbouncer: self.pgbouncer()?,
            hooks: Hooks {
                actions: self.hooks.clone(),
                timeout: self.hook_timeout.map_or(default.timeout, |span| span.0),
            },
        })
    }

    /// None where nothing is said of it; half of it is a mistake.
    pub(crate) fn pgbouncer(&self) -> Result<Option<PgBouncerOptions>> {
        let (admin, file) = match (&self.admin, &self.file) {
            (None, None) => return Ok(None),
            (Some(admin), Some(file)) => (admin, file),
            _ => {
                return Err(
                    Failure::new("PgBouncer needs both its admin console and its file").with_hint(
                        "set admin and file in [cutover.pgbouncer], or give --pgbouncer-admin and --pgbouncer-file",
                    ),
                );
            }
        };
        let admin = ConnectionSettings::parse(admin, &Environment::of_process())
            .map_err(|error| Failure::new(format!("PgBouncer's admin console: {}", with_causes(&error))))?;
        Ok(Some(PgBouncerOptions {
            admin,
            database: self.database.clone(),
            file: file.clone(),
            entry: self.entry.clone(),
            timeout: self.timeout.map_or(PAUSE_TIMEOUT, |span| span.0),
        }))
    }
}
