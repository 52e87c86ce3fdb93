//! Votes that only all can carry: how the cutovers of several databases pass the same points together.
//!
//! Votes are taken one after the other. Each is decided once every member has cast its own or has left, and it is
//! carried only if nobody has left and all agreed. Invariants: all members learn the same outcome of a vote; after a
//! member has left nothing is carried any more; with one member its own vote decides.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoteOutcome {
    Carried,
    /// All have voted, and one is against it.
    Refused,
    /// A member had left: what it would have said is not known.
    Void,
}

/// The votes of a group, so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    members: usize,
    /// Members that vote no more.
    left: usize,
    /// Votes cast in the round that is open, and those among them that agree.
    cast: usize,
    agreed: usize,
    /// Outcomes of the rounds that are over.
    outcomes: Vec<VoteOutcome>,
}

impl Tally {
    pub fn new(members: usize) -> Self {
        Self {
            members,
            left: 0,
            cast: 0,
            agreed: 0,
            outcomes: Vec::new(),
        }
    }

    /// One member's vote in the open round; returns the round's number, to ask for its outcome by.
    pub fn cast(&mut self, agrees: bool) -> usize {
        let round = self.outcomes.len();
        self.cast += 1;
        self.agreed += usize::from(agrees);
        self.settle();
        round
    }

    /// A member has ended, well or not: it is against everything from now on.
    pub fn leave(&mut self) {
        self.left += 1;
        if self.cast > 0 {
            self.settle();
        }
    }

    /// None while votes are missing.
    pub fn outcome(&self, round: usize) -> Option<VoteOutcome> {
        self.outcomes.get(round).copied()
    }

    fn settle(&mut self) {
        if self.cast + self.left < self.members {
            return;
        }
        self.outcomes.push(match self.left {
            0 if self.agreed == self.members => VoteOutcome::Carried,
            0 => VoteOutcome::Refused,
            _ => VoteOutcome::Void,
        });
        self.cast = 0;
        self.agreed = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_alone_decides_at_once() {
        let mut tally = Tally::new(1);
        let round = tally.cast(true);
        assert_eq!(tally.outcome(round), Some(VoteOutcome::Carried));
        let round = tally.cast(false);
        assert_eq!(tally.outcome(round), Some(VoteOutcome::Refused));
    }

    #[test]
    fn whoever_leaves_lets_nobody_wait_and_carries_nothing() {
        let mut tally = Tally::new(2);
        let round = tally.cast(true);
        assert_eq!(tally.outcome(round), None);
        tally.leave();
        assert_eq!(tally.outcome(round), Some(VoteOutcome::Void));
        let round = tally.cast(true);
        assert_eq!(tally.outcome(round), Some(VoteOutcome::Void));
    }

    proptest! {
        /// Members vote in any order, and some leave instead, from some round on.
        #[test]
        fn a_round_is_carried_exactly_when_all_are_there_and_agree(
            rounds in prop::collection::vec(prop::collection::vec(any::<bool>(), 3), 1..6),
            leaves in prop::option::of((0_usize..3, 0_usize..6)),
        ) {
            let mut tally = Tally::new(3);
            for (number, votes) in rounds.iter().enumerate() {
                let gone = leaves.filter(|(_, round)| *round <= number).map(|(member, _)| member);
                if leaves.is_some_and(|(_, round)| round == number) {
                    tally.leave();
                }
                for (member, agrees) in votes.iter().enumerate() {
                    if Some(member) != gone {
                        prop_assert_eq!(tally.cast(*agrees), number);
                    }
                }
                let wanted = match gone {
                    Some(_) => VoteOutcome::Void,
                    None if votes.iter().all(|agrees| *agrees) => VoteOutcome::Carried,
                    None => VoteOutcome::Refused,
                };
                prop_assert_eq!(tally.outcome(number), Some(wanted));
            }
        }
    }
}
