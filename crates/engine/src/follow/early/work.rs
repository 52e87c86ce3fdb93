//! The task that writes one transaction before its commit.
//!
//! Owns the transaction's own way from its messages to portions: what it announces and how its trees look is nobody else's
//! matter before the commit. Refuses to solve anything: what does not go straight ends it.

use std::time::{Duration, Instant};

use tokio::{
    sync::{oneshot, watch},
    time::{sleep, timeout},
};
use transhume_core::follow::{
    assembly::{Assembler, AssemblyError, StreamElement},
    change::{Change, RowIdentity},
    portion::{Gatherer, Origin, Portion},
    tree_stream::TreeStream,
};
use transhume_pg::{
    connection::error::PgError,
    follow::{
        apply::{self, ApplyError, BatchWriter, Committed},
        marker,
    },
};
use transhume_wire::{
    lsn::Lsn,
    pgoutput::{self, Begin, DecodeError, Message},
};

use super::{EarlySessions, Extent, Landing};
use crate::follow::{
    progress::Progress,
    spill::{Frames, SpillError},
    writing::{Mishap, WriterReport},
};

/// Others on the target that wait for what this holds wait about so long.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What was gathered is written after this although a portion would hold more: then little is left for the commit.
const QUIET: Duration = Duration::from_millis(50);

/// Why it goes no further.
#[derive(Debug, thiserror::Error)]
enum EarlyObstacle {
    #[error("{}", what(.0))]
    Target(ApplyError),
    #[error(transparent)]
    Kept(#[from] SpillError),
    #[error(transparent)]
    Unknown(#[from] DecodeError),
    #[error(transparent)]
    Malformed(#[from] AssemblyError),
    #[error("{0} is written in order only")]
    InOrderOnly(&'static str),
    #[error("somebody waits for its locks")]
    InTheWay,
    #[error("nobody follows any more")]
    Abandoned,
}

impl From<ApplyError> for EarlyObstacle {
    fn from(error: ApplyError) -> Self {
        Self::Target(error)
    }
}

impl From<PgError> for EarlyObstacle {
    fn from(error: PgError) -> Self {
        Self::Target(error.into())
    }
}

/// Without values of rows.
fn what(error: &ApplyError) -> String {
    match error {
        ApplyError::Server { error, .. } => format!("the target failed ({error})"),
        ApplyError::Conflict(conflict) => format!("the target refused it ({})", conflict.reason()),
        ApplyError::Drift(drift) => format!("{} does not fit", drift.table().plain()),
        ApplyError::Source(error) => format!("the source could not be asked ({error})"),
        ApplyError::TargetAltered => "the target's tables were altered".to_owned(),
        ApplyError::FrontierMoved { .. } => "the applied LSN was moved".to_owned(),
    }
}

/// What is needed to begin.
pub(super) struct EarlyStart {
    pub(super) sessions: EarlySessions,
    pub(super) xid: u32,
    pub(super) frames: Frames,
}

impl EarlyStart {
    /// What came of the landing; none where it ended before, for a reason that is in nobody's way.
    pub(super) async fn run(
        self,
        extents: watch::Receiver<Extent>,
        landing: oneshot::Receiver<Landing>,
    ) -> Option<WriterReport> {
        let xid = self.xid;
        let written = async {
            let mut work = self.open().await?;
            let landing = work.write_until_landing(extents, landing).await?;
            work.land(landing).await
        };
        match written.await {
            Ok(report) => Some(report),
            Err(obstacle) => {
                tracing::debug!(xid, %obstacle, "a transaction in progress is left for its commit");
                None
            }
        }
    }

    async fn open(self) -> Result<EarlyWork, EarlyObstacle> {
        let Self {
            sessions,
            xid,
            frames,
        } = self;
        let session = apply::open(&sessions.target, &sessions.application_name, true).await?;
        let writer = BatchWriter::beside(session, sessions.loaded, sessions.source).await?;
        let mut assembler = Assembler::new();
        // When it commits is not known, and nothing asks for it before.
        let begin = Begin {
            final_lsn: Lsn::ZERO,
            commit_time_micros: 0,
            xid,
        };
        assembler.push(Message::Begin(begin))?;
        tracing::debug!(xid, "a transaction in progress is written before its commit");
        Ok(EarlyWork {
            trees: writer.trees(),
            gatherer: Gatherer::new(writer.loaded_tables()),
            writer,
            assembler,
            frames,
            origin: Origin {
                commit_lsn: Lsn::ZERO,
                xid,
            },
            progress: sessions.progress,
            changes: 0,
            looked_at: Instant::now(),
        })
    }
}

struct EarlyWork {
    writer: BatchWriter,
    trees: TreeStream,
    assembler: Assembler,
    gatherer: Gatherer,
    frames: Frames,
    origin: Origin,
    progress: watch::Receiver<Progress>,
    /// Of ours, so far.
    changes: u64,
    looked_at: Instant,
}

impl EarlyWork {
    /// Writes what may be read, until it is told how to end and everything is read.
    async fn write_until_landing(
        &mut self,
        mut extents: watch::Receiver<Extent>,
        mut landing: oneshot::Receiver<Landing>,
    ) -> Result<Landing, EarlyObstacle> {
        loop {
            let extent = *extents.borrow_and_update();
            self.until(|progress| progress.settled >= extent.after).await?;
            self.frames.extend(extent.end);
            self.write_readable().await?;
            tokio::select! {
                biased;
                changed = extents.changed() => changed.map_err(|_| EarlyObstacle::Abandoned)?,
                landed = &mut landing => return landed.map_err(|_| EarlyObstacle::Abandoned),
                () = sleep(QUIET), if self.gatherer.has_changes() => {
                    let portion = self.gatherer.take(None);
                    self.write(portion).await?;
                }
                () = sleep(LOOK_EVERY) => self.give_way().await?,
            }
        }
    }

    async fn write_readable(&mut self) -> Result<(), EarlyObstacle> {
        while let Some(data) = self.frames.next()? {
            let translated = self.trees.translate(pgoutput::decode_in_block(data)?);
            for message in translated.before.into_iter().chain([translated.message]) {
                if let Some(portion) = self.take(message)? {
                    self.write(portion).await?;
                }
            }
        }
        Ok(())
    }

    /// Gathers one message; what is to be written before the next is given back.
    fn take(&mut self, message: Message) -> Result<Option<Portion>, EarlyObstacle> {
        match self.assembler.push(message)? {
            Some(StreamElement::Relation(relation)) => return Ok(self.gatherer.announce(relation)),
            Some(StreamElement::Change(change)) => {
                written_ahead(&change)?;
                let is_read_in_part = |id: &u32| self.gatherer.is_read_in_part(*id, self.origin.xid);
                if change.relations().iter().any(is_read_in_part) {
                    return Err(EarlyObstacle::InOrderOnly("a table that was read in parts"));
                }
                if self.gatherer.change(self.origin, change) {
                    self.changes += 1;
                }
            }
            // Announcements of statements have a prefix that begins so too.
            Some(StreamElement::Message(message)) if message.prefix.starts_with(marker::PREFIX) => {
                return Err(EarlyObstacle::InOrderOnly("a message of ours"));
            }
            Some(StreamElement::Message(_) | StreamElement::Begin { .. } | StreamElement::Commit { .. })
            | None => {}
        }
        Ok(self.gatherer.is_full().then(|| self.gatherer.take(None)))
    }

    async fn write(&mut self, portion: Portion) -> Result<(), EarlyObstacle> {
        self.writer.write(portion, false).await?;
        if self.looked_at.elapsed() >= LOOK_EVERY {
            self.give_way().await?;
        }
        Ok(())
    }

    /// Whoever waits for a lock of this transaction goes first: that may be the session that applies, and what ends this
    /// transaction may stand behind it in the stream.
    async fn give_way(&mut self) -> Result<(), EarlyObstacle> {
        let blocks_others = self.writer.blocks_others().await?;
        self.looked_at = Instant::now();
        if blocks_others {
            return Err(EarlyObstacle::InTheWay);
        }
        Ok(())
    }

    async fn until(&mut self, is_reached: impl Fn(&Progress) -> bool) -> Result<(), EarlyObstacle> {
        loop {
            let reached = self.progress.wait_for(|progress| is_reached(progress));
            match timeout(LOOK_EVERY, reached).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(_)) => return Err(EarlyObstacle::Abandoned),
                Err(_) => {}
            }
            self.give_way().await?;
        }
    }

    /// Ends the batch behind those that were handed over before it.
    async fn land(&mut self, landing: Landing) -> Result<WriterReport, EarlyObstacle> {
        let Landing { mut end, mut batch } = landing;
        let before = end.advance.before;
        self.until(|progress| progress.frontier >= before).await?;
        if !self.writer.is_confirmed(self.origin.xid).await? {
            return Err(EarlyObstacle::InOrderOnly("a table that it altered itself"));
        }
        batch.changes = self.changes;
        batch.written = u64::from(self.changes > 0);
        end.advance.changes = i64::try_from(batch.changes).unwrap_or(i64::MAX);
        end.advance.transactions = i64::from(self.changes > 0);
        end.changed.0 = self.gatherer.take_changed();
        // Nobody asks later whether the commit of this session is flushed.
        end.is_synchronous = true;
        let portion = self.gatherer.take(Some(end));
        match self.commit(portion).await {
            Ok(committed) => Ok(WriterReport::Committed(committed, batch)),
            Err(error @ (ApplyError::Conflict(_) | ApplyError::Drift(_))) => Err(error.into()),
            Err(error) => Ok(WriterReport::Failed(Box::new(Mishap { error, batch }))),
        }
    }

    async fn commit(&mut self, portion: Portion) -> Result<Committed, ApplyError> {
        self.writer.write(portion, true).await?;
        self.writer.settle().await?;
        let committed = self.writer.next_committed();
        Ok(committed.expect("invariant: what has settled with its end is committed"))
    }
}

/// What is the same whenever it is written before its commit: rows are locked on the source until then, and nobody else
/// changes them; but what goes by a row's image may meet another's equal row, and TRUNCATE locks out whoever reads.
fn written_ahead(change: &Change) -> Result<(), EarlyObstacle> {
    match change {
        Change::Truncate { .. } => Err(EarlyObstacle::InOrderOnly("TRUNCATE")),
        Change::Update {
            identity: RowIdentity::WholeRow(_),
            ..
        }
        | Change::Delete {
            identity: RowIdentity::WholeRow(_),
            ..
        } => Err(EarlyObstacle::InOrderOnly("a row without a key")),
        _ => Ok(()),
    }
}
