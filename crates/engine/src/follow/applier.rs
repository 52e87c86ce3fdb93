//! The loop that applies: bursts from the receiver become batches on the target.
//!
//! Owns the order of things; what is right is decided elsewhere: grammar in `core::assembly`, what may be
//! confirmed in `core::frontier`, what may begin in `core::hold`, how a change is written in the writer.
//! May be dropped at any point: the target's transaction rolls back with its session.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::MissedTickBehavior};
use transhume_core::{
    assembly::{Assembler, AssemblyError, Step},
    batch::{Batch, Grouping},
    change::Change,
    frontier::Frontier,
};
use transhume_pg::{
    apply::{ApplyError, BatchWriter, Conflict, Origin},
    marker,
    state::apply::Advance,
};
use transhume_wire::{
    lsn::Lsn,
    pgoutput::{LogicalMessage, Message, Relation},
};

use super::{
    EndReason, FollowRequest, Until,
    failure::{self, Failure, explain},
    hold::Control,
    receiver::{Burst, Item, Progress, Receiver},
    start::{OpenedTarget, connect_source},
};

/// Commands and the phase are looked at this often without being called.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The frontier moves this often at most while only WAL that is not ours goes by.
const IDLE_ADVANCE_EVERY: Duration = Duration::from_secs(1);

/// The source transaction that is being received.
#[derive(Debug, Clone, Copy)]
struct OpenTransaction {
    origin: Origin,
    /// An earlier run applied it; the server sends it again.
    is_applied: bool,
    /// Something of it was written.
    is_written: bool,
}

pub(super) struct Applier<'a> {
    request: &'a FollowRequest<'a>,
    grouping: Grouping,
    writer: BatchWriter,
    control: Control,
    receiver: Receiver,
    progress: watch::Sender<Progress>,
    assembler: Assembler,
    frontier: Frontier,
    burst: Burst,
    batch: Batch,
    open: Option<OpenTransaction>,
    last_finish: Instant,
    ending: Option<EndReason>,
}

impl<'a> Applier<'a> {
    pub(super) fn new(
        request: &'a FollowRequest<'a>,
        grouping: Grouping,
        target: OpenedTarget,
        receiver: Receiver,
        progress: watch::Sender<Progress>,
    ) -> Self {
        let frontier = Frontier::resume(progress.borrow().frontier);
        Self {
            request,
            grouping,
            writer: target.writer,
            control: Control::new(target.control, request.yields_to_tables),
            receiver,
            progress,
            assembler: Assembler::new(),
            frontier,
            burst: Burst::default(),
            batch: Batch::default(),
            open: None,
            last_finish: Instant::now(),
            ending: None,
        }
    }

    /// Gives the receiver back, so that it can end the stream; the target's sessions end.
    pub(super) fn into_receiver(self) -> Receiver {
        self.receiver
    }

    pub(super) async fn run(&mut self) -> Result<EndReason, Failure> {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if let Some(reason) = self.ending {
                return Ok(reason);
            }
            if self.is_caught_up() {
                return Ok(EndReason::CaughtUp);
            }
            let is_held = self.control.hold.is_held();
            let has_items = !self.burst.items.is_empty();
            tokio::select! {
                biased;
                called = self.control.called() => {
                    called?;
                    self.look().await?;
                }
                _ = tick.tick() => self.look().await?,
                () = std::future::ready(()), if has_items && !is_held => self.apply_burst().await?,
                burst = self.receiver.bursts.recv(), if !has_items && !is_held => match burst {
                    Some(burst) => {
                        self.burst = burst;
                        self.apply_burst().await?;
                    }
                    None => return Err(self.receiver.failure().await),
                }
            }
        }
    }

    async fn look(&mut self) -> Result<(), Failure> {
        self.ending = self.control.look().await?;
        self.settle(self.frontier.durable()).await?;
        if self.open.is_none() && self.ending.is_none() {
            self.finish_when_due().await?;
        }
        Ok(())
    }

    /// Applies what was received, as far as a hold lets it.
    async fn apply_burst(&mut self) -> Result<(), Failure> {
        while let Some(item) = self.burst.items.pop_front() {
            if let Item::Message(Message::Begin(begin)) = &item
                && !self.control.hold.admits(begin.final_lsn)
                && !self.frontier.is_applied(begin.final_lsn)
            {
                let commit_lsn = begin.final_lsn;
                self.burst.items.push_front(item);
                return self.stand_before(commit_lsn).await;
            }
            match item {
                Item::Message(message) => self.message(message).await?,
                Item::WalEnd(wal_end) => self.wal_end(wal_end).await?,
            }
            if self.open.is_none() && (self.batch.is_full(self.grouping) || self.batch.is_fenced) {
                self.finish().await?;
            }
            if self.control.hold.is_held() {
                return Ok(());
            }
        }
        // Gives the bytes back to the receiver.
        self.burst = Burst::default();
        if self.open.is_none() && self.receiver.bursts.is_empty() {
            self.finish_when_due().await?;
        }
        self.settle(self.frontier.durable()).await
    }

    async fn message(&mut self, message: Message) -> Result<(), Failure> {
        let step = self
            .assembler
            .push(message)
            .map_err(|error| self.malformed(&error))?;
        match step {
            None => {}
            Some(Step::Begin { commit_lsn, xid, .. }) => {
                self.frontier.begin();
                self.open = Some(OpenTransaction {
                    origin: Origin { commit_lsn, xid },
                    is_applied: self.frontier.is_applied(commit_lsn),
                    is_written: false,
                });
            }
            Some(Step::Relation(relation)) => self.writer.announce(relation),
            Some(Step::Change(change)) => self.change(change).await?,
            Some(Step::Message(message)) => self.marker(&message),
            Some(Step::Commit {
                end_lsn,
                commit_time_micros,
                ..
            }) => self.commit(end_lsn, commit_time_micros),
        }
        Ok(())
    }

    async fn change(&mut self, change: Change) -> Result<(), Failure> {
        let Some(open) = self.open.filter(|open| !open.is_applied) else {
            return Ok(());
        };
        let bytes = change.bytes();
        match self.writer.change(open.origin, change).await {
            Ok(false) => {}
            Ok(true) => {
                self.batch.changes += 1;
                self.batch.bytes += bytes;
                self.batch.must_commit = true;
                self.open = Some(OpenTransaction {
                    is_written: true,
                    ..open
                });
            }
            Err(error) => return Err(self.failed(error).await),
        }
        Ok(())
    }

    /// Writes a marker of ours down; every other message is nobody's business here.
    fn marker(&mut self, message: &LogicalMessage) {
        if self.open.is_some_and(|open| open.is_applied) || message.prefix != marker::PREFIX {
            return;
        }
        let Some(nonce) = marker::nonce_of(&self.request.migration.id, &message.content) else {
            return;
        };
        self.batch.must_commit = true;
        self.batch.is_fenced |= marker::is_fence(nonce);
        self.writer.marker(nonce, message.lsn);
    }

    fn commit(&mut self, end_lsn: Lsn, commit_time_micros: i64) {
        self.frontier.commit(end_lsn);
        if let Some(open) = self.open.take()
            && !open.is_applied
        {
            self.batch.transactions += 1;
            self.batch.written += u64::from(open.is_written);
            self.batch.commit_time_micros = Some(commit_time_micros);
        }
    }

    /// The server has sent everything up to here.
    async fn wal_end(&mut self, wal_end: Lsn) -> Result<(), Failure> {
        if self.open.is_some() {
            return Ok(());
        }
        self.frontier.keepalive(wal_end);
        self.settle(wal_end).await
    }

    /// The next transaction may not begin: apply stands here.
    async fn stand_before(&mut self, commit_lsn: Lsn) -> Result<(), Failure> {
        tracing::debug!(%commit_lsn, "apply is held");
        self.stand().await
    }

    /// Stands still where a hold asks for it and everything below `received` is here.
    async fn settle(&mut self, received: Lsn) -> Result<(), Failure> {
        while self.open.is_none()
            && (self.control.hold.is_stopping() || self.control.hold.is_over_at(received))
        {
            self.stand().await?;
        }
        Ok(())
    }

    async fn stand(&mut self) -> Result<(), Failure> {
        if self.batch.must_commit || self.position() > self.frontier.durable() {
            self.finish().await?;
        }
        self.control.stand(self.frontier.durable()).await?;
        // A command that waited for this one is taken up now.
        self.ending = self.control.look().await?;
        Ok(())
    }

    /// Where the frontier may go once what is written is committed.
    fn position(&self) -> Lsn {
        self.frontier.received().max(self.frontier.confirmable())
    }

    /// Commits what is written; moves the frontier over WAL without changes of ours only now and then.
    async fn finish_when_due(&mut self) -> Result<(), Failure> {
        let position = self.position();
        let moves = position > self.frontier.durable();
        let is_awaited = matches!(self.request.until, Until::CaughtUp(lsn) if position >= lsn);
        let is_time = self.last_finish.elapsed() >= IDLE_ADVANCE_EVERY;
        if self.batch.must_commit || (moves && (is_awaited || is_time)) {
            self.finish().await?;
        }
        Ok(())
    }

    /// Commits the batch with its frontier.
    async fn finish(&mut self) -> Result<(), Failure> {
        let advance = Advance {
            before: self.frontier.durable(),
            after: self.position(),
            commit_time_micros: self.batch.commit_time_micros,
            transactions: i64::try_from(self.batch.written).unwrap_or(i64::MAX),
            changes: i64::try_from(self.batch.changes).unwrap_or(i64::MAX),
        };
        if let Err(error) = self.writer.finish(&advance).await {
            return Err(self.failed(error).await);
        }
        self.frontier.made_durable(advance.after).map_err(|error| {
            Failure::stopped(
                "the frontier would move wrongly",
                error.to_string(),
                "report this",
            )
        })?;
        let batch = std::mem::take(&mut self.batch);
        if batch.is_fenced {
            self.control.hold.fence();
        }
        self.progress.send_modify(|progress| {
            progress.frontier = advance.after;
            progress.received = advance.after;
            progress.transactions += batch.written;
            progress.changes += batch.changes;
        });
        self.last_finish = Instant::now();
        Ok(())
    }

    fn is_caught_up(&self) -> bool {
        matches!(self.request.until, Until::CaughtUp(lsn) if self.frontier.durable() >= lsn)
    }

    /// The open batch holds other transactions than the one under way.
    fn is_group(&self) -> bool {
        self.batch.transactions > 0 && self.grouping != Grouping::Never
    }

    fn relation_of(&self, conflict: &Conflict) -> Option<Arc<Relation>> {
        let table = conflict.tables.first()?;
        self.writer.announced_as(table).cloned()
    }

    fn malformed(&self, error: &AssemblyError) -> Failure {
        if self.is_group() {
            Failure::WithinGroup
        } else {
            malformed(error)
        }
    }

    /// What an error of the writer means: within a group it is not known which transactions are good.
    async fn failed(&mut self, error: ApplyError) -> Failure {
        let concerns_a_change = matches!(error, ApplyError::Conflict(_) | ApplyError::Drift(_));
        if concerns_a_change && self.is_group() {
            return Failure::WithinGroup;
        }
        let source = connect_source(self.request, "explain");
        match error {
            ApplyError::Drift(_) => explain(error, source.await).await,
            ApplyError::Conflict(conflict) if failure::may_be_a_label(&conflict) => {
                let relation = self.relation_of(&conflict);
                failure::explain_label(*conflict, relation, self.request, source.await).await
            }
            error => explain(error, Err(crate::error::EngineError::Interrupted)).await,
        }
    }
}

fn malformed(error: &AssemblyError) -> Failure {
    match error {
        AssemblyError::Identity { relation, cause } => Failure::stopped(
            format!("a change of {} cannot be applied: {cause}", relation.plain()),
            "Everything before its transaction is applied.",
            "give the table a replica identity on the source; the change itself must be made by hand on the target",
        ),
        error => Failure::stopped(
            "the stream does not follow its protocol",
            error.to_string(),
            "report this with the server's version",
        ),
    }
}
