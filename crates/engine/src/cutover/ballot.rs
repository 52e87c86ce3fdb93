//! Where the cutovers of several databases wait for each other.
//!
//! Each holds one ballot of the group. A vote returns once every other has voted or has ended; whoever ends, for
//! whatever reason, is against all that comes (`core::vote`). One cutover alone never waits.

use tokio::sync::watch;
use transhume_core::cutover::vote::{Tally, VoteOutcome};

/// One member's place in the group's votes. Dropping it leaves the group.
#[derive(Debug)]
pub struct Ballot {
    tally: watch::Sender<Tally>,
    is_alone: bool,
}

impl Ballot {
    pub fn alone() -> Self {
        Self {
            tally: watch::Sender::new(Tally::new(1)),
            is_alone: true,
        }
    }

    /// As many as there are members.
    pub fn of(members: usize) -> Vec<Self> {
        let tally = watch::Sender::new(Tally::new(members));
        let ballot = || Self {
            tally: tally.clone(),
            is_alone: members == 1,
        };
        (0..members).map(|_| ballot()).collect()
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// What all together say.
    pub(super) async fn vote(&self, agrees: bool) -> VoteOutcome {
        let mut round = 0;
        self.tally.send_modify(|tally| round = tally.cast(agrees));
        let mut watching = self.tally.subscribe();
        let decided = watching
            .wait_for(|tally| tally.outcome(round).is_some())
            .await
            .expect("invariant: this ballot keeps the tally alive");
        decided.outcome(round).expect("invariant: waited for above")
    }
}

impl Drop for Ballot {
    fn drop(&mut self) {
        self.tally.send_modify(Tally::leave);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_learn_the_same_and_none_waits_for_whoever_has_ended() {
        let [first, second]: [Ballot; 2] = Ballot::of(2).try_into().expect("two ballots");
        let carried = tokio::join!(first.vote(true), second.vote(true));
        assert_eq!(carried, (VoteOutcome::Carried, VoteOutcome::Carried));
        let refused = tokio::join!(first.vote(true), second.vote(false));
        assert_eq!(refused, (VoteOutcome::Refused, VoteOutcome::Refused));
        drop(second);
        assert_eq!(first.vote(true).await, VoteOutcome::Void);
    }

    #[tokio::test]
    async fn one_alone_does_as_it_likes() {
        let ballot = Ballot::alone();
        assert_eq!(ballot.vote(true).await, VoteOutcome::Carried);
        assert_eq!(ballot.vote(false).await, VoteOutcome::Refused);
    }
}
