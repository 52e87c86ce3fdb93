//! What a worker works with: a session on either side, opened when it is needed, and what it shares with the others.
//!
//! Each kind of work takes it for one piece. A session that failed is given up, and with it the piece that it held.

use std::sync::Arc;

use transhume_core::disposition::is_refused_by_data;
use transhume_pg::{
    connection::{
        error::PgError,
        raw::{Mode, RawConnection},
        snapshot::{self, NamedSnapshot},
    },
    load::{copy::CopySide, part_copy},
};
use transhume_wire::ident::QualifiedName;

use super::shared::Shared;
use crate::error::EngineError;

/// What came of one look for work.
pub(super) enum Turn {
    Did,
    /// Nothing that can be claimed now.
    Nothing,
    SnapshotLost,
}

/// Why a piece of work was given up.
pub(super) enum WorkFailure {
    Server {
        doing: String,
        side: CopySide,
        error: PgError,
    },
    Stop(EngineError),
    /// The rows, or what the target allows, do not let these be built; everything else goes on.
    Refused {
        builds: Vec<RefusedBuild>,
        error: PgError,
    },
    /// The target takes the rows of a table not as the source prints them.
    RefusedRows(Box<RefusedRows>),
    /// Nobody holds the snapshot any more, though its name was given out again.
    SnapshotLost,
}

/// A build that the server refused, or one of several that were sent together.
pub(super) struct RefusedBuild {
    pub(super) id: i64,
    pub(super) name: String,
    /// It is tried again; statistics are not worth that.
    pub(super) can_wait: bool,
}

/// Rows that the target refuses.
pub(super) struct RefusedRows {
    pub(super) oid: u32,
    pub(super) table: QualifiedName,
    pub(super) doing: String,
    pub(super) error: PgError,
}

/// A source session, and the snapshot that it sees now.
struct Reader {
    connection: RawConnection,
    /// It is in a transaction.
    is_reading: bool,
    /// What that transaction sees, where it is one of those that tables are read under.
    snapshot: Option<NamedSnapshot>,
}

pub(super) struct WorkerSessions {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u32,
    /// `application_name` of its sessions.
    pub(super) name: String,
    pub(super) loads: bool,
    /// The worker had nothing to do when it last looked.
    pub(super) is_idle: bool,
    target: Option<RawConnection>,
    reader: Option<Reader>,
}

impl WorkerSessions {
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

    /// Who had nothing and finds something may have left more for others.
    pub(super) fn found_work(&mut self) {
        if std::mem::take(&mut self.is_idle) {
            self.shared.tell_an_idle_worker();
        }
    }

    /// Gives both up, and what they held.
    pub(super) fn give_up(&mut self) {
        self.target = None;
        self.reader = None;
    }

    pub(super) async fn target(&mut self) -> Result<&mut RawConnection, WorkFailure> {
        if self.target.is_none() {
            let failed = |error| WorkFailure::target("connecting to the target", error);
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
    ) -> Result<(&mut RawConnection, &mut RawConnection), WorkFailure> {
        self.read_under(snapshot).await?;
        self.target().await?;
        let reader = self.reader.as_mut().expect("invariant: opened above");
        let target = self.target.as_mut().expect("invariant: connected above");
        Ok((&mut reader.connection, target))
    }

    /// Both sessions, the source's in a transaction that sees what is committed now.
    pub(super) async fn both_now(&mut self) -> Result<(&mut RawConnection, &mut RawConnection), WorkFailure> {
        self.end_reading().await?;
        let mut reader = self.reader().await?;
        transhume_pg::load::large_objects::read_now(&mut reader.connection)
            .await
            .map_err(WorkFailure::snapshot)?;
        reader.is_reading = true;
        self.reader = Some(reader);
        self.target().await?;
        let reader = self.reader.as_mut().expect("invariant: opened above");
        let target = self.target.as_mut().expect("invariant: connected above");
        Ok((&mut reader.connection, target))
    }

    async fn reader(&mut self) -> Result<Reader, WorkFailure> {
        match self.reader.take() {
            Some(reader) => Ok(reader),
            None => Ok(Reader {
                connection: RawConnection::connect(&self.shared.endpoints.source, &self.name, Mode::Sql)
                    .await
                    .map_err(WorkFailure::snapshot)?,
                is_reading: false,
                snapshot: None,
            }),
        }
    }

    async fn read_under(&mut self, snapshot: &NamedSnapshot) -> Result<(), WorkFailure> {
        let is_under = |reader: &Reader| reader.snapshot.as_ref() == Some(snapshot);
        if self.reader.as_ref().is_some_and(is_under) {
            return Ok(());
        }
        self.end_reading().await?;
        let mut reader = self.reader().await?;
        if !part_copy::read_under(&mut reader.connection, snapshot)
            .await
            .map_err(WorkFailure::snapshot)?
        {
            return Err(WorkFailure::SnapshotLost);
        }
        reader.is_reading = true;
        reader.snapshot = Some(snapshot.clone());
        self.reader = Some(reader);
        Ok(())
    }

    /// Ends the source's transaction: its locks on what was read would keep the application from
    /// truncating or altering those tables.
    pub(super) async fn end_reading(&mut self) -> Result<(), WorkFailure> {
        if let Some(reader) = &mut self.reader
            && reader.is_reading
        {
            reader.is_reading = false;
            reader.snapshot = None;
            part_copy::roll_back(&mut reader.connection)
                .await
                .map_err(WorkFailure::snapshot)?;
        }
        Ok(())
    }
}

/// The target's answer is about rows or a definition, not about its state.
pub(super) fn is_about_data(error: &PgError) -> bool {
    error
        .server()
        .is_some_and(|answer| is_refused_by_data(&answer.sqlstate))
}

impl WorkFailure {
    pub(super) fn target(doing: impl Into<String>, error: PgError) -> Self {
        Self::Server {
            doing: doing.into(),
            side: CopySide::Target,
            error,
        }
    }

    /// What is built can wait, where the server's answer is about the rows or the definition.
    pub(super) fn building(builds: Vec<RefusedBuild>, names: &str, error: PgError) -> Self {
        if is_about_data(&error) {
            return Self::Refused { builds, error };
        }
        Self::target(format!("building {names}"), error)
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
            Self::Stop(_) | Self::Refused { .. } | Self::RefusedRows(_) => false,
        }
    }
}
