//! `transhume.toml`: what it may hold, how it is read, and the commented file that `init` writes.
//!
//! [`keys`] defines every key once: its meaning, its default, its form and where it goes; flags, environment, reading, error
//! messages, the written file and the reference page all come from there. This module refuses nothing about precedence: that is
//! [`crate::settings`].

pub(crate) mod application;
mod databases;
mod expansion;
mod flags;
mod keys;
mod locate;
mod look;
mod notify;
#[cfg(test)]
mod page;
mod precedence;
mod read;
mod template;

use std::path::{Path, PathBuf};

use transhume_engine::{
    error_policy::ErrorAction,
    follow::{CarryOver, SchemaChanges},
    notify::Channel,
    roles::RoleMap,
    wal_retention::WalAction,
};

use crate::{
    failure::{Failure, Result},
    settings::application::ApplicationSettings,
    show::quantity::{Size, Span},
};

pub(crate) use self::{
    databases::Database,
    flags::described,
    look::{readable_by_others, unknown_variables},
    precedence::disagreements,
    template::{template, template_of_instance},
};

/// The file's name where none is given.
pub(crate) const DEFAULT_FILE: &str = "transhume.toml";

/// What a file says; `None` and empty where it says nothing.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) source: Option<String>,
    pub(crate) target: Option<String>,
    pub(crate) source_password_command: Option<String>,
    pub(crate) target_password_command: Option<String>,
    pub(crate) include: Option<Vec<String>>,
    pub(crate) exclude: Option<Vec<String>>,
    pub(crate) leave_out: Option<Vec<String>>,
    pub(crate) loaders: Option<u32>,
    pub(crate) builders: Option<u32>,
    pub(crate) part_size: Option<Size>,
    pub(crate) rate_limit: Option<Size>,
    pub(crate) snapshot_age_warning: Option<Span>,
    pub(crate) snapshot_renewal: Option<Span>,
    pub(crate) target_storage: Option<Size>,
    pub(crate) on_data_error: Option<ErrorAction>,
    pub(crate) on_conflict: Option<ErrorAction>,
    pub(crate) on_table_error: Option<ErrorAction>,
    pub(crate) carry_over: Option<Vec<CarryOver>>,
    pub(crate) schema_changes: Option<SchemaChanges>,
    pub(crate) wal_budget: Option<Size>,
    pub(crate) wal_action: Option<WalAction>,
    pub(crate) spill_directory: Option<PathBuf>,
    pub(crate) spill_limit: Option<Size>,
    pub(crate) early_from: Option<Size>,
    pub(crate) roles: Option<RoleMap>,
    pub(crate) programs: Option<PathBuf>,
    pub(crate) max_lag: Option<Size>,
    pub(crate) lock_timeout: Option<Span>,
    pub(crate) attempts: Option<u32>,
    pub(crate) drain_timeout: Option<Span>,
    pub(crate) max_pause: Option<Span>,
    pub(crate) sequence_margin: Option<i64>,
    pub(crate) verified_within: Option<Span>,
    pub(crate) application: ApplicationSettings,
    pub(crate) comparers: Option<usize>,
    pub(crate) compared_rate_limit: Option<Size>,
    pub(crate) hold_timeout: Option<Span>,
    pub(crate) named_rows: Option<usize>,
    /// Several databases, each a migration of its own; empty where the file is about one.
    pub(crate) databases: Vec<Database>,
    /// Who is told of what happens.
    pub(crate) notify: Vec<Channel>,
}

/// Puts a flag's value over the file's.
pub(crate) fn replace<T: Clone>(setting: &mut Option<T>, flag: Option<&T>) {
    if let Some(value) = flag {
        *setting = Some(value.clone());
    }
}

/// A file as far as it can be read.
pub(crate) struct ReadFile {
    /// None where there is none and none was named.
    pub(crate) path: Option<PathBuf>,
    pub(crate) config: Config,
    /// All that is wrong with it.
    pub(crate) failures: Vec<Failure>,
}

/// Reads the file that was named, or the default one if it is there.
pub(crate) fn load(named: Option<&Path>) -> Result<Config> {
    let read = read_all(named)?;
    match read.failures.into_iter().next() {
        Some(failure) => Err(failure),
        None => Ok(read.config),
    }
}

/// The same with all that is wrong; fails only where the file cannot be read at all.
pub(crate) fn read_all(named: Option<&Path>) -> Result<ReadFile> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(ReadFile {
                path: None,
                config: Config::default(),
                failures: Vec::new(),
            });
        }
        Err(error) => return Err(unreadable(path, &error)),
    };
    let (config, failures) = read::read_all(path, &text, &|name| std::env::var(name).ok());
    Ok(ReadFile {
        path: Some(path.to_owned()),
        config,
        failures,
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => {
            "check --config and TRANSHUME_CONFIG, or write a file with `transhume init`"
        }
        std::io::ErrorKind::PermissionDenied => "make the file readable for the user that runs transhume",
        std::io::ErrorKind::InvalidData => "save the file as UTF-8 text",
        _ => "check that the path names a readable file",
    };
    Failure::new(format!(
        "cannot read the configuration {}: {error}",
        path.display()
    ))
    .with_hint(hint)
}
