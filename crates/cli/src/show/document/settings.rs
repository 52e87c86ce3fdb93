//! What `config check` and `notify test` print: no migration is needed for either.

use schemars::JsonSchema;
use serde::Serialize;

/// What was found wrong with the settings in force.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Checked {
    pub(crate) version: u32,
    /// Null where there is none and none was named.
    pub(crate) file: Option<String>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<String>,
    /// One for each migration.
    pub(crate) databases: Vec<Ends>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// Where a migration leads; empty where it cannot be told.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Ends {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) target: String,
}

/// Messages that were sent to see whether they arrive.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Tried {
    pub(crate) version: u32,
    pub(crate) sent: Vec<Sent>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Sent {
    pub(crate) name: String,
    pub(crate) ok: bool,
    /// Empty where it was taken.
    pub(crate) reason: String,
}
