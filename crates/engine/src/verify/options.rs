//! What a verification is asked to do.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use transhume_core::{roles::RoleMap, sides::Sides};

use crate::follow::SpillOptions;

/// Which tables, and how closely.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Full,
    /// Some rows of every large table, for a first look.
    Sample,
    /// Only what has changed since it was last found equal.
    SinceLast,
    /// Without a hold on apply and without a consistent point: what differs at first sight is read again.
    Recheck,
}

impl Mode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Sample => "sample",
            Self::SinceLast => "since-last",
            Self::Recheck => "recheck",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        [Self::Full, Self::Sample, Self::SinceLast, Self::Recheck]
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or(UnknownMode)
    }
}

/// No mode has this name.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("give full, sample, since-last or recheck")]
pub struct UnknownMode;

/// What this process is to the verification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    #[default]
    Begins,
    /// Goes on with the last one where it did not end.
    Resumes,
    /// Helps another process with its verification.
    Joins,
}

#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Pairs of sessions that compare at once.
    pub comparers: usize,
    pub mode: Mode,
    /// Patterns as in the selection; empty for all that the migration has.
    pub tables: Vec<String>,
    /// What roles are called on the target, without a migration that remembers it.
    pub roles: RoleMap,
    /// Show the values of the columns that differ. They are the application's data.
    pub show_values: bool,
    /// Rows that are named for each table; all are counted.
    pub most_rows: usize,
    /// Rewrite the named rows on the target from the source's.
    pub repair: bool,
    /// Bytes a second that are read on each side; 0 for no limit.
    pub rate_limit: u64,
    /// Bytes of a table that are read by one claim; none for a size that suits.
    pub part_bytes: Option<u64>,
    /// How long apply is held at most for the source to give a consistent point.
    pub hold_timeout: Duration,
    /// Check all foreign keys against their rows, not only those that nothing has checked.
    pub all_constraints: bool,
    pub role: Role,
    /// Exported snapshots of the source and the target that belong together.
    pub snapshots: Option<Sides<String>>,
    /// For a follower of our own, where no runner lives.
    pub spill: SpillOptions,
}

/// What all who take part do alike.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) show_values: bool,
    pub(super) most_rows: usize,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            // Each pair keeps one core busy on either server; two leave room for the application.
            comparers: 2,
            mode: Mode::Full,
            tables: Vec::new(),
            roles: RoleMap::default(),
            show_values: false,
            // A screen or two for each table; who needs more asks for it.
            most_rows: 100,
            repair: false,
            rate_limit: 0,
            part_bytes: None,
            // The lag grows meanwhile; transactions that take longer are waited for without a hold.
            hold_timeout: Duration::from_secs(10),
            all_constraints: false,
            role: Role::Begins,
            snapshots: None,
            spill: SpillOptions::default(),
        }
    }
}

impl VerifyOptions {
    /// Single tables are looked at for their rows.
    pub(super) fn compares_objects(&self) -> bool {
        self.tables.is_empty()
    }

    /// As it is recorded: only a verification of everything says that both sides are equal.
    pub(super) fn mode_name(&self) -> &'static str {
        match self.mode {
            Mode::Sample => Mode::Sample.name(),
            _ if !self.tables.is_empty() => "tables",
            mode => mode.name(),
        }
    }
}
