//! A source that fails in decoding its own WAL: how often it is tried again, and what is said then.
//!
//! Nothing is lost by another try: it begins at the stored frontier. But what fails each time would be a silent loop.

use transhume_core::{count::counted, direction::Direction, guard::anew::anew};
use transhume_wire::lsn::Lsn;

use crate::error::{EngineError, Result};

/// Of an internal error of the source: another try reads the same WAL with a catalogue of its own; what fails so often
/// fails always.
const DECODING_TRIES: u32 = 5;

/// Tries of a source that fails in decoding its own WAL.
pub(super) struct Undecoded {
    direction: Direction,
    frontier: Lsn,
    tries: u32,
}

impl Undecoded {
    pub(super) fn of(direction: Direction) -> Self {
        Self {
            direction,
            frontier: Lsn::ZERO,
            tries: 0,
        }
    }

    /// What is waited for; the error where it has failed too often behind one frontier.
    pub(super) fn tried(&mut self, frontier: Lsn, error: &EngineError) -> Result<String> {
        if self.frontier != frontier {
            self.frontier = frontier;
            self.tries = 0;
        }
        self.tries += 1;
        if self.tries < DECODING_TRIES {
            return Ok(format!("the source to decode its WAL; it failed ({error})"));
        }
        Err(EngineError::stopped(
            format!("the source cannot decode its own WAL: {error}"),
            format!(
                "Tried in {}. Everything up to {frontier} is applied.",
                counted(self.tries, "attempt")
            ),
            format!(
                "look at the source's log; bring the source to the latest minor version of its release and run again; else {}",
                anew(self.direction)
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> EngineError {
        EngineError::stopped("could not map filenode", "", "")
    }

    #[test]
    fn it_gives_up_behind_one_frontier_only() {
        let mut undecoded = Undecoded::of(Direction::Forward);
        for frontier in [Lsn(7), Lsn(8)] {
            for _ in 1..DECODING_TRIES {
                assert!(undecoded.tried(frontier, &error()).is_ok());
            }
        }

        let end = undecoded.tried(Lsn(8), &error()).unwrap_err();

        assert!(end.to_string().contains("could not map filenode"), "{end}");
    }
}
