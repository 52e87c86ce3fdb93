//! One hand: claims a piece of work, does it, commits, and looks for the next.
//!
//! A loader copies parts first and builds when there are none; a builder only builds. Passing errors
//! cost the hand its connections, nothing else: the piece it held is open again, and whether a commit
//! whose answer was lost took place is in its row.

use std::sync::Arc;

use transhume_core::disposition::Disposition;
use transhume_pg::{
    connection::{
        error::PgError,
        raw::{Mode, RawConnection},
    },
    follow::snapshot::{self, NamedSnapshot},
    load::{copy::CopySide, part_copy},
    state::load::{WorkLeft, work_left},
};

use super::{back_off::BackOff, builder, crew::Shared, large_objects, loader, maintenance};
use crate::error::{Doing, EngineError, Result};

/// Why a hand went home without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HandEnd {
    NothingLeft,
    SnapshotLost,
}

/// What came of one look for work.
pub(super) enum Turn {
    Did,
    /// Nothing that can be claimed now.
    Nothing,
    SnapshotLost,
}

/// Why a piece of work was given up.
pub(super) enum Failure {
    Server {
        doing: String,
        side: CopySide,
        error: PgError,
    },
    Stop(EngineError),
    /// Nobody holds the snapshot any more, though its name was given out again.
    SnapshotLost,
}

/// A source session, and the snapshot that it sees now.
struct Reader {
    connection: RawConnection,
    /// It is in a transaction.
    is_reading: bool,
    /// What that transaction sees, where it is one of those that tables are read under.
    snapshot: Option<NamedSnapshot>,
}

pub(super) struct Hand {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u32,
    /// `application_name` of its sessions.
    pub(super) name: String,
    pub(super) loads: bool,
    /// It had nothing to do when it last looked.
    is_idle: bool,
    target: Option<RawConnection>,
    reader: Option<Reader>,
}

impl Hand {
    pub(super) fn new(shared: Arc<Shared>, number: u32, name: String, loads: bool) -> Self {
        Self {
            shared,
            number,
            name,
            loads,
            is_idle: false,
            target: None,
            reader: None,
        }
    }

    pub(super) async fn work(mut self) -> Result<HandEnd> {
        let end = self.until_nothing_is_left().await;
        self.shared.tell_all_idle_hands();
        end
    }

    async fn until_nothing_is_left(&mut self) -> Result<HandEnd> {
        let mut failures = BackOff::for_failures();
        let mut idleness = BackOff::for_idleness();
        loop {
            match self.turn().await {
                Ok(Turn::Did) => {
                    failures.succeeded();
                    idleness.succeeded();
                    self.shared.tell_an_idle_hand();
                }
                Ok(Turn::SnapshotLost) => {
                    self.shared.lose_snapshot();
                    return Ok(HandEnd::SnapshotLost);
                }
                Ok(Turn::Nothing) => {
                    match self.work_left().await? {
                        WorkLeft::Nothing => return Ok(HandEnd::NothingLeft),
                        WorkLeft::NeedsSnapshot => self.shared.lose_snapshot(),
                        WorkLeft::Some => {}
                    }
                    // Whoever still reads under the lost snapshot finishes; to wait for more is vain.
                    if self.shared.is_snapshot_lost() {
                        return Ok(HandEnd::SnapshotLost);
                    }
                    self.is_idle = true;
                    let shared = &self.shared;
                    idleness
                        .wait_by(&shared.cancellation, |wait| shared.word_of_work(wait))
                        .await?;
                }
                Err(failure) => self.recover(failure, &mut failures).await?,
            }
        }
    }

    /// Who had nothing and finds something may have left more for others.
    pub(super) fn found_work(&mut self) {
        if std::mem::take(&mut self.is_idle) {
            self.shared.tell_an_idle_hand();
        }
    }

    async fn turn(&mut self) -> std::result::Result<Turn, Failure> {
        let turn = self.one_turn().await;
        self.shared.stop_meter(self.number);
        self.shared.stop_build(self.number);
        turn
    }

    async fn one_turn(&mut self) -> std::result::Result<Turn, Failure> {
        if self.loads {
            match loader::load_next(self).await? {
                Turn::Nothing => {}
                done => return Ok(done),
            }
            match large_objects::load_next(self).await? {
                Turn::Nothing => {}
                done => return Ok(done),
            }
        }
        match maintenance::tree_next(self).await? {
            Turn::Nothing => {}
            done => return Ok(done),
        }
        match builder::build_next(self).await? {
            Turn::Nothing => maintenance::maintain_next(self).await,
            done => Ok(done),
        }
    }

    /// Gives up the connections and waits, or ends with the error where it would come again.
    async fn recover(&mut self, failure: Failure, failures: &mut BackOff) -> Result<()> {
        self.target = None;
        self.reader = None;
        let (doing, side, error) = match failure {
            Failure::Stop(error) => return Err(error),
            Failure::SnapshotLost => return Ok(()),
            Failure::Server { doing, side, error } => (doing, side, error),
        };
        if error.disposition() == Disposition::Retry {
            self.shared
                .reporter
                .waiting(format!("{doing}: {error}; trying again"));
            if failures.wait(&self.shared.cancellation).await? {
                return Ok(());
            }
        }
        Err(stopped(&doing, side, &error))
    }

    /// What is open, by whomever it is held. A failure here is met again by the next turn.
    async fn work_left(&mut self) -> Result<WorkLeft> {
        let Ok(target) = self.target().await else {
            return Ok(WorkLeft::Some);
        };
        match work_left(target).await {
            Ok(left) => Ok(left),
            Err(error) if error.disposition() == Disposition::Retry => Ok(WorkLeft::Some),
            Err(error) => Err(error).doing("looking for open work"),
        }
    }

    pub(super) async fn target(&mut self) -> std::result::Result<&mut RawConnection, Failure> {
        if self.target.is_none() {
            let failed = |error| Failure::target("connecting to the target", error);
            let mut connection = RawConnection::connect(&self.shared.endpoints.target, &self.name, Mode::Sql)
                .await
                .map_err(failed)?;
            part_copy::prepare_target(&mut connection, self.shared.memory)
                .await
                .map_err(failed)?;
            self.target = Some(connection);
        }
        Ok(self.target.as_mut().expect("invariant: connected above"))
    }

    /// Both sessions, the source's under the named snapshot.
    pub(super) async fn both(
        &mut self,
        snapshot: &NamedSnapshot,
    ) -> std::result::Result<(&mut RawConnection, &mut RawConnection), Failure> {
        self.read_under(snapshot).await?;
        self.target().await?;
        let reader = self.reader.as_mut().expect("invariant: opened above");
        let target = self.target.as_mut().expect("invariant: connected above");
        Ok((&mut reader.connection, target))
    }

    /// Both sessions, the source's in a transaction that sees what is committed now.
    pub(super) async fn both_now(
        &mut self,
    ) -> std::result::Result<(&mut RawConnection, &mut RawConnection), Failure> {
        self.end_reading().await?;
        let mut reader = self.reader().await?;
        transhume_pg::load::large_objects::read_now(&mut reader.connection)
            .await
            .map_err(Failure::snapshot)?;
        reader.is_reading = true;
        self.reader = Some(reader);
        self.target().await?;
        let reader = self.reader.as_mut().expect("invariant: opened above");
        let target = self.target.as_mut().expect("invariant: connected above");
        Ok((&mut reader.connection, target))
    }

    async fn reader(&mut self) -> std::result::Result<Reader, Failure> {
        match self.reader.take() {
            Some(reader) => Ok(reader),
            None => Ok(Reader {
                connection: RawConnection::connect(&self.shared.endpoints.source, &self.name, Mode::Sql)
                    .await
                    .map_err(Failure::snapshot)?,
                is_reading: false,
                snapshot: None,
            }),
        }
    }

    async fn read_under(&mut self, snapshot: &NamedSnapshot) -> std::result::Result<(), Failure> {
        let is_under = |reader: &Reader| reader.snapshot.as_ref() == Some(snapshot);
        if self.reader.as_ref().is_some_and(is_under) {
            return Ok(());
        }
        self.end_reading().await?;
        let mut reader = self.reader().await?;
        if !part_copy::read_under(&mut reader.connection, snapshot)
            .await
            .map_err(Failure::snapshot)?
        {
            return Err(Failure::SnapshotLost);
        }
        reader.is_reading = true;
        reader.snapshot = Some(snapshot.clone());
        self.reader = Some(reader);
        Ok(())
    }

    /// Ends the source's transaction: its locks on what was read would keep the application from
    /// truncating or altering those tables.
    pub(super) async fn end_reading(&mut self) -> std::result::Result<(), Failure> {
        if let Some(reader) = &mut self.reader
            && reader.is_reading
        {
            reader.is_reading = false;
            reader.snapshot = None;
            part_copy::roll_back(&mut reader.connection)
                .await
                .map_err(Failure::snapshot)?;
        }
        Ok(())
    }
}

impl Failure {
    pub(super) fn target(doing: impl Into<String>, error: PgError) -> Self {
        Self::Server {
            doing: doing.into(),
            side: CopySide::Target,
            error,
        }
    }

    fn snapshot(error: PgError) -> Self {
        Self::Server {
            doing: "opening the load's snapshot on the source".to_owned(),
            side: CopySide::Source,
            error,
        }
    }

    /// The snapshot that was to be imported is gone.
    pub(super) fn is_snapshot_lost(&self) -> bool {
        match self {
            Self::SnapshotLost => true,
            Self::Server { side, error, .. } => *side == CopySide::Source && snapshot::is_lost(error),
            Self::Stop(_) => false,
        }
    }
}

fn stopped(doing: &str, side: CopySide, error: &PgError) -> EngineError {
    let side = match side {
        CopySide::Source => "source",
        CopySide::Target => "target",
    };
    let hint = error.hint().unwrap_or_else(|| {
        "remedy the cause and run the same command again; everything that is done stays done".to_owned()
    });
    EngineError::stopped(
        format!("{doing}: {side}: {error}"),
        error.detail().unwrap_or_default(),
        hint,
    )
}
