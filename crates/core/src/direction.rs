//! Which way a stream goes, relative to source and target of the migration.
//!
//! A reverse migration is one of its own: its state lies on the old source, where its rows are written,
//! and for all the code that follows, verifies and cuts over, the two ends have changed places.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From source to target, until the cutover.
    Forward,
    /// From the target back to the old source, after it.
    Reverse,
}

impl Direction {
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Reverse => "reverse",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that names no direction: the state was written by a newer program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown direction \"{0}\"")]
pub struct UnknownDirection(pub String);

impl FromStr for Direction {
    type Err = UnknownDirection;

    fn from_str(word: &str) -> Result<Self, UnknownDirection> {
        [Self::Forward, Self::Reverse]
            .into_iter()
            .find(|direction| direction.name() == word)
            .ok_or_else(|| UnknownDirection(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_direction_reads_back_what_it_prints() {
        for direction in [Direction::Forward, Direction::Reverse] {
            assert_eq!(direction.name().parse(), Ok(direction));
        }
        assert!("sideways".parse::<Direction>().is_err());
    }
}
