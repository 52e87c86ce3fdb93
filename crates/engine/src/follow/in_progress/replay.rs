//! A transaction that was kept, handed on at its commit as if it had come as a whole.
//!
//! Invariant: whoever takes what comes out of here cannot tell how it was sent; of one that was written early only what it
//! announced comes out.

use bytes::Bytes;
use transhume_wire::pgoutput::{self, Begin, Commit, Message};

use super::{shown, unknown};
use crate::follow::{
    failure::Failure,
    spill::{Frames, SpillError},
};

/// A transaction that has committed, message by message.
#[derive(Debug)]
pub(in crate::follow) struct Replay {
    /// Still to come.
    pub(super) begin: Option<Begin>,
    pub(super) parts: Parts,
    /// Still to come.
    pub(super) commit: Option<Commit>,
    pub(super) directory: String,
}

#[derive(Debug)]
pub(super) enum Parts {
    All(Frames),
    /// Relations only: everything else is written early.
    Announced(std::vec::IntoIter<Bytes>),
}

impl Replay {
    pub(in crate::follow) fn commit_time_micros(&self) -> Option<i64> {
        self.commit.map(|commit| commit.commit_time_micros)
    }

    /// The next message with its length as received; none behind the commit.
    pub(in crate::follow) fn next(&mut self) -> Result<Option<(Message, usize)>, Failure> {
        if let Some(begin) = self.begin.take() {
            return Ok(Some((Message::Begin(begin), 0)));
        }
        let part = match &mut self.parts {
            Parts::All(frames) => frames.next().map_err(|error| unread(error, &self.directory))?,
            Parts::Announced(relations) => relations.next(),
        };
        let Some(data) = part else {
            return Ok(self.commit.take().map(|commit| (Message::Commit(commit), 0)));
        };
        let (start, length) = (shown(&data), data.len());
        let message = pgoutput::decode_in_block(data).map_err(|error| unknown(&error, &start))?;
        Ok(Some((message, length)))
    }
}

fn unread(error: SpillError, directory: &str) -> Failure {
    match error {
        SpillError::File(error) => Failure::SpillFailed(format!(
            "transactions in progress cannot be read back from {directory}: {error}"
        )),
        SpillError::Damaged { .. } => Failure::stopped(
            format!("a transaction that was kept in {directory} has changed there"),
            format!("{error}. Nothing of it was applied."),
            "check the disk and the memory of this machine, or set follow.spill_directory to another disk; then run again: \
             the source sends the transaction anew",
        ),
    }
}
