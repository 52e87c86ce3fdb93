//! Transactions that are sent before their commit: kept until then, and handed on as if they had come as a whole.
//!
//! Owns the bytes, and which transaction is written early; what the bytes belong to is decided in `core::in_progress`.
//! Invariants: what is kept is bounded by bytes on disk; nothing but the block that is being received, and what relations
//! were announced, is kept in memory.

mod replay;

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use transhume_core::follow::in_progress::{Abort, InProgress, InProgressError};
use transhume_wire::{
    lsn::Lsn,
    pgoutput::{self, Begin, DecodeError, InBlock, Message, PartKind, StreamCommit, StreamStart},
};

use self::replay::Parts;
pub(super) use self::replay::Replay;
use super::{
    early::{Early, EarlySessions, Extent},
    failure::Failure,
    options::SpillOptions,
    spill::{SpillFile, frame_bytes, put_frame},
};

/// A block that is longer is written in pieces of about this size.
const WRITTEN_AT_ONCE_BYTES: usize = 256 << 10;

/// What became of a message of the stream.
#[derive(Debug)]
pub(super) enum Taken {
    /// It is for whoever follows.
    Message(Message),
    /// It waits for a commit, or said something about those that do.
    Kept,
    /// This transaction has committed. What is written early is not replayed.
    Whole { early: Option<Early>, replay: Replay },
}

pub(super) struct Keeping {
    options: SpillOptions,
    early: Option<EarlySessions>,
    held: InProgress,
    kept: HashMap<u32, Kept>,
    /// Of the open block.
    unwritten: BytesMut,
    /// Where the latest transaction that has committed ended.
    latest_end: Lsn,
}

/// One transaction.
struct Kept {
    file: SpillFile,
    /// As it announced them last: what comes behind its commit is not told again.
    announced: Vec<(u32, Bytes)>,
    early: EarlyState,
}

enum EarlyState {
    Not,
    Being(Early),
    /// It has to wait for its commit.
    Never,
}

impl Kept {
    fn announce(&mut self, relation: u32, message: &[u8]) {
        self.announced.retain(|(known, _)| *known != relation);
        // A copy: the message itself would keep all that was read with it.
        self.announced.push((relation, Bytes::copy_from_slice(message)));
    }

    fn is_written(&self) -> bool {
        matches!(&self.early, EarlyState::Being(early) if !early.is_over())
    }

    /// What is to be handed on at its commit.
    fn into_parts(self) -> (Option<Early>, Parts) {
        match self.early {
            EarlyState::Being(early) if !early.is_over() => {
                let announced: Vec<_> = self.announced.into_iter().map(|(_, message)| message).collect();
                (Some(early), Parts::Announced(announced.into_iter()))
            }
            _ => (None, Parts::All(self.file.frames())),
        }
    }
}

impl Keeping {
    pub(super) fn new(options: SpillOptions, early: Option<EarlySessions>) -> Self {
        Self {
            options,
            early,
            held: InProgress::default(),
            kept: HashMap::new(),
            unwritten: BytesMut::new(),
            latest_end: Lsn::ZERO,
        }
    }

    /// What comes is of a transaction that has not committed.
    pub(super) fn is_in_block(&self) -> bool {
        self.held.block().is_some()
    }

    pub(super) fn take(&mut self, data: Bytes) -> Result<Taken, Failure> {
        if let Some(top) = self.held.block() {
            return self.take_in_block(top, &data).map(|()| Taken::Kept);
        }
        let start = shown(&data);
        match pgoutput::decode(data).map_err(|error| unknown(&error, &start))? {
            Message::StreamStart(start) => self.start(start)?,
            Message::StreamStop => self.held.stop().map_err(malformed)?,
            Message::StreamCommit(commit) => return self.commit(commit),
            Message::StreamAbort {
                xid,
                subtransaction_xid,
            } => match self.held.abort(xid, subtransaction_xid).map_err(malformed)? {
                Abort::Whole => drop(self.kept.remove(&xid)),
                Abort::CutTo(end) => self.cut(xid, end)?,
                Abort::Unknown => {
                    return Ok(Taken::Message(Message::StreamAbort {
                        xid,
                        subtransaction_xid,
                    }));
                }
            },
            message => {
                if let Message::Commit(commit) = &message {
                    self.latest_end = commit.end_lsn;
                }
                return Ok(Taken::Message(message));
            }
        }
        Ok(Taken::Kept)
    }

    fn start(&mut self, start: StreamStart) -> Result<(), Failure> {
        self.held.start(start).map_err(malformed)?;
        if start.is_first {
            let file = SpillFile::create(&self.options).map_err(|error| self.unkept(&error))?;
            let kept = Kept {
                file,
                announced: Vec::new(),
                early: EarlyState::Not,
            };
            self.kept.insert(start.xid, kept);
        }
        Ok(())
    }

    fn take_in_block(&mut self, top: u32, data: &Bytes) -> Result<(), Failure> {
        match pgoutput::look_in_block(data).map_err(|error| unknown(&error, &shown(data)))? {
            InBlock::Origin => Ok(()),
            InBlock::Stop => {
                self.held.stop().map_err(malformed)?;
                self.write(top)
            }
            InBlock::Part { xid, kind } => {
                let bytes = frame_bytes(data);
                if self.held.bytes() + bytes > self.options.limit_bytes {
                    return Err(self.full());
                }
                self.held.append(xid, bytes).map_err(malformed)?;
                if let (PartKind::Relation(relation), Some(kept)) = (kind, self.kept.get_mut(&top)) {
                    kept.announce(relation, data);
                }
                if data.len() >= WRITTEN_AT_ONCE_BYTES {
                    return self.write_large(top, data);
                }
                put_frame(&mut self.unwritten, data);
                if self.unwritten.len() < WRITTEN_AT_ONCE_BYTES {
                    return Ok(());
                }
                self.write(top)
            }
        }
    }

    fn write(&mut self, top: u32) -> Result<(), Failure> {
        let Some(kept) = self.kept.get_mut(&top).filter(|_| !self.unwritten.is_empty()) else {
            return Ok(());
        };
        let written = kept.file.write(&self.unwritten);
        self.unwritten.clear();
        written.map_err(|error| self.unkept(&error))?;
        self.write_early(top);
        Ok(())
    }

    /// By itself, behind what is unwritten: no copy of it is gathered.
    fn write_large(&mut self, top: u32, data: &Bytes) -> Result<(), Failure> {
        self.write(top)?;
        if let Some(kept) = self.kept.get_mut(&top) {
            let written = kept.file.write_frame(data);
            written.map_err(|error| self.unkept(&error))?;
            self.write_early(top);
        }
        Ok(())
    }

    /// Has what is kept by now written, one transaction at a time.
    fn write_early(&mut self, top: u32) {
        let Some(sessions) = &self.early else { return };
        let is_free = !self.kept.values().any(Kept::is_written);
        let Some(kept) = self.kept.get_mut(&top) else {
            return;
        };
        let extent = Extent {
            end: kept.file.end(),
            after: self.latest_end,
        };
        match &kept.early {
            EarlyState::Being(early) if early.is_over() => kept.early = EarlyState::Never,
            EarlyState::Being(early) => early.extend(extent),
            EarlyState::Not if is_free && extent.end >= self.options.early_from_bytes => {
                kept.early = EarlyState::Being(sessions.begin(top, kept.file.frames(), extent));
            }
            EarlyState::Not | EarlyState::Never => {}
        }
    }

    fn cut(&mut self, top: u32, end: u64) -> Result<(), Failure> {
        let Some(kept) = self.kept.get_mut(&top).filter(|kept| end < kept.file.end()) else {
            return Ok(());
        };
        // What is written cannot be taken back in part.
        kept.early = EarlyState::Never;
        kept.file.cut(end).map_err(|error| self.unkept(&error))
    }

    fn commit(&mut self, commit: StreamCommit) -> Result<Taken, Failure> {
        let StreamCommit { xid, commit } = commit;
        let before = self.held.bytes();
        self.held.commit(xid).map_err(malformed)?;
        self.latest_end = commit.end_lsn;
        let bytes = before - self.held.bytes();
        let kept = self.kept.remove(&xid);
        let (early, parts) = kept.expect("invariant: what is held is kept").into_parts();
        let is_early = early.is_some();
        tracing::debug!(xid, bytes, is_early, commit_lsn = %commit.commit_lsn, "a transaction that came in progress has committed");
        let begin = Begin {
            final_lsn: commit.commit_lsn,
            commit_time_micros: commit.commit_time_micros,
            xid,
        };
        let replay = Replay {
            begin: Some(begin),
            parts,
            commit: Some(commit),
            directory: self.options.directory.display().to_string(),
        };
        Ok(Taken::Whole { early, replay })
    }

    fn full(&self) -> Failure {
        let limit = self.options.limit_bytes;
        Failure::SpillFailed(format!(
            "transactions in progress take more than follow.spill_limit ({limit} bytes)"
        ))
    }

    fn unkept(&self, error: &std::io::Error) -> Failure {
        let directory = self.options.directory.display();
        Failure::SpillFailed(format!(
            "transactions in progress cannot be kept in {directory}: {error}"
        ))
    }
}

/// The beginning of a message, to recognise it by should it be unknown.
fn shown(data: &Bytes) -> Bytes {
    const SHOWN_BYTES: usize = 64;
    data.slice(..data.len().min(SHOWN_BYTES))
}

fn unknown(error: &DecodeError, start: &Bytes) -> Failure {
    Failure::stopped(
        "the stream holds a message that this program does not know",
        format!("{error}. It begins with {start:02x?}."),
        "report this with the server's version",
    )
}

fn malformed(error: InProgressError) -> Failure {
    Failure::stopped(
        "the stream does not follow its protocol",
        error.to_string(),
        "report this with the server's version",
    )
}
