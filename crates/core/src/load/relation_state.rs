//! The states of a relation and their legal moves.
//!
//! A state is durable: it is a word in `transhume.relation`, changed in the transaction that does the
//! work it tells of. Only the moves of [`RelationState::may_become`] are ever written.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where one relation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RelationState {
    /// It is being added to the migration: the target has no such table yet, its changes are skipped.
    Adding,
    /// It has parts but none was read: no snapshot binds it yet.
    Planned,
    /// Parts are being copied, all under one snapshot.
    Loading,
    /// Every part is there.
    Loaded,
    /// Neither copied nor followed until it is loaded anew.
    Suspended,
    /// The source has it no more: what the stream still has of it is skipped.
    Dropped,
}

impl RelationState {
    pub const ALL: [Self; 6] = [
        Self::Adding,
        Self::Planned,
        Self::Loading,
        Self::Loaded,
        Self::Suspended,
        Self::Dropped,
    ];

    /// The word that is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adding => "adding",
            Self::Planned => "planned",
            Self::Loading => "loading",
            Self::Loaded => "loaded",
            Self::Suspended => "suspended",
            Self::Dropped => "dropped",
        }
    }

    /// Forward one at a time; back to planned when a snapshot is lost, on a reload, or at the end of a
    /// suspension, which any state may enter. What was dropped stays dropped.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Adding | Self::Suspended, Self::Planned)
                | (Self::Planned, Self::Loading | Self::Suspended)
                | (Self::Loading, Self::Loaded | Self::Planned | Self::Suspended)
                | (Self::Loaded, Self::Planned | Self::Suspended)
                | (
                    Self::Planned | Self::Loading | Self::Loaded | Self::Suspended,
                    Self::Dropped
                )
        )
    }
}

impl fmt::Display for RelationState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that names no state: it was written by a newer program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown relation state \"{0}\"")]
pub struct UnknownRelationState(pub String);

impl FromStr for RelationState {
    type Err = UnknownRelationState;

    fn from_str(word: &str) -> Result<Self, UnknownRelationState> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == word)
            .ok_or_else(|| UnknownRelationState(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_reads_back_what_it_prints() {
        for state in RelationState::ALL {
            assert_eq!(state.to_string().parse(), Ok(state));
        }
        assert!("lost".parse::<RelationState>().is_err());
    }

    #[test]
    fn nothing_is_loaded_without_loading_and_every_state_leads_back_to_planned() {
        for state in RelationState::ALL {
            assert_eq!(
                state.may_become(RelationState::Loaded),
                state == RelationState::Loading
            );
            assert_eq!(
                state.may_become(RelationState::Planned),
                !matches!(state, RelationState::Planned | RelationState::Dropped)
            );
            assert!(!state.may_become(state));
        }
    }
}
