//! A source that fails in decoding its own WAL: how often it is tried again, and what is said then.
//!
//! Nothing is lost by another try: it begins at the stored frontier. But what fails each time would be a silent loop.

use transhume_core::{count::counted, direction::Direction, guard::anew::anew, shell};
use transhume_pg::catalog::wide_rows::{PRINTED_MOST_BYTES, wide_rows};
use transhume_wire::lsn::Lsn;

use super::FollowRequest;
use crate::error::{Doing, EngineError, Result};

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

/// A row that no server can print is a cause that can be named; without one, or where the source cannot be asked, it stays
/// what it was.
pub(super) async fn explained(request: &FollowRequest<'_>, error: EngineError) -> EngineError {
    let EngineError::Stopped { message, detail, .. } = &error else {
        return error;
    };
    let looking = async {
        let source = request
            .endpoints
            .source_session(&request.migration.id, "wide")
            .await?;
        wide_rows(&source, PRINTED_MOST_BYTES)
            .await
            .doing("looking for rows that are too wide to be printed")
    };
    let wide = match looking.await {
        Ok(looked) => looked.found,
        Err(problem) => {
            tracing::debug!(%problem, "the source was not asked for wide rows");
            return error;
        }
    };
    let Some(first) = wide.first() else {
        return error;
    };
    EngineError::stopped(
        message.clone(),
        format!("{detail} A {}.", first.words()),
        format!(
            "{}; let the application write no such row until the cutover, or exclude the table (--exclude {}) and copy it then",
            anew(request.migration.direction),
            shell::word(&first.table.plain())
        ),
    )
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
