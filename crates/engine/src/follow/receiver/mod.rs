//! The task that owns the stream: it decodes, hands on, and answers the walsender by itself.
//!
//! Invariants: what waits for the applier is bounded by bytes; feedback goes out however long an apply
//! takes; nothing is confirmed but what the target has flushed. A transaction that was kept until its commit is handed on
//! whole before anything behind it is read.

mod burst;
mod thread;

use std::{sync::Arc, time::Instant};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    task::JoinSet,
    time::{Duration, MissedTickBehavior, timeout},
};
use transhume_core::{follow::tree_stream::TreeStream, sqlstate};
use transhume_pg::{
    connection::error::PgError,
    follow::stream::{ReplicationStream, postgres_now_micros},
};
use transhume_wire::{pgoutput::Message, replication::ServerMessage};

use self::burst::{BUFFERED_BYTES, BURST_BYTES, WHOLE_BYTES};
pub(super) use self::{
    burst::{Burst, Item},
    thread::ReceiverThread,
};
use super::{
    failure::Failure,
    feedback::{AT_MOST, Feedback},
    in_progress::{Keeping, Replay, Taken},
    progress::Progress,
};

/// A commit that is received so long after it was made, by the two machines' clocks, has a backlog behind it: an
/// ordinary way takes a fraction of it, and waiting for more adds little to it.
const LATE_MICROS: i64 = 100_000;
/// A walsender that does not end the stream when asked is left alone after this.
const CLOSING: Duration = Duration::from_secs(5);

const RECEIVING: &str = "receiving from the source";

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
        (trees, keeping): (TreeStream, Keeping),
        progress: watch::Receiver<Progress>,
    ) -> Self {
        let (sender, bursts) = mpsc::unbounded_channel();
        let end = Arc::new(tokio::sync::Notify::new());
        let feedback = Feedback::new(progress.borrow().confirmable);
        let receiving = Receiving {
            stream,
            trees,
            keeping,
            replay: None,
            begun: Burst::default(),
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
    keeping: Keeping,
    /// Handed on first.
    replay: Option<Replay>,
    /// The beginning of a small transaction.
    begun: Burst,
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
        let mut waiting: Option<Burst> = None;
        loop {
            if let Some(rest) = self.stream.take_rest() {
                std::thread::sleep(rest);
            }
            let room = waiting.as_ref().map_or(0, Burst::room);
            let burst = tokio::select! {
                biased;
                () = end.notified() => return self.close().await,
                _ = tick.tick() => {
                    self.tell().await?;
                    continue;
                }
                permit = Arc::clone(&budget).acquire_many_owned(room), if waiting.is_some() => {
                    if let Some(burst) = waiting.take() {
                        self.hand_on(burst, permit.ok());
                    }
                    continue;
                }
                // The clock goes on meanwhile.
                () = tokio::task::yield_now(), if waiting.is_none() && self.replay.is_some() => self.gather_replayed()?,
                message = self.stream.next(), if waiting.is_none() && self.replay.is_none() => self.gather(message.map_err(|error| self.lost(error))?).await?,
            };
            match Arc::clone(&budget).try_acquire_many_owned(burst.room()) {
                Ok(permit) => self.hand_on(burst, Some(permit)),
                Err(_) => waiting = Some(burst),
            }
        }
    }

    /// This message and those that have been received with it; nothing yet where they end within a small transaction, the
    /// rest of which comes at once: the applier would wake up for each piece and could do nothing.
    async fn gather(&mut self, first: ServerMessage) -> Result<Burst, Failure> {
        let mut burst = std::mem::take(&mut self.begun);
        let mut next = Some(first);
        let mut must_answer = false;
        let mut committed = None;
        let was_in_block = self.keeping.is_in_block();
        while let Some(message) = next {
            match message {
                ServerMessage::Data { wal_start, data, .. } => {
                    self.feedback.received(wal_start);
                    let length = data.len();
                    match self.keeping.take(data)? {
                        Taken::Kept => {}
                        Taken::Message(message) => {
                            match &message {
                                Message::Begin(begin) => committed = Some(begin.commit_time_micros),
                                Message::Commit(commit) => committed = Some(commit.commit_time_micros),
                                _ => {}
                            }
                            self.put(&mut burst, message, length);
                        }
                        Taken::Whole { early, replay } => {
                            committed = replay.commit_time_micros();
                            burst.items.extend(early.map(Item::Early));
                            self.replay = Some(replay);
                        }
                    }
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
            next = if self.replay.is_none() && burst.bytes < BURST_BYTES {
                self.stream.buffered().map_err(|error| self.lost(error))?
            } else {
                None
            };
        }
        // Nobody waits for what has not committed.
        if self.keeping.is_in_block() {
            self.stream.set_late(true);
        } else if committed.is_some() || was_in_block {
            let late = committed.is_some_and(|committed| postgres_now_micros() - committed >= LATE_MICROS);
            self.stream.set_late(late);
        }
        if must_answer {
            let progress = *self.progress.borrow();
            let status = self
                .feedback
                .answer(progress.confirmable, progress.on_disk, Instant::now());
            self.stream
                .send_status(status)
                .await
                .map_err(|error| self.lost(error))?;
        }
        if burst.ends_within_transaction() && burst.bytes < WHOLE_BYTES && !self.stream.is_dense() {
            self.begun = std::mem::take(&mut burst);
        }
        Ok(burst)
    }

    /// The next of a transaction that was kept.
    fn gather_replayed(&mut self) -> Result<Burst, Failure> {
        let mut burst = Burst::default();
        while let Some(replay) = &mut self.replay
            && burst.bytes < BURST_BYTES
        {
            match replay.next()? {
                Some((message, length)) => self.put(&mut burst, message, length),
                None => self.replay = None,
            }
        }
        Ok(burst)
    }

    fn put(&mut self, burst: &mut Burst, message: Message, length: usize) {
        burst.put(self.trees.translate(message), length);
    }

    fn hand_on(&self, mut burst: Burst, permit: Option<OwnedSemaphorePermit>) {
        if burst.items.is_empty() {
            return;
        }
        burst.permit = permit;
        burst.is_dense = self.replay.is_some() || self.stream.is_dense();
        // An applier that is gone ends us by `end`.
        let _ = self.sender.send(burst);
    }

    async fn tell(&mut self) -> Result<(), Failure> {
        let confirmable = self.progress.borrow().confirmable;
        match self.feedback.due(confirmable, Instant::now()) {
            Some(status) => self
                .stream
                .send_status(status)
                .await
                .map_err(|error| self.lost(error)),
            None => Ok(()),
        }
    }

    async fn close(mut self) -> Result<(), Failure> {
        let confirmable = self.progress.borrow().confirmable;
        let status = self.feedback.status(confirmable, Instant::now());
        self.stream
            .send_status(status)
            .await
            .map_err(|error| self.lost(error))?;
        let closed = self.stream.close().await;
        closed.map_err(|error| Failure::server(RECEIVING, error))
    }

    /// A server may fail in decoding a transaction in progress that it decodes well once it is whole: version 15 does at times
    /// where a savepoint takes a change of the schema back meanwhile.
    fn lost(&self, error: PgError) -> Failure {
        let is_internal = error.sqlstate() == Some(sqlstate::INTERNAL_ERROR);
        match Failure::server(RECEIVING, error) {
            Failure::Final(error) if self.stream.brings_in_progress() => Failure::SpillFailed(format!(
                "the source fails in sending a transaction in progress ({error})"
            )),
            Failure::Final(error) if is_internal => Failure::Undecodable(error),
            failure => failure,
        }
    }
}
