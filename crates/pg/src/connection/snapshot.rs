//! Snapshots of the source, each held open by a session of its own (PostgreSQL manual, "Snapshot
//! Synchronization Functions").
//!
//! A held snapshot stays readable for every session that names it, for as long as the holder lives.
//! Invariant: `snapshot()` is exactly the snapshot that `name()` hands out, so a
//! visibility filter built from it is exact for every table that was read under it.

use transhume_core::{follow::visibility::Snapshot, sqlstate};
use transhume_wire::lsn::Lsn;

use super::{conninfo::ConnectionSettings, error::PgError, names, session::Session};

const IMPORT: &str = include_str!("sql/snapshot_begin.sql");
const EXPORT: &str = include_str!("sql/snapshot_export.sql");
const OLDER_TRANSACTIONS: &str = include_str!("sql/snapshot_older_transactions.sql");

/// An open REPEATABLE READ transaction on the source whose snapshot others import by name.
#[derive(Debug)]
pub struct SnapshotHolder {
    session: Session,
    name: String,
    snapshot: Snapshot,
    xmin: i64,
    wal_end: Lsn,
    origin: SnapshotOrigin,
}

/// A snapshot as it is written down. The name alone does not tell it: a server that was restarted gives it out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSnapshot {
    pub name: String,
    pub shows: Snapshot,
}

/// Where a snapshot comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotOrigin {
    /// Exported by another session: the slot's creation, or an earlier holder.
    Imported,
    /// Taken by the holder itself, now.
    Fresh,
}

/// A transaction on the source that began before some transaction id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OlderTransaction {
    /// `pid 4711 (application, user) for 00:03:12`, or the name of a prepared transaction.
    pub description: String,
}

impl SnapshotHolder {
    /// Takes over the snapshot that another session exported under `name`, so that it outlives it.
    /// The server's error 22023 or 42704 means that the snapshot is gone.
    pub async fn import(settings: &ConnectionSettings, migration: &str, name: &str) -> Result<Self, PgError> {
        Self::open(settings, migration, Some(name)).await
    }

    /// Takes a snapshot of now. Whether it may be used is the caller's to decide by [`Self::xmin`].
    pub async fn fresh(settings: &ConnectionSettings, migration: &str) -> Result<Self, PgError> {
        Self::open(settings, migration, None).await
    }

    async fn open(
        settings: &ConnectionSettings,
        migration: &str,
        import: Option<&str>,
    ) -> Result<Self, PgError> {
        let session = Session::connect(settings, &names::application_name(migration, "snapshot")).await?;
        match import {
            Some(name) => self::import(&session, name).await?,
            None => begin(&session).await?,
        }
        let row = session.query_one(EXPORT, &[]).await?;
        Ok(Self {
            name: row.try_get("name")?,
            snapshot: parse(session.endpoint(), row.try_get("snapshot")?)?,
            xmin: row.try_get("xmin")?,
            wal_end: parse_lsn(session.endpoint(), row.try_get("wal_end")?)?,
            origin: import.map_or(SnapshotOrigin::Fresh, |_| SnapshotOrigin::Imported),
            session,
        })
    }

    /// What `SET TRANSACTION SNAPSHOT` takes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it shows.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Every transaction below this had ended when the snapshot was taken.
    pub fn xmin(&self) -> i64 {
        self.xmin
    }

    /// Of the server once it was open: what it shows was committed before this.
    pub fn wal_end(&self) -> Lsn {
        self.wal_end
    }

    pub fn origin(&self) -> SnapshotOrigin {
        self.origin
    }

    pub fn backend_pid(&self) -> i32 {
        self.session.backend_pid()
    }

    /// What it means where somebody else failed to read under it, for this reason.
    pub fn gone(&self, reason: &impl ToString) -> PgError {
        PgError::SnapshotGone {
            endpoint: self.session.endpoint().to_owned(),
            reason: reason.to_string(),
        }
    }

    /// The holding session, for queries that must see this snapshot. Its transaction must stay open.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Backends (none of a prepared transaction) that still run a transaction which the snapshot shows as committed. A slot's
    /// snapshot is built from commit records, which are written first.
    pub async fn unsettled(&self) -> Result<Vec<Option<i32>>, PgError> {
        let rows = self
            .session
            .query(include_str!("sql/snapshot_unsettled.sql"), &[])
            .await?;
        rows.iter().map(|row| Ok(row.try_get("pid")?)).collect()
    }

    /// The holding session answers, so the snapshot can still be imported.
    pub async fn is_alive(&self) -> bool {
        self.session.simple_query("SELECT").await.is_ok()
    }
}

/// Begins a read-only transaction on `session` that sees one moment.
pub async fn begin(session: &Session) -> Result<(), PgError> {
    Ok(session.batch_execute(IMPORT).await?)
}

/// Begins a read-only transaction on `session` that sees the snapshot exported under `name`.
pub async fn import(session: &Session, name: &str) -> Result<(), PgError> {
    begin(session).await?;
    Ok(session.batch_execute(&set_snapshot(name)).await?)
}

/// As [`import`], of one that this process holds: that its holder was ended meanwhile passes.
pub async fn import_held(session: &Session, holder: &SnapshotHolder) -> Result<(), PgError> {
    let imported = import(session, holder.name()).await;
    imported.map_err(|error| {
        if is_lost(&error) {
            holder.gone(&error)
        } else {
            error
        }
    })
}

/// Ends what [`import`] began.
pub async fn end(session: &Session) -> Result<(), PgError> {
    Ok(session.batch_execute("rollback").await?)
}

/// `SET TRANSACTION SNAPSHOT` takes a literal only.
pub fn set_snapshot(name: &str) -> String {
    format!(
        "SET TRANSACTION SNAPSHOT {}",
        transhume_wire::ident::quote_literal(name)
    )
}

/// What a server's `txid_current_snapshot()` says.
pub(crate) fn parse(endpoint: &str, text: &str) -> Result<Snapshot, PgError> {
    text.parse().map_err(|error| PgError::Protocol {
        endpoint: endpoint.to_owned(),
        reason: format!("{error}"),
    })
}

fn parse_lsn(endpoint: &str, text: &str) -> Result<Lsn, PgError> {
    text.parse().map_err(|error| PgError::Protocol {
        endpoint: endpoint.to_owned(),
        reason: format!("{error}"),
    })
}

/// Whether an error at taking over an exported snapshot says that it does not exist any more.
pub fn is_lost(error: &PgError) -> bool {
    if let PgError::SnapshotGone { .. } = error {
        return true;
    }
    // 22023 since 9.2 ("invalid snapshot identifier"), 42704 since 17 ("snapshot … does not exist"),
    // 55000 where the exporting transaction ended in between ("could not import the requested snapshot").
    matches!(
        error.sqlstate(),
        Some(
            sqlstate::INVALID_PARAMETER_VALUE
                | sqlstate::UNDEFINED_OBJECT
                | sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE
        )
    )
}

/// Whether an exported snapshot can be imported on `session`, which is in no transaction.
pub async fn is_usable(session: &Session, name: &str) -> Result<bool, PgError> {
    let imported = import(session, name).await;
    session.batch_execute("rollback").await?;
    match imported {
        Ok(()) => Ok(true),
        Err(error) if is_lost(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether transaction ids were assigned on the server since the snapshot was taken: somebody writes there.
pub async fn is_written_since(session: &Session, holder: &SnapshotHolder) -> Result<bool, PgError> {
    let row = session
        .query_one(
            include_str!("sql/snapshot_xids_since.sql"),
            &[&holder.snapshot.to_string()],
        )
        .await?;
    Ok(row.try_get(0)?)
}

/// Sessions that hold this migration's snapshots open, `application_name, pid`, the oldest first.
pub async fn holders(source: &Session, migration: &str) -> Result<Vec<String>, PgError> {
    let rows = source
        .query(include_str!("sql/snapshot_holders.sql"), &[&migration])
        .await?;
    rows.iter().map(|row| Ok(row.try_get("holder")?)).collect()
}

/// Transactions of this database's server that hold a fresh snapshot's xmin below `horizon`.
pub async fn older_transactions(source: &Session, horizon: i64) -> Result<Vec<OlderTransaction>, PgError> {
    let rows = source.query(OLDER_TRANSACTIONS, &[&horizon]).await?;
    rows.iter()
        .map(|row| {
            Ok(OlderTransaction {
                description: row.try_get("description")?,
            })
        })
        .collect()
}
