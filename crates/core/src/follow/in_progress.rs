//! Transactions that the source sends while they are in progress, until each has come to its end.
//!
//! Owns the grammar of their blocks, which of them are held, and how much of each is what a subtransaction that rolls
//! back takes with it. Refuses the bytes, which whoever asks keeps, one sequence for each top-level transaction.
//! Invariant: what is held of a transaction at its commit is what the server would have sent as a whole then.

use std::collections::HashMap;

use transhume_wire::pgoutput::StreamStart;

/// What is held.
#[derive(Debug, Default)]
pub struct InProgress {
    transactions: HashMap<u32, Held>,
    /// The transaction whose block is open.
    block: Option<u32>,
    bytes: u64,
}

/// One top-level transaction.
#[derive(Debug, Default)]
struct Held {
    bytes: u64,
    /// Where the first message of each subtransaction lies.
    begins: HashMap<u32, u64>,
    /// The same subtransactions in that order.
    order: Vec<u32>,
}

/// What is to be done with the bytes that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abort {
    /// Nothing of it was ever sent.
    Unknown,
    /// So many bytes of the top-level transaction stay.
    CutTo(u64),
    /// All of it is forgotten.
    Whole,
}

/// The server broke its protocol, or we misread it. The stream must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InProgressError {
    #[error("{what} within a block of transaction {open}")]
    WithinBlock { what: &'static str, open: u32 },
    #[error("{0} outside of a block")]
    OutsideBlock(&'static str),
    #[error("transaction {0} begins a second time")]
    Again(u32),
    #[error("a block of transaction {0}, whose first never came")]
    NeverBegun(u32),
    #[error("transaction {0}, which was never begun, commits")]
    NothingToCommit(u32),
}

impl InProgress {
    /// The transaction whose block is open.
    pub fn block(&self) -> Option<u32> {
        self.block
    }

    /// What is held of all transactions.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A block begins.
    pub fn start(&mut self, start: StreamStart) -> Result<(), InProgressError> {
        let StreamStart { xid, is_first } = start;
        self.outside_block("another block")?;
        match (is_first, self.transactions.contains_key(&xid)) {
            (true, true) => return Err(InProgressError::Again(xid)),
            (false, false) => return Err(InProgressError::NeverBegun(xid)),
            (true, false) => drop(self.transactions.insert(xid, Held::default())),
            (false, true) => {}
        }
        self.block = Some(xid);
        Ok(())
    }

    /// A message of the open block, which takes so many bytes where it is kept. `xid` is a subtransaction's where one
    /// made the change.
    pub fn append(&mut self, xid: u32, bytes: u64) -> Result<(), InProgressError> {
        let open = self.block.ok_or(InProgressError::OutsideBlock("a part of one"))?;
        let held = self
            .transactions
            .get_mut(&open)
            .expect("invariant: the block's transaction is held");
        if xid != open && !held.begins.contains_key(&xid) {
            held.begins.insert(xid, held.bytes);
            held.order.push(xid);
        }
        held.bytes += bytes;
        self.bytes += bytes;
        Ok(())
    }

    /// The block ends.
    pub fn stop(&mut self) -> Result<(), InProgressError> {
        let ended = self.block.take();
        ended
            .map(drop)
            .ok_or(InProgressError::OutsideBlock("the end of one"))
    }

    /// A subtransaction has rolled back, or the transaction itself.
    pub fn abort(&mut self, xid: u32, subtransaction: u32) -> Result<Abort, InProgressError> {
        self.outside_block("an abort")?;
        let Some(held) = self.transactions.get_mut(&xid) else {
            return Ok(Abort::Unknown);
        };
        if subtransaction == xid {
            self.forget(xid);
            return Ok(Abort::Whole);
        }
        let before = held.bytes;
        held.cut(subtransaction);
        let left = held.bytes;
        self.bytes -= before - left;
        Ok(Abort::CutTo(left))
    }

    /// The transaction has committed; what is kept of it is to be handed on.
    pub fn commit(&mut self, xid: u32) -> Result<(), InProgressError> {
        self.outside_block("a commit")?;
        if self.forget(xid) {
            return Ok(());
        }
        Err(InProgressError::NothingToCommit(xid))
    }

    /// A message that cannot be part of a block came.
    pub fn outside_block(&self, what: &'static str) -> Result<(), InProgressError> {
        self.block
            .map_or(Ok(()), |open| Err(InProgressError::WithinBlock { what, open }))
    }

    fn forget(&mut self, xid: u32) -> bool {
        let held = self.transactions.remove(&xid);
        self.bytes -= held.as_ref().map_or(0, |held| held.bytes);
        held.is_some()
    }
}

impl Held {
    /// Takes back all from the subtransaction's first message on: nothing else can lie behind it, since whatever comes
    /// while it is open, or after its release, rolls back with it.
    fn cut(&mut self, subtransaction: u32) {
        let Some(begin) = self.begins.get(&subtransaction).copied() else {
            return;
        };
        self.bytes = begin;
        while let Some(last) = self.order.last()
            && self.begins[last] >= begin
        {
            self.begins.remove(last);
            self.order.pop();
        }
    }
}

#[cfg(test)]
#[path = "in_progress_tests.rs"]
mod tests;
