//! The phases of a migration and their legal moves (design §3).
//!
//! A phase is durable: it is a word in `transhume.migration` and changes in the transaction that
//! completes the work of the one before. Only the moves of [`Phase::may_become`] are ever written.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a migration stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// State schema exists; replica identities, publication and slot are being made on the source.
    Prepare,
    /// The slot exists; tables, types and functions are being created on the target.
    PreData,
    /// Existing rows are being copied; indexes are built as tables complete.
    FullLoad,
    /// All rows are there; foreign keys, triggers and the rest of the schema are being completed.
    PostData,
    /// The target follows every commit of the source.
    Follow,
    /// A cutover holds the fence on the source; the runner drains to its marker.
    Cutover,
    /// Several databases move together and all are ready: each opens its target now, and none goes back any more.
    Opening,
    /// The application lives on the target. Only `finish` remains.
    Done,
}

impl Phase {
    pub const ALL: [Self; 8] = [
        Self::Prepare,
        Self::PreData,
        Self::FullLoad,
        Self::PostData,
        Self::Follow,
        Self::Cutover,
        Self::Opening,
        Self::Done,
    ];

    /// The word that is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::PreData => "pre-data",
            Self::FullLoad => "full-load",
            Self::PostData => "post-data",
            Self::Follow => "follow",
            Self::Cutover => "cutover",
            Self::Opening => "opening",
            Self::Done => "done",
        }
    }

    /// Forward one at a time, but a reverse stream has nothing to load, and one database alone opens without
    /// waiting for others; back only from a cutover that was undone.
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Cutover | Self::Opening | Self::Prepare, Self::Follow) | (Self::Cutover, Self::Done) => {
                true
            }
            _ => next as u8 == self as u8 + 1,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that names no phase: the state was written by a newer program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown phase \"{0}\"")]
pub struct UnknownPhase(pub String);

impl FromStr for Phase {
    type Err = UnknownPhase;

    fn from_str(word: &str) -> Result<Self, UnknownPhase> {
        Self::ALL
            .into_iter()
            .find(|phase| phase.name() == word)
            .ok_or_else(|| UnknownPhase(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_reads_back_what_it_prints() {
        for phase in Phase::ALL {
            assert_eq!(phase.name().parse(), Ok(phase));
        }
    }

    #[test]
    fn moves_go_forward_one_at_a_time_or_past_the_load_and_only_a_cutover_goes_back() {
        let legal: Vec<_> = Phase::ALL
            .into_iter()
            .flat_map(|from| Phase::ALL.into_iter().map(move |to| (from, to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();

        assert_eq!(legal.len(), 11);
        assert!(legal.contains(&(Phase::Cutover, Phase::Follow)));
        assert!(legal.contains(&(Phase::Prepare, Phase::Follow)));
        assert!(!legal.contains(&(Phase::Done, Phase::Cutover)));
    }
}
