//! A finding: one result of a check, with its evidence and its remedy.
//!
//! Codes are stable words that scripts may match, all in one list ([`codes`]); messages may change. A blocker always carries a
//! remedy (a test holds every producer to that). How it looks on a screen is the command line's (`show`).

pub mod codes;
mod remedy;
mod wording;
mod written_side;

use serde::{Deserialize, Serialize};

pub use self::{remedy::Remedy, written_side::WrittenSide};

/// How much a finding matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Looked at and found in order.
    Pass,
    /// The migration runs, but the operator should know.
    Warning,
    /// The migration cannot run, or would not be exact, until this is remedied.
    Blocker,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Blocker => "blocker",
        }
    }
}

/// One result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// Stable kebab-case word, for example `wal-level`.
    pub code: String,
    pub severity: Severity,
    /// What it is about: a table, a setting, a server; empty for the whole.
    pub object: String,
    /// One sentence with the evidence in it.
    pub message: String,
    /// What remedies it; empty where nothing needs doing.
    #[serde(flatten)]
    pub remedy: Remedy,
}
