//! What a cutover may still take back, and what that costs.
//!
//! Owns the steps from "nothing to undo" to "no return", and refuses those that would forget one: a decision that stands
//! is never taken back, and a source that is closed is opened again before anything else is done.

/// How far a cutover has gone, by what it takes to undo it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retreat {
    /// The source is as it was but for locks, which end with their session.
    NothingToUndo,
    /// Closing the source has begun: it is opened again first.
    UndoSource,
    /// The commit that opens the target was sent and not answered: nothing is undone before the target has been asked.
    AskTarget,
    /// The target is open, or all databases of the group open: this one goes on, whatever fails.
    NoReturn,
}

impl Retreat {
    /// The source begins to close.
    #[must_use]
    pub fn closing(self) -> Self {
        match self {
            Self::NothingToUndo => Self::UndoSource,
            further => further,
        }
    }

    /// It is open, or others are that cannot be called back.
    #[must_use]
    pub fn decided(self) -> Self {
        Self::NoReturn
    }

    /// The answer to the opening commit is lost.
    #[must_use]
    pub fn unanswered(self) -> Self {
        match self {
            Self::NoReturn => Self::NoReturn,
            _ => Self::AskTarget,
        }
    }

    /// The target was asked, and says that it is not open.
    #[must_use]
    pub fn answered(self) -> Self {
        match self {
            // It is sent only once the source is closed.
            Self::AskTarget => Self::UndoSource,
            other => other,
        }
    }

    pub fn is_decided(self) -> bool {
        self == Self::NoReturn
    }
}

#[cfg(test)]
mod tests {
    use super::Retreat::{self, AskTarget, NoReturn, NothingToUndo, UndoSource};

    const ALL: [Retreat; 4] = [NothingToUndo, UndoSource, AskTarget, NoReturn];

    #[test]
    fn a_decision_stands_whatever_follows() {
        for then in [
            Retreat::closing,
            Retreat::decided,
            Retreat::unanswered,
            Retreat::answered,
        ] {
            assert_eq!(then(NoReturn), NoReturn);
        }
    }

    #[test]
    fn a_source_that_was_closed_is_never_taken_for_open() {
        let steps = [Retreat::closing, Retreat::unanswered, Retreat::answered];
        for from in [UndoSource, AskTarget, NoReturn] {
            for step in steps {
                assert_ne!(step(from), NothingToUndo, "{from:?}");
            }
        }
    }

    #[test]
    fn only_an_answer_ends_the_doubt() {
        assert_eq!(UndoSource.unanswered(), AskTarget);
        assert_eq!(AskTarget.closing(), AskTarget);
        assert_eq!(AskTarget.answered(), UndoSource);
        assert!(ALL.iter().all(|one| one.decided().is_decided()));
    }
}
