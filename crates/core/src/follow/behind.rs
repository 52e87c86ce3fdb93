//! Tables of which the target lacks changes: those that are not kept up, and those with changes that were stored.
//!
//! Owns how each reads in one line, which is also what documents give. Whoever acts on one takes its table and state, not words.

use std::fmt;

use serde::Serialize;

use crate::{finding::Remedy, load::RelationState, shell};

/// A table that is not kept up while the rest is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct TableBehind {
    /// `schema.table`
    pub table: String,
    pub state: RelationState,
}

/// Changes of one table that were stored instead of being applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct StoredChanges {
    /// `schema.table`
    pub table: String,
    pub count: u64,
    /// Operation and reason of the newest.
    pub latest: String,
}

impl TableBehind {
    pub fn is_suspended(&self) -> bool {
        self.state == RelationState::Suspended
    }

    /// None where it comes by itself.
    pub fn remedy(&self) -> Remedy {
        if self.is_suspended() {
            on_table("resume", &self.table)
        } else {
            Remedy::default()
        }
    }
}

impl StoredChanges {
    pub fn remedy(&self) -> Remedy {
        on_table("reload", &self.table)
    }
}

fn on_table(action: &str, table: &str) -> Remedy {
    Remedy::run(format!("transhume table {action} {}", shell::word(table)))
}

impl fmt::Display for TableBehind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            RelationState::Suspended => "suspended",
            RelationState::Adding => "being added",
            _ => "being loaded",
        };
        write!(formatter, "{}: {state}", self.table)
    }
}

impl fmt::Display for StoredChanges {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: {}, the latest: {}",
            self.table, self.count, self.latest
        )
    }
}

impl From<TableBehind> for String {
    fn from(table: TableBehind) -> Self {
        table.to_string()
    }
}

impl From<StoredChanges> for String {
    fn from(stored: StoredChanges) -> Self {
        stored.to_string()
    }
}
