//! The loop that applies: bursts from the receiver become batches for the writer.
//!
//! Owns the order of things; what is right is decided elsewhere: grammar in `core::assembly`, what may be
//! confirmed in `core::frontier`, what may begin in `core::hold`, how a change is written in the writer.
//! A batch grows for as long as the writer is busy. May be dropped at any point: the target's
//! transaction rolls back with its session.

use std::time::{Duration, Instant};

use tokio::{sync::watch, time::MissedTickBehavior};
use transhume_core::follow::{
    anchor::Anchor,
    assembly::{Assembler, AssemblyError, StreamElement},
    batch::{Batch, Closed, Grouping},
    change::Change,
    error_policy::Care,
    frontier::Frontier,
    portion::{Gatherer, Origin, Portion},
};
use transhume_pg::follow::{announcing::AnnouncementKey, marker};
use transhume_wire::{
    lsn::Lsn,
    pgoutput::{LogicalMessage, Message},
};

use super::{
    EndReason, FollowRequest, Until,
    early::Early,
    failure::Failure,
    handing::next_report,
    hold::Control,
    open_transaction::OpenTransaction,
    past::{self, PastCheck},
    progress::Progress,
    receiver::{Burst, Item, Receiver},
    start::OpenedTarget,
    writing::Writing,
};

/// Commands and the phase are looked at this often without being called.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Applier<'a> {
    pub(super) request: &'a FollowRequest<'a>,
    pub(super) grouping: Grouping,
    pub(super) care: Option<Care>,
    pub(super) gatherer: Gatherer,
    pub(super) writing: Writing,
    /// The next transaction, or the open one, where it was written before its commit.
    pub(super) early: Option<Early>,
    pub(super) control: Control,
    pub(super) past: PastCheck,
    pub(super) receiver: Receiver,
    /// Recognises what statements of the source announce.
    key: Option<AnnouncementKey>,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) assembler: Assembler,
    pub(super) frontier: Frontier,
    pub(super) burst: Burst,
    pub(super) batch: Batch,
    pub(super) markers: Vec<(String, Lsn)>,
    /// The frontier of the latest batch that was handed over.
    pub(super) handed: Lsn,
    pub(super) open: Option<OpenTransaction>,
    pub(super) last_handed: Instant,
    /// More is surely on its way: a batch may wait for it a little.
    pub(super) is_dense: bool,
    pub(super) ending: Option<EndReason>,
}

impl<'a> Applier<'a> {
    pub(super) fn new(
        request: &'a FollowRequest<'a>,
        (grouping, care): (Grouping, Option<Care>),
        target: OpenedTarget,
        (frontier, past): (Frontier, PastCheck),
        (receiver, key): (Receiver, Option<AnnouncementKey>),
        progress: watch::Sender<Progress>,
    ) -> Self {
        Self {
            request,
            grouping,
            care,
            gatherer: Gatherer::new(target.writer.loaded_tables()),
            writing: Writing::spawn(target.writer, target.written_up_to),
            early: None,
            control: Control::new(target.control, request.yields_to_tables),
            past,
            receiver,
            key,
            progress,
            assembler: Assembler::new(),
            handed: frontier.applied(),
            frontier,
            burst: Burst::default(),
            batch: Batch::default(),
            markers: Vec::new(),
            open: None,
            last_handed: Instant::now(),
            is_dense: false,
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
            let goes_on = !is_held && self.has_room();
            let due_at = self
                .due_at()
                .filter(|due_at| self.batch.must_commit && *due_at > Instant::now());
            tokio::select! {
                biased;
                called = self.control.called() => {
                    called?;
                    self.look().await?;
                }
                _ = tick.tick() => {
                    if !self.control.glance() {
                        self.look().await?;
                    }
                    self.hand_when_due().await?;
                }
                () = tokio::time::sleep_until(due_at.unwrap_or_else(Instant::now).into()), if due_at.is_some() => {
                    self.hand_when_due().await?;
                }
                report = next_report(&mut self.writing, &mut self.early) => {
                    self.reported(report?).await?;
                    self.hand_when_due().await?;
                }
                () = std::future::ready(()), if has_items && goes_on => self.apply_burst().await?,
                burst = self.receiver.bursts.recv(), if !has_items && goes_on => match burst {
                    Some(burst) => {
                        self.is_dense = burst.is_dense;
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
        self.settle().await?;
        if self.ending.is_none() {
            self.hand_when_due().await?;
        }
        Ok(())
    }

    /// Applies what was received, as far as a hold lets it and the writer has room.
    async fn apply_burst(&mut self) -> Result<(), Failure> {
        while self.has_room()
            && let Some(item) = self.burst.items.pop_front()
        {
            self.recognize(&item)?;
            if let Item::Message(Message::Begin(begin)) = &item
                && !self.control.hold.admits(begin.final_lsn)
                && !self.frontier.is_applied(begin.final_lsn)
            {
                let commit_lsn = begin.final_lsn;
                self.burst.items.push_front(item);
                return self.stand_before(commit_lsn).await;
            }
            match item {
                Item::Message(message) => match self.message(message) {
                    Ok(None) => {}
                    Ok(Some(portion)) => self.hand_gathered(portion).await?,
                    Err(error) => return Err(self.malformed(&error).await),
                },
                Item::WalEnd(wal_end) => self.wal_end(wal_end).await?,
                Item::Early(early) => self.comes_early(early).await?,
            }
            if self.open.is_none() && self.batch.is_over(self.grouping) {
                self.hand_batch().await?;
            }
            if self.control.hold.is_held() {
                return Ok(());
            }
        }
        if self.burst.items.is_empty() {
            // Gives the bytes back to the receiver.
            self.burst = Burst::default();
        }
        self.hand_when_due().await?;
        self.settle().await
    }

    /// Nothing is applied before the source is known to be the one that was followed.
    fn recognize(&mut self, item: &Item) -> Result<(), Failure> {
        if self.past.recognition.is_done() {
            return Ok(());
        }
        let recognized = match item {
            Item::Message(Message::Begin(begin)) => self.past.recognition.transaction(Anchor {
                commit_lsn: begin.final_lsn,
                xid: begin.xid,
                commit_time_micros: begin.commit_time_micros,
            }),
            Item::WalEnd(wal_end) => self.past.recognition.wal_end(*wal_end),
            _ => Ok(()),
        };
        let (endpoints, migration) = (self.request.endpoints, self.request.migration);
        recognized.map_err(|other| Failure::Final(past::refused(endpoints, migration, &other)))?;
        self.tell_confirmable();
        Ok(())
    }

    /// Takes up one message; what is to be handed over before the next is given back. Waits for nothing: this runs for
    /// every change.
    fn message(&mut self, message: Message) -> Result<Option<Portion>, AssemblyError> {
        match self.assembler.push(message)? {
            None => {}
            Some(StreamElement::Begin {
                commit_lsn,
                xid,
                commit_time_micros,
            }) => {
                self.frontier.begin();
                self.batch.is_open = true;
                self.batch.commit_lsn = commit_lsn;
                self.open = Some(OpenTransaction {
                    origin: Origin { commit_lsn, xid },
                    is_applied: self.frontier.is_applied(commit_lsn),
                    is_written: false,
                    has_content: self.past.sends_empty,
                    commit_time_micros,
                });
            }
            Some(StreamElement::Relation(relation)) => return Ok(self.gatherer.announce(relation)),
            Some(StreamElement::Change(change)) => return Ok(self.change(change)),
            Some(StreamElement::Message(message)) => {
                self.marker(&message);
                return Ok(self.announced(&message));
            }
            Some(StreamElement::Commit {
                end_lsn,
                commit_time_micros,
                ..
            }) => self.commit(end_lsn, commit_time_micros),
        }
        Ok(None)
    }

    fn change(&mut self, change: Change) -> Option<Portion> {
        let open = self.open.as_mut()?;
        open.has_content = true;
        if open.is_applied {
            return None;
        }
        let bytes = change.bytes();
        if !self.gatherer.change(open.origin, change) {
            return None;
        }
        open.is_written = true;
        self.batch.changes += 1;
        self.batch.bytes += bytes;
        self.batch.must_commit = true;
        self.gatherer.is_full().then(|| self.gatherer.take(None))
    }

    /// Writes a marker of ours down; every other message is nobody's business here.
    fn marker(&mut self, message: &LogicalMessage) {
        if self.open.is_some_and(|open| open.is_applied) || message.prefix != marker::PREFIX {
            return;
        }
        let Some(nonce) = marker::nonce_of(&self.request.migration.id, &message.content) else {
            return;
        };
        if let Some(open) = &mut self.open {
            open.has_content = true;
        }
        self.batch.must_commit = true;
        // Nobody waits for one of these.
        if marker::is_anchor(nonce) {
            return;
        }
        if marker::is_fence(nonce) {
            self.batch.closed = Some(Closed::ByFence);
        }
        self.markers.push((nonce.to_owned(), message.lsn));
    }

    /// Takes up what a statement of this transaction has left of the schema, behind all that came before.
    fn announced(&mut self, message: &LogicalMessage) -> Option<Portion> {
        let open = self.open.as_mut().filter(|open| !open.is_applied)?;
        let announced = self.key.as_ref()?.read(open.origin.xid, message)?;
        open.has_content = true;
        open.is_written = true;
        self.batch.must_commit = true;
        self.batch.closed = Some(Closed::BySchema);
        Some(self.gatherer.take_before(announced))
    }

    fn commit(&mut self, end_lsn: Lsn, commit_time_micros: i64) {
        self.frontier.commit(end_lsn);
        self.batch.is_open = false;
        let open = self.open.take();
        if open.is_some_and(|open| open.is_applied) {
            // Another run has committed it: what was written now rolls back.
            self.early = None;
        } else if let Some(open) = open {
            if self.early.is_some() {
                // Whether anything of it was ours is not known here, and sent again it would cost.
                self.batch.closed = Some(Closed::Early);
            } else if open.has_content {
                self.batch.anchor = Some(open.anchor());
            }
            self.batch.transactions += 1;
            self.batch.written += u64::from(open.is_written);
            self.batch.commit_time_micros = Some(commit_time_micros);
        }
    }

    /// The server has sent everything up to here.
    async fn wal_end(&mut self, wal_end: Lsn) -> Result<(), Failure> {
        self.frontier.keepalive(wal_end);
        self.settle().await
    }

    /// The next transaction may not begin: apply stands here.
    async fn stand_before(&mut self, commit_lsn: Lsn) -> Result<(), Failure> {
        tracing::debug!(%commit_lsn, "apply is held");
        self.stand().await
    }

    /// Stands still where a hold asks for it and everything below its limit is here.
    async fn settle(&mut self) -> Result<(), Failure> {
        while self.open.is_none()
            && (self.control.hold.is_stopping() || self.control.hold.is_over_at(self.frontier.received()))
        {
            self.stand().await?;
        }
        Ok(())
    }

    async fn stand(&mut self) -> Result<(), Failure> {
        if self.batch.must_commit || self.frontier.received() > self.handed {
            self.hand_batch().await?;
        }
        self.drain().await?;
        self.gatherer.stand();
        self.control.stand(self.frontier.applied()).await?;
        // A command that waited for this one is taken up now.
        self.ending = self.control.look().await?;
        Ok(())
    }

    fn is_caught_up(&self) -> bool {
        matches!(self.request.until, Until::CaughtUp(lsn) if self.frontier.applied() >= lsn)
    }

    async fn malformed(&mut self, error: &AssemblyError) -> Failure {
        if self.batch.is_group() {
            let up_to = self.batch.commit_lsn;
            return Failure::WithinGroup { up_to };
        }
        // Everything before is to be kept.
        match self.drain().await {
            Ok(()) => malformed(error),
            Err(failure) => failure,
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
