//! What is left to do where a stream cannot go on, by what would be lost with it.
//!
//! Invariant: no remedy that is worded here costs an acknowledged change without saying so. Before the cutover nobody but the
//! migration has written on the target; after it the application's server stays as it is, and only the fallback ends.

use crate::direction::Direction;

const STAYS: &str = "nothing of the application's is lost: it continues where it is, and only the fallback is not possible any more; \
                     \"transhume finish\" ends the migration";

/// Ends a migration that nobody wants any more; `abort` itself asks both servers whether the target was opened.
pub const GIVE_UP: &str = "\"transhume abort\" gives the migration up: it drops the copy on the target, where nobody has written \
                           anything else before the cutover, and refuses once the target was opened";

/// Where everything that the target has is on the source too.
pub fn anew(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => {
            "start anew: transhume abort, then transhume run (the copy on the target is made again; before the cutover nobody has \
             written anything else there)"
        }
        Direction::Reverse => STAYS,
    }
}

/// Where the target may hold changes that no source has any more.
pub fn anew_after_loss(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => {
            "start anew: transhume abort, then transhume run; abort drops the copy on the target, and with it the changes that the \
             source has lost: \"transhume abort --keep-target\" leaves them there to be looked at"
        }
        Direction::Reverse => STAYS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn giving_up_says_what_is_dropped() {
        assert!(GIVE_UP.contains("drops the copy") && GIVE_UP.contains("refuses"));
    }

    #[test]
    fn nobody_is_told_to_abort_once_the_application_has_moved() {
        for worded in [anew, anew_after_loss] {
            assert!(worded(Direction::Forward).contains("abort"));
            assert!(!worded(Direction::Reverse).contains("abort"));
        }
    }
}
