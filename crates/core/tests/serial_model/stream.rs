//! Following: the source's messages to batches, as the engine does it, with the position in the stream lost at every crash.

use proptest::sample::Index;
use transhume_core::follow::{
    assembly::{Assembler, StreamElement},
    change::Change,
    frontier::Frontier,
    read_ranges::HasRead,
};
use transhume_wire::lsn::Lsn;

use super::{source::Source, target::Target};

#[derive(Debug)]
pub(crate) struct Stream {
    /// The next message: transaction and place in it.
    next: (usize, usize),
    assembler: Assembler,
    frontier: Frontier,
    /// Id of the open transaction, where it is not applied already.
    open: Option<u32>,
    batch: Vec<(u32, Change)>,
    transactions: usize,
    /// Commits of the target since this stream began: positions in its WAL.
    commits: u64,
    /// What the slot was told, ever.
    pub(crate) confirmed: Lsn,
}

impl Stream {
    pub(crate) fn start(target: &Target) -> Self {
        Self::at(0, target, Source::start())
    }

    fn at(transaction: usize, target: &Target, confirmed: Lsn) -> Self {
        Self {
            next: (transaction, 0),
            assembler: Assembler::new(),
            // As if each end were remembered: what may be confirmed is then what is flushed.
            frontier: Frontier::resume(target.frontier(), Some(target.frontier()), confirmed, Lsn(1)),
            open: None,
            batch: Vec::new(),
            transactions: 0,
            commits: 1,
            confirmed,
        }
    }

    /// A new process: it knows what the target says, and the server sends from anywhere up to what was confirmed.
    pub(crate) fn again(&self, source: &Source, target: &Target, resent: Index) -> Self {
        let confirmed = source.commits_up_to(self.confirmed);
        Self::at(resent.index(confirmed + 1), target, self.confirmed)
    }

    /// Takes one message; a batch of so many transactions is written. False when there is nothing more.
    pub(crate) fn deliver(&mut self, source: &Source, target: &mut Target, batch: usize) -> bool {
        let Some(transaction) = source.transactions.get(self.next.0) else {
            return false;
        };
        let message = transaction.messages[self.next.1].clone();
        self.next.1 += 1;
        if self.next.1 == transaction.messages.len() {
            self.next = (self.next.0 + 1, 0);
        }
        match self
            .assembler
            .push(message)
            .expect("the source keeps to the protocol")
        {
            Some(StreamElement::Begin { commit_lsn, xid, .. }) => {
                self.frontier.begin();
                self.open = (!self.frontier.is_applied(commit_lsn)).then_some(xid);
            }
            Some(StreamElement::Change(change)) => self.change(source, target, change),
            Some(StreamElement::Commit { end_lsn, .. }) => {
                self.frontier.commit(end_lsn);
                self.transactions += usize::from(self.open.take().is_some());
                if self.transactions >= batch {
                    self.end_batch(source, target);
                }
            }
            _ => {}
        }
        true
    }

    fn change(&mut self, source: &Source, target: &mut Target, change: Change) {
        let Some(xid) = self.open else {
            return;
        };
        let relations = change.relations().to_vec();
        let is = |read| move |target: &Target, relation: u32| target.has_read(relation, xid) == read;
        let in_part: Vec<u32> = relations
            .iter()
            .copied()
            .filter(|one| is(HasRead::SomeRanges)(target, *one))
            .collect();
        let left = match in_part.first() {
            Some(relation) => {
                let announced = self.assembler.relation(*relation).expect("it was announced");
                target.ranges(*relation).unread(announced, xid, change)
            }
            None => Ok(Some(change)),
        };
        match left {
            Ok(Some(change)) if relations.iter().all(|one| is(HasRead::All)(target, *one)) => drop(change),
            Ok(Some(change)) => self.batch.push((xid, change)),
            Ok(None) => {}
            Err((_, change)) => {
                for relation in in_part {
                    target.load_anew(source, relation);
                    self.batch.retain(|(_, change)| *change.relations() != [relation]);
                }
                self.change(source, target, change);
            }
        }
    }

    /// Commits what is gathered, with the frontier.
    pub(crate) fn end_batch(&mut self, source: &Source, target: &mut Target) {
        let end = self.frontier.received();
        if end > self.frontier.applied() {
            target.write(source, &std::mem::take(&mut self.batch), end);
            self.commits += 1;
            self.frontier
                .committed(end, Some(end))
                .expect("what was received may be committed");
        }
        self.transactions = 0;
        self.confirmed = self.confirmed.max(self.frontier.confirmable());
    }

    pub(crate) fn target_flushes(&mut self, target: &mut Target) {
        target.flush();
        let stands = Lsn(self.commits);
        self.frontier.target_stands(stands, stands);
        self.confirmed = self.confirmed.max(self.frontier.confirmable());
    }

    /// The server says that it has sent everything; it lies where a transaction is open.
    pub(crate) fn keepalive(&mut self, source: &Source) {
        let sent = source.transactions[..self.next.0]
            .last()
            .map_or(Source::start(), |last| last.end_lsn);
        if self.open.is_none() && self.next.1 == 0 {
            self.frontier.keepalive(sent);
        } else {
            assert!(
                !self.frontier.keepalive(Lsn(sent.0 + 1)),
                "it counted within a transaction"
            );
        }
    }
}
