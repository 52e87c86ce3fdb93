//! A finding: one result of a check, with its evidence and its remedy.
//!
//! Codes are stable words that scripts may match, all in one list ([`codes`]); messages may change. A blocker always carries
//! a remedy (a test holds every producer to that).

pub mod codes;

use serde::{Deserialize, Serialize};

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
    /// SQL or a command that remedies it; empty where nothing needs doing.
    pub remedy: String,
}

impl Finding {
    pub fn pass(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Pass, "", message, "")
    }

    pub fn warning(code: &str, object: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, object, message, remedy)
    }

    pub fn blocker(code: &str, object: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(code, Severity::Blocker, object, message, remedy)
    }

    fn new(
        code: &str,
        severity: Severity,
        object: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        debug_assert!(
            codes::find(code).is_some(),
            "the finding code {code:?} is not in core's finding/codes.rs: add it there"
        );
        Self {
            code: code.to_owned(),
            severity,
            object: object.to_owned(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}
