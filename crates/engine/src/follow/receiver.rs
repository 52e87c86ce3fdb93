//! The task that owns the stream: it decodes, hands on, and answers the walsender by itself.
//!
//! Invariants: what waits for the applier is bounded by bytes; feedback goes out however long an apply
//! takes; nothing is confirmed but what the target has flushed.

mod thread;

use std::{sync::Arc, time::Instant};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    task::JoinSet,
    time::{Duration, MissedTickBehavior, timeout},
};
use transhume_core::tree_stream::TreeStream;
use transhume_pg::{
    error::PgError,
    state::apply::StoredFrontier,
    stream::{ReplicationStream, postgres_now_micros},
};
use transhume_wire::{
    lsn::Lsn,
    pgoutput::{self, Message},
    replication::ServerMessage,
};

pub(super) use self::thread::ReceiverThread;
use super::{
    failure::Failure,
    feedback::{AT_MOST, Feedback},
};

/// Received and not yet applied: enough to keep the applier busy while a batch commits, and a share of the 100 MB that
/// following may take.
const BUFFERED_BYTES: u32 = 24 << 20;
/// What goes to the applier in one piece at most, while more is there already.
const BURST_BYTES: usize = 256 << 10;
/// A message costs this much more than its bytes: itself, and a value of 40 bytes for each column. Narrow columns come
/// as 4 bytes of length and some digits, so that three times the bytes cover them too.
const MESSAGE_OVERHEAD_BYTES: usize = 128;
const OVERHEAD_FACTOR: usize = 3;
/// Beyond, a message is values rather than overhead.
const OVERHEAD_UP_TO_BYTES: usize = 1024;
/// A commit that is received so long after it was made, by the two machines' clocks, has a backlog behind it: an
/// ordinary way takes a fraction of it, and waiting for more adds little to it.
const LATE_MICROS: i64 = 100_000;
/// A walsender that does not end the stream when asked is left alone after this.
const CLOSING: Duration = Duration::from_secs(5);

/// How far apply is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) frontier: Lsn,
    /// What the target cannot lose any more: the slot is told this.
    pub(super) flushed: Lsn,
    pub(super) received: Lsn,
    pub(super) transactions: u64,
    pub(super) changes: u64,
}

impl From<StoredFrontier> for Progress {
    fn from(stored: StoredFrontier) -> Self {
        Self {
            frontier: stored.lsn,
            flushed: Lsn::ZERO,
            received: stored.lsn,
            transactions: stored.transactions.unsigned_abs(),
            changes: stored.changes.unsigned_abs(),
        }
    }
}

/// One thing that the stream told.
#[derive(Debug)]
pub(super) enum Item {
    Message(Message),
    /// Everything up to here has been sent.
    WalEnd(Lsn),
}

/// Items in order; their bytes are given back when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Burst {
    pub(super) items: std::collections::VecDeque<Item>,
    /// So much comes, or so late, that more is surely on its way.
    pub(super) is_dense: bool,
    permit: Option<OwnedSemaphorePermit>,
}

pub(super) struct Receiver {
    pub(super) bursts: mpsc::UnboundedReceiver<Burst>,
    end: Arc<tokio::sync::Notify>,
    /// One task, which ends with this value.
    task: JoinSet<Result<(), Failure>>,
    _thread: ReceiverThread,
}

impl Receiver {
    /// The stream's connection must have been opened on this thread.
    pub(super) fn spawn(
        thread: ReceiverThread,
        stream: ReplicationStream,
        trees: TreeStream,
        progress: watch::Receiver<Progress>,
    ) -> Self {
        let (sender, bursts) = mpsc::unbounded_channel();
        let end = Arc::new(tokio::sync::Notify::new());
        let feedback = Feedback::new(progress.borrow().flushed);
        let receiving = Receiving {
            stream,
            trees,
            sender,
            feedback,
            progress,
        };
        let mut task = JoinSet::new();
        task.spawn_on(receiving.run(Arc::clone(&end)), thread.handle());
        Self {
            bursts,
            end,
            task,
            _thread: thread,
        }
    }

    /// Why no more bursts come.
    pub(super) async fn failure(&mut self) -> Failure {
        match self.task.join_next().await {
            Some(Ok(Err(failure))) => failure,
            Some(Ok(Ok(()))) | None => Failure::passing("the stream ended"),
            Some(Err(panic)) => Failure::stopped(
                "the receiver ended unexpectedly",
                panic.to_string(),
                "report this",
            ),
        }
    }

    /// Sends the last feedback and ends the stream.
    pub(super) async fn finish(mut self) {
        self.end.notify_one();
        drop(self.bursts);
        // Whoever does not end in time is aborted with the set.
        let _ = timeout(CLOSING, self.task.join_next()).await;
    }
}

struct Receiving {
    stream: ReplicationStream,
    trees: TreeStream,
    sender: mpsc::UnboundedSender<Burst>,
    feedback: Feedback,
    progress: watch::Receiver<Progress>,
}

impl Receiving {
    async fn run(mut self, end: Arc<tokio::sync::Notify>) -> Result<(), Failure> {
        let budget = Arc::new(Semaphore::new(BUFFERED_BYTES as usize));
        let mut tick = tokio::time::interval(AT_MOST);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Received, but there is no room for it yet.
        let mut waiting: Option<(Burst, u32)> = None;
        loop {
            if let Some(rest) = self.stream.take_rest() {
                std::thread::sleep(rest);
            }
            let room = waiting.as_ref().map_or(0, |(_, bytes)| *bytes);
            tokio::select! {
                biased;
                () = end.notified() => return self.close().await,
                _ = tick.tick() => self.tell().await?,
                permit = Arc::clone(&budget).acquire_many_owned(room), if waiting.is_some() => {
                    if let Some((burst, _)) = waiting.take() {
                        self.hand_on(burst, permit.ok());
                    }
                }
                message = self.stream.next(), if waiting.is_none() => {
                    let message = message.map_err(lost)?;
                    let (burst, bytes) = self.gather(message).await?;
                    match Arc::clone(&budget).try_acquire_many_owned(bytes) {
                        Ok(permit) => self.hand_on(burst, Some(permit)),
                        Err(_) => waiting = Some((burst, bytes)),
                    }
                }
            }
        }
    }

    /// This message and those that have been received with it.
    async fn gather(&mut self, first: ServerMessage) -> Result<(Burst, u32), Failure> {
        let mut burst = Burst::default();
        let mut bytes = 0;
        let mut next = Some(first);
        let mut must_answer = false;
        let mut committed = None;
        while let Some(message) = next {
            match message {
                ServerMessage::Data { wal_start, data, .. } => {
                    bytes += memory_of(data.len());
                    self.feedback.received(wal_start);
                    let message = decode(data)?;
                    if let Message::Commit(commit) = &message {
                        committed = Some(commit.commit_time_micros);
                    }
                    let translated = self.trees.translate(message);
                    let before = translated.before.into_iter().map(Item::Message);
                    burst.items.extend(before);
                    burst.items.push_back(Item::Message(translated.message));
                }
                ServerMessage::Keepalive {
                    wal_end,
                    reply_requested,
                } => {
                    self.feedback.received(wal_end);
                    must_answer |= reply_requested;
                    burst.items.push_back(Item::WalEnd(wal_end));
                }
            }
            next = if bytes < BURST_BYTES {
                self.stream.buffered().map_err(lost)?
            } else {
                None
            };
        }
        if let Some(committed) = committed {
            self.stream
                .set_late(postgres_now_micros() - committed >= LATE_MICROS);
        }
        if must_answer {
            let flushed = self.progress.borrow().flushed;
            let status = self.feedback.status(flushed, Instant::now());
            self.stream.send_status(status).await.map_err(lost)?;
        }
        // One message may be larger than all the room there is: then it goes alone.
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(BUFFERED_BYTES);
        Ok((burst, bytes))
    }

    fn hand_on(&self, mut burst: Burst, permit: Option<OwnedSemaphorePermit>) {
        burst.permit = permit;
        burst.is_dense = self.stream.is_dense();
        // An applier that is gone ends us by `end`.
        let _ = self.sender.send(burst);
    }

    async fn tell(&mut self) -> Result<(), Failure> {
        let flushed = self.progress.borrow().flushed;
        match self.feedback.due(flushed, Instant::now()) {
            Some(status) => self.stream.send_status(status).await.map_err(lost),
            None => Ok(()),
        }
    }

    async fn close(mut self) -> Result<(), Failure> {
        let flushed = self.progress.borrow().flushed;
        let status = self.feedback.status(flushed, Instant::now());
        self.stream.send_status(status).await.map_err(lost)?;
        self.stream.close().await.map_err(lost)
    }
}

/// What a decoded message takes, more or less.
fn memory_of(message_bytes: usize) -> usize {
    message_bytes + MESSAGE_OVERHEAD_BYTES + OVERHEAD_FACTOR * message_bytes.min(OVERHEAD_UP_TO_BYTES)
}

fn lost(error: PgError) -> Failure {
    Failure::server("receiving from the source", error)
}

fn decode(data: bytes::Bytes) -> Result<Message, Failure> {
    /// Enough of an unknown message to recognise it by.
    const SHOWN_BYTES: usize = 64;
    let start = data.slice(..data.len().min(SHOWN_BYTES));
    pgoutput::decode(data).map_err(|error| {
        Failure::stopped(
            "the stream holds a message that this program does not know",
            format!("{error}. It begins with {start:02x?}."),
            "report this with the server's version",
        )
    })
}
