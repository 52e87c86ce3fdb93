//! The hold: apply stands still at a transaction's end because another process asked for it.
//!
//! Owns the answer to "may this transaction begin?". At most one hold is in force, and it belongs to
//! the command that asked for it. Refuses clocks: expiry is told from outside.
//!
//! Invariant: while held, nothing with a commit LSN at or above the limit of the last advance is applied.

use transhume_wire::lsn::Lsn;

use crate::command::Command;

/// Number of a row in `transhume.command`.
pub type CommandId = i64;

/// What to write into the row of a command now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Later, from [`Hold::stand`].
    Pending,
    Done,
    Refused(String),
}

/// A command that is answered because apply stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The hold is in force now; it stays so.
    Held(CommandId),
    /// The advance is done; the hold is in force again.
    Advanced(CommandId),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Running,
    /// The hold begins at the next transaction end.
    Stopping {
        hold: CommandId,
    },
    Held {
        hold: CommandId,
    },
    /// Held, but transactions that commit below the limit are let through.
    Advancing {
        hold: CommandId,
        advance: CommandId,
        limit: Lsn,
    },
    /// A cutover's fence was met in the stream: nothing after it may reach the target, unless the
    /// cutover is undone.
    Fenced,
}

#[derive(Debug, Clone, Default)]
pub struct Hold {
    state: State,
}

impl Hold {
    /// Takes a command; one that is no matter of holds is simply done.
    pub fn request(&mut self, id: CommandId, command: Command) -> Reply {
        match (command, self.state) {
            (Command::Hold, State::Running) => {
                self.state = State::Stopping { hold: id };
                Reply::Pending
            }
            (Command::Hold, _) if self.holder() == Some(id) => Reply::Pending,
            (Command::Hold, _) => Reply::Refused("apply is already held by another command".to_owned()),
            (Command::AdvanceTo(limit), State::Held { hold }) => {
                self.state = State::Advancing {
                    hold,
                    advance: id,
                    limit,
                };
                Reply::Pending
            }
            // Its turn comes once the hold is in force.
            (Command::AdvanceTo(_), State::Stopping { .. }) => Reply::Pending,
            (Command::AdvanceTo(_), State::Advancing { advance, .. }) if advance == id => Reply::Pending,
            (Command::AdvanceTo(_), _) => Reply::Refused("apply is not held".to_owned()),
            (Command::Release, State::Fenced) => Reply::Refused("a cutover stands at its fence".to_owned()),
            (Command::Release, _) => {
                self.state = State::Running;
                Reply::Done
            }
            (
                Command::Stop
                | Command::Reload(_)
                | Command::Add(_)
                | Command::Suspend(_)
                | Command::Pause
                | Command::Resume,
                _,
            ) => Reply::Done,
        }
    }

    /// No hold, and no fence.
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// The command whose hold is in force or about to be.
    pub fn holder(&self) -> Option<CommandId> {
        match self.state {
            State::Running | State::Fenced => None,
            State::Stopping { hold } | State::Held { hold } | State::Advancing { hold, .. } => Some(hold),
        }
    }

    /// Ends the hold of this command: it expired or was taken back. True when it was in force.
    pub fn end(&mut self, id: CommandId) -> bool {
        let ends = self.holder() == Some(id);
        if ends {
            self.state = State::Running;
        }
        ends
    }

    /// May a transaction with this commit LSN begin?
    pub fn admits(&self, commit_lsn: Lsn) -> bool {
        match self.state {
            State::Running => true,
            State::Stopping { .. } | State::Held { .. } | State::Fenced => false,
            State::Advancing { limit, .. } => commit_lsn < limit,
        }
    }

    /// Nothing more is to be read until a command comes.
    pub fn is_held(&self) -> bool {
        matches!(self.state, State::Held { .. } | State::Fenced)
    }

    /// The transaction under way is the last before a cutover.
    pub fn fence(&mut self) {
        self.state = State::Fenced;
    }

    /// The cutover was undone: apply goes on.
    pub fn lower_fence(&mut self) {
        if self.state == State::Fenced {
            self.state = State::Running;
        }
    }

    /// A hold was asked for and waits for the end of the transaction under way.
    pub fn is_stopping(&self) -> bool {
        matches!(self.state, State::Stopping { .. })
    }

    /// Every transaction that commits below `lsn` has been received whole: is an advance over by that?
    pub fn is_over_at(&self, lsn: Lsn) -> bool {
        matches!(self.state, State::Advancing { limit, .. } if lsn >= limit)
    }

    /// All that was begun is committed and nothing more will begin: the hold is in force from now on.
    pub fn stand(&mut self) -> Option<Standing> {
        match self.state {
            State::Running | State::Held { .. } | State::Fenced => None,
            State::Stopping { hold } => {
                self.state = State::Held { hold };
                Some(Standing::Held(hold))
            }
            State::Advancing { hold, advance, .. } => {
                self.state = State::Held { hold };
                Some(Standing::Advanced(advance))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> Hold {
        let mut hold = Hold::default();
        assert_eq!(hold.request(1, Command::Hold), Reply::Pending);
        assert_eq!(hold.stand(), Some(Standing::Held(1)));
        hold
    }

    #[test]
    fn a_hold_admits_nothing_and_is_answered_once() {
        let mut hold = Hold::default();
        assert!(hold.admits(Lsn(10)));

        hold.request(1, Command::Hold);

        assert!(!hold.admits(Lsn(10)) && !hold.is_held());
        assert_eq!(hold.stand(), Some(Standing::Held(1)));
        assert!(hold.is_held());
        assert_eq!(hold.stand(), None);
    }

    #[test]
    fn an_advance_admits_what_commits_below_its_limit() {
        let mut hold = held();
        assert_eq!(hold.request(2, Command::AdvanceTo(Lsn(100))), Reply::Pending);

        assert!(hold.admits(Lsn(99)) && !hold.admits(Lsn(100)));
        assert!(!hold.is_over_at(Lsn(99)) && hold.is_over_at(Lsn(100)));
        assert_eq!(hold.stand(), Some(Standing::Advanced(2)));
        assert!(hold.is_held());
    }

    #[test]
    fn a_second_hold_is_refused_and_the_first_may_ask_again() {
        let mut hold = held();

        assert!(matches!(hold.request(2, Command::Hold), Reply::Refused(_)));
        assert_eq!(hold.request(1, Command::Hold), Reply::Pending);
        assert!(hold.is_held());
    }

    #[test]
    fn a_fence_admits_nothing_until_it_is_lowered() {
        let mut hold = Hold::default();
        hold.fence();

        assert!(hold.is_held() && !hold.admits(Lsn(1)));
        assert!(matches!(hold.request(1, Command::Hold), Reply::Refused(_)));
        assert!(matches!(hold.request(2, Command::Release), Reply::Refused(_)));
        hold.lower_fence();
        assert!(hold.admits(Lsn(1)));
    }

    #[test]
    fn an_advance_without_a_hold_is_refused() {
        let mut hold = Hold::default();
        assert!(matches!(
            hold.request(1, Command::AdvanceTo(Lsn(1))),
            Reply::Refused(_)
        ));
    }

    #[test]
    fn a_hold_ends_by_release_or_by_its_own_expiry_only() {
        let mut hold = held();
        assert!(!hold.end(7) && hold.is_held());
        assert!(hold.end(1) && hold.admits(Lsn(1)));

        let mut hold = held();
        assert_eq!(hold.request(9, Command::Release), Reply::Done);
        assert!(hold.admits(Lsn(1)));
    }
}
