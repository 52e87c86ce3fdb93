//! The task that owns the apply session: it writes portion after portion while the next one is gathered.
//!
//! Invariants: at most one portion waits while one is written, and few small batches are on their way with their COMMIT, so
//! memory is bounded; what was committed is reported in order and before an error; the target is asked what it has flushed
//! until that is everything.

use std::{collections::VecDeque, time::Duration};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use transhume_core::follow::{batch::Batch, portion::Portion};
use transhume_pg::follow::apply::{ApplyError, BatchWriter, Committed, TargetPosition};
use transhume_wire::lsn::Lsn;

use super::failure::Failure;

/// Between two questions for what is flushed, while something is not: a target's WAL writer takes up to three times
/// wal_writer_delay, 0.2 s each.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// A portion with the transactions of its batch so far.
pub(super) struct Handed {
    pub(super) portion: Portion,
    pub(super) batch: Batch,
}

/// An error, and the batch that it concerns.
#[derive(Debug)]
pub(super) struct Mishap {
    pub(super) error: ApplyError,
    pub(super) batch: Batch,
}

#[derive(Debug)]
pub(super) enum WriterReport {
    Committed(Committed, Batch),
    /// A piece of a batch is written.
    Taken,
    Position(TargetPosition),
    /// So many portions were taken over so far, and all of them are on their way with their COMMIT.
    Left(u64),
    /// Nothing more comes.
    Failed(Box<Mishap>),
}

/// Ends with this value; the target's transaction under way rolls back with its session.
pub(super) struct Writing {
    portions: mpsc::Sender<Handed>,
    reports: mpsc::UnboundedReceiver<WriterReport>,
    /// Batches and pieces of batches that were handed over and not reported.
    outstanding: usize,
    /// Since the start.
    handed: u64,
    /// As many of these as were on their way with their COMMIT when all were.
    left: u64,
    task: JoinSet<()>,
}

/// Handed over and not reported: one that is written, one that is ready to follow at once.
const OUTSTANDING: usize = 2;
/// The same, where all are on their way with their COMMIT: enough for a batch every two milliseconds over a way of 60.
const IN_AIR: usize = 32;

impl Writing {
    /// `written_up_to`: the end of the target's WAL, which need not be flushed yet.
    pub(super) fn spawn(writer: BatchWriter, written_up_to: Lsn) -> Self {
        let (portions, queue) = mpsc::channel(OUTSTANDING);
        let (sender, reports) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        let work = Work {
            writer,
            queue,
            reports: sender,
            taken: 0,
            under_way: VecDeque::new(),
            awaits_flush: Some(AwaitedFlush {
                up_to: Some(written_up_to),
                ask_at: Instant::now(),
            }),
        };
        task.spawn(work.run());
        Self {
            portions,
            reports,
            outstanding: 0,
            handed: 0,
            left: 0,
            task,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.outstanding < OUTSTANDING || self.may_be_followed()
    }

    /// What was handed over is on its way with its COMMIT: another batch may leave behind it.
    pub(super) fn may_be_followed(&self) -> bool {
        self.outstanding < IN_AIR && self.left == self.handed
    }

    pub(super) fn is_idle(&self) -> bool {
        self.outstanding == 0
    }

    /// Only where there is room.
    pub(super) async fn hand(&mut self, handed: Handed) {
        self.outstanding += 1;
        self.handed += 1;
        // A task that is gone has reported why.
        let _ = self.portions.send(handed).await;
    }

    /// What has come of it. Cancel-safe.
    pub(super) async fn report(&mut self) -> Result<WriterReport, Failure> {
        let Some(report) = self.reports.recv().await else {
            return Err(match self.task.join_next().await {
                Some(Err(panic)) => {
                    Failure::stopped("the writer ended unexpectedly", panic.to_string(), "report this")
                }
                _ => Failure::passing("the writer ended"),
            });
        };
        match &report {
            WriterReport::Committed(..) | WriterReport::Taken => self.outstanding -= 1,
            WriterReport::Left(portions) => self.left = *portions,
            WriterReport::Position(_) | WriterReport::Failed(_) => {}
        }
        Ok(report)
    }
}

struct Work {
    writer: BatchWriter,
    queue: mpsc::Receiver<Handed>,
    reports: mpsc::UnboundedSender<WriterReport>,
    /// Portions since the start.
    taken: u64,
    /// What was sent and is not reported, oldest first: its batch, and whether that ends with it.
    under_way: VecDeque<(Batch, bool)>,
    awaits_flush: Option<AwaitedFlush>,
}

/// Something of ours on the target is not known to be flushed.
#[derive(Clone, Copy)]
struct AwaitedFlush {
    /// The target's WAL has to be flushed up to here; none where it was not looked at since the latest commit.
    up_to: Option<Lsn>,
    ask_at: Instant,
}

impl Work {
    async fn run(mut self) {
        if let Err(mishap) = self.work().await {
            let _ = self.reports.send(WriterReport::Failed(mishap));
        }
    }

    async fn work(&mut self) -> Result<(), Box<Mishap>> {
        loop {
            // Behind what is in the air a look at the target's WAL goes anyway.
            let awaited = self.awaits_flush.filter(|_| !self.writer.is_in_air());
            let ask_at = awaited.map(|awaited| awaited.ask_at);
            let handed = tokio::select! {
                biased;
                handed = self.queue.recv() => handed,
                answered = self.writer.landing(), if self.writer.is_in_air() => {
                    let landed = self.writer.landed(answered).await;
                    self.tell(landed, Batch::default()).await?;
                    continue;
                }
                () = sleep_until(ask_at.unwrap_or_else(Instant::now)), if ask_at.is_some() => {
                    self.ask().await?;
                    continue;
                }
            };
            let Some(Handed { portion, batch }) = handed else {
                return Ok(());
            };
            self.write(portion, batch).await?;
        }
    }

    async fn write(&mut self, portion: Portion, batch: Batch) -> Result<(), Box<Mishap>> {
        self.taken += 1;
        let ends = portion.end().is_some();
        let is_last = self.queue.is_empty();
        let written = self.writer.write(portion, is_last).await;
        self.tell(written, batch).await?;
        self.under_way.push_back((batch, ends));
        if !self.queue.is_empty() {
            return Ok(());
        }
        if self.writer.has_all_in_air() {
            let _ = self.reports.send(WriterReport::Left(self.taken));
            return Ok(());
        }
        let settled = self.writer.settle().await;
        self.tell(settled, batch).await
    }

    /// Reports what has come of what was sent; what failed is the oldest that is not reported, or else the next.
    async fn tell(&mut self, result: Result<(), ApplyError>, next: Batch) -> Result<(), Box<Mishap>> {
        while let Some(committed) = self.writer.next_committed() {
            let (batch, _) = self.under_way.pop_front().unwrap_or_default();
            let ask_at = self
                .awaits_flush
                .map_or_else(|| Instant::now() + ASK_EVERY, |awaited| awaited.ask_at);
            self.awaits_flush = Some(AwaitedFlush { up_to: None, ask_at });
            if let Some(position) = committed.position {
                self.looked(position);
            }
            let _ = self.reports.send(WriterReport::Committed(committed, batch));
        }
        if let Err(error) = result {
            let batch = self.under_way.front().map_or(next, |(batch, _)| *batch);
            let error = self.writer.cause(error).await;
            return Err(Box::new(Mishap { error, batch }));
        }
        while self.under_way.front().is_some_and(|(_, ends)| !*ends) {
            self.under_way.pop_front();
            let _ = self.reports.send(WriterReport::Taken);
        }
        Ok(())
    }

    async fn ask(&mut self) -> Result<(), Box<Mishap>> {
        let position = self.writer.position().await;
        let position = position.map_err(|error| {
            let batch = Batch::default();
            Box::new(Mishap { error, batch })
        })?;
        self.looked(position);
        let _ = self.reports.send(WriterReport::Position(position));
        Ok(())
    }

    fn looked(&mut self, position: TargetPosition) {
        let up_to = self
            .awaits_flush
            .and_then(|awaited| awaited.up_to)
            .unwrap_or(position.end);
        self.awaits_flush = (position.flushed < up_to).then(|| AwaitedFlush {
            up_to: Some(up_to),
            ask_at: Instant::now() + ASK_EVERY,
        });
    }
}
