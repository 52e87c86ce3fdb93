//! Tables that join a migration while the rest is followed: what is known of them and how far they are.
//!
//! A step is durable: it is a word in `transhume.addition`, changed in the transaction that completes the
//! work before it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use transhume_wire::ident::QualifiedName;

/// How far an addition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdditionStep {
    /// The target gets the tables' definitions, the publication its new members.
    Schema,
    /// Both are there; the load is planned as soon as nothing is applied.
    Published,
    /// The tables are loaded and their indexes built; what comes after the data follows.
    Load,
    Done,
    /// It cannot be done: what it made is being removed.
    Withdrawing,
    /// Removed; the message says why.
    Refused,
}

const NAMES: [(AdditionStep, &str); 6] = [
    (AdditionStep::Schema, "schema"),
    (AdditionStep::Published, "published"),
    (AdditionStep::Load, "load"),
    (AdditionStep::Done, "done"),
    (AdditionStep::Withdrawing, "withdrawing"),
    (AdditionStep::Refused, "refused"),
];

impl AdditionStep {
    /// The word that is stored and shown.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find_map(|(step, name)| (*step == self).then_some(*name))
            .expect("every step has a name")
    }

    /// Nothing is left to do.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Refused)
    }
}

impl fmt::Display for AdditionStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that names no step: it was written by a newer program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown step of an addition \"{0}\"")]
pub struct UnknownAdditionStep(pub String);

impl FromStr for AdditionStep {
    type Err = UnknownAdditionStep;

    fn from_str(word: &str) -> Result<Self, UnknownAdditionStep> {
        NAMES
            .iter()
            .find_map(|(step, name)| (*name == word).then_some(*step))
            .ok_or_else(|| UnknownAdditionStep(word.to_owned()))
    }
}

/// A table that was asked for, as the source had it then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedTable {
    pub oid: u32,
    pub name: QualifiedName,
    /// Rows are moved under its name.
    pub holds_rows: bool,
    /// The tree that its rows are moved under, where they are not under its own name.
    #[serde(default)]
    pub tree: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_read_back_by_its_name() {
        for (step, name) in NAMES {
            assert_eq!(name.parse(), Ok(step));
            assert_eq!(step.to_string(), name);
        }
        assert!("perhaps".parse::<AdditionStep>().is_err());
    }
}
