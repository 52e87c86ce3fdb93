//! Transactions that are sent before their commit: kept until then, and handed on as if they had come as a whole.
//!
//! Owns the bytes; what they belong to is decided in `core::in_progress`. Invariants: what is kept is bounded by bytes on
//! disk; nothing but the block that is being received is kept in memory; whoever takes what comes out of here cannot tell
//! how it was sent.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use transhume_core::in_progress::{Abort, InProgress, InProgressError};
use transhume_wire::pgoutput::{self, Begin, Commit, DecodeError, InBlock, Message, StreamCommit};

use super::{
    failure::Failure,
    spill::{Frames, SpillError, SpillFile, SpillOptions, frame_bytes, put_frame},
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
    /// This transaction has committed.
    Whole(Replay),
}

pub(super) struct Keeping {
    options: SpillOptions,
    held: InProgress,
    files: HashMap<u32, SpillFile>,
    /// Of the open block.
    unwritten: BytesMut,
}

impl Keeping {
    pub(super) fn new(options: SpillOptions) -> Self {
        Self {
            options,
            held: InProgress::default(),
            files: HashMap::new(),
            unwritten: BytesMut::new(),
        }
    }

    pub(super) fn take(&mut self, data: Bytes) -> Result<Taken, Failure> {
        if let Some(top) = self.held.block() {
            return self.take_in_block(top, &data).map(|()| Taken::Kept);
        }
        let start = shown(&data);
        match pgoutput::decode(data).map_err(|error| unknown(&error, &start))? {
            Message::StreamStart(start) => self.held.start(start).map_err(malformed)?,
            Message::StreamStop => self.held.stop().map_err(malformed)?,
            Message::StreamCommit(commit) => return self.commit(commit).map(Taken::Whole),
            Message::StreamAbort {
                xid,
                subtransaction_xid,
            } => match self.held.abort(xid, subtransaction_xid).map_err(malformed)? {
                Abort::Whole => drop(self.files.remove(&xid)),
                Abort::CutTo(end) => self.cut(xid, end)?,
                Abort::Unknown => {
                    return Ok(Taken::Message(Message::StreamAbort {
                        xid,
                        subtransaction_xid,
                    }));
                }
            },
            message => return Ok(Taken::Message(message)),
        }
        Ok(Taken::Kept)
    }

    fn take_in_block(&mut self, top: u32, data: &Bytes) -> Result<(), Failure> {
        match pgoutput::look_in_block(data).map_err(|error| unknown(&error, &shown(data)))? {
            InBlock::Origin => Ok(()),
            InBlock::Stop => {
                self.held.stop().map_err(malformed)?;
                self.write(top)
            }
            InBlock::Part { xid } => {
                let bytes = frame_bytes(data);
                if self.held.bytes() + bytes > self.options.limit_bytes {
                    return Err(self.full());
                }
                self.held.append(xid, bytes).map_err(malformed)?;
                put_frame(&mut self.unwritten, data);
                if self.unwritten.len() < WRITTEN_AT_ONCE_BYTES {
                    return Ok(());
                }
                self.write(top)
            }
        }
    }

    fn write(&mut self, top: u32) -> Result<(), Failure> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let written = match self.files.get_mut(&top) {
            Some(file) => file.write(&self.unwritten),
            None => SpillFile::create(&self.options).and_then(|mut file| {
                file.write(&self.unwritten)?;
                self.files.insert(top, file);
                Ok(())
            }),
        };
        self.unwritten.clear();
        written.map_err(|error| self.unkept(&error))
    }

    fn cut(&mut self, top: u32, end: u64) -> Result<(), Failure> {
        let cut = self.files.get_mut(&top).map_or(Ok(()), |file| file.cut(end));
        cut.map_err(|error| self.unkept(&error))
    }

    fn commit(&mut self, commit: StreamCommit) -> Result<Replay, Failure> {
        let StreamCommit { xid, commit } = commit;
        let before = self.held.bytes();
        self.held.commit(xid).map_err(malformed)?;
        let bytes = before - self.held.bytes();
        tracing::debug!(xid, bytes, commit_lsn = %commit.commit_lsn, "a transaction that came in progress has committed");
        let begin = Begin {
            final_lsn: commit.commit_lsn,
            commit_time_micros: commit.commit_time_micros,
            xid,
        };
        Ok(Replay {
            begin: Some(begin),
            frames: self.files.remove(&xid).map(SpillFile::into_frames),
            commit: Some(commit),
            directory: self.options.directory.display().to_string(),
        })
    }

    fn full(&self) -> Failure {
        let limit = self.options.limit_bytes;
        Failure::KeepsNoMore(format!(
            "transactions in progress take more than follow.spill_limit ({limit} bytes)"
        ))
    }

    fn unkept(&self, error: &std::io::Error) -> Failure {
        let directory = self.options.directory.display();
        Failure::KeepsNoMore(format!(
            "transactions in progress cannot be kept in {directory}: {error}"
        ))
    }
}

/// A transaction that has committed, message by message.
#[derive(Debug)]
pub(super) struct Replay {
    begin: Option<Begin>,
    frames: Option<Frames>,
    /// Still to come.
    commit: Option<Commit>,
    directory: String,
}

impl Replay {
    pub(super) fn commit_time_micros(&self) -> Option<i64> {
        self.commit.map(|commit| commit.commit_time_micros)
    }

    /// The next message with its length as received; none behind the commit.
    pub(super) fn next(&mut self) -> Result<Option<(Message, usize)>, Failure> {
        if let Some(begin) = self.begin.take() {
            return Ok(Some((Message::Begin(begin), 0)));
        }
        let frame = match &mut self.frames {
            Some(frames) => frames.next().map_err(|error| unread(error, &self.directory))?,
            None => None,
        };
        let Some(data) = frame else {
            return Ok(self.commit.take().map(|commit| (Message::Commit(commit), 0)));
        };
        let (start, length) = (shown(&data), data.len());
        let message = pgoutput::decode_in_block(data).map_err(|error| unknown(&error, &start))?;
        Ok(Some((message, length)))
    }
}

fn unread(error: SpillError, directory: &str) -> Failure {
    match error {
        SpillError::File(error) => Failure::KeepsNoMore(format!(
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
