//! The logical replication slot on the source (PostgreSQL manual, "Logical Decoding Concepts").
//!
//! A slot is only ever made and dropped under a name of ours. Creation waits for every transaction
//! that is writing, prepared ones too; `catalog::activity` names them.

use std::time::Duration;
use transhume_core::sqlstate;

use transhume_wire::{
    lsn::Lsn,
    replication::{self, SlotLife, SlotSnapshot},
};

use crate::{
    connection::{error::PgError, raw::RawConnection, session::Session},
    wait::Wait,
};

/// A new slot: the stream begins at `consistent_point`, the snapshot shows exactly what is before it.
#[derive(Debug, Clone)]
pub struct CreatedSlot {
    pub consistent_point: Lsn,
    /// Valid until the connection that made the slot runs anything else or ends; none where none was asked for.
    pub snapshot_name: Option<String>,
}

/// What `pg_replication_slots` says of one slot.
#[derive(Debug, Clone)]
pub struct SlotState {
    pub plugin: String,
    pub database: String,
    pub active_pid: Option<i32>,
    pub confirmed_flush: Option<Lsn>,
    /// reserved, extended, unreserved or lost (13 and later).
    pub wal_status: Option<String>,
    pub retained_bytes: Option<i64>,
    /// Written and not confirmed yet.
    pub backlog_bytes: Option<i64>,
    /// Written and not sent yet.
    pub unsent_bytes: Option<i64>,
    /// What may still be written before the server gives it up; none where it never does (13 and later).
    pub safe_wal_bytes: Option<i64>,
    /// Transactions since the oldest whose catalog rows it keeps from vacuum.
    pub catalog_xmin_age: Option<i32>,
}

/// First version whose standbys keep slots.
const FAILOVER_SINCE: u32 = 17;

/// Creates the slot. Waits for running writers; drop the future to give up.
pub async fn create(
    connection: &mut RawConnection,
    name: &str,
    snapshot: SlotSnapshot,
    temporary: bool,
) -> Result<CreatedSlot, PgError> {
    let life = match connection.server_version().major() {
        _ if temporary => SlotLife::Temporary,
        FAILOVER_SINCE.. => SlotLife::Failover,
        _ => SlotLife::Server,
    };
    let command = replication::create_slot(name, snapshot, life);
    let rows = connection.simple_query(&command).await?;
    let malformed = || PgError::Protocol {
        endpoint: "source".to_owned(),
        reason: format!("CREATE_REPLICATION_SLOT answered {rows:?}"),
    };
    // slot_name, consistent_point, snapshot_name, output_plugin
    let [_, Some(point), snapshot_name, ..] = rows.first().ok_or_else(malformed)?.as_slice() else {
        return Err(malformed());
    };
    if snapshot == SlotSnapshot::Export && snapshot_name.is_none() {
        return Err(malformed());
    }
    Ok(CreatedSlot {
        consistent_point: point.parse().map_err(|_| malformed())?,
        snapshot_name: snapshot_name.clone(),
    })
}

/// More transactions, with those within them, were running at the consistent point than the server's snapshots have room
/// for (65 for each session that it admits). There is no slot then; one without a snapshot can be made.
pub fn is_snapshot_too_large(error: &PgError) -> bool {
    error.sqlstate() == Some(sqlstate::SERIALIZATION_FAILURE)
}

pub async fn state(source: &Session, name: &str) -> Result<Option<SlotState>, PgError> {
    let row = source
        .query_opt(include_str!("sql/slot_state.sql"), &[&name])
        .await?;
    Ok(row.map(|row| SlotState {
        plugin: row.get("plugin"),
        database: row.get("database"),
        active_pid: row.get("active_pid"),
        confirmed_flush: row
            .get::<_, Option<&str>>("confirmed_flush_lsn")
            .map(|text| text.parse().expect("the server prints pg_lsn as X/Y")),
        wal_status: row.get("wal_status"),
        retained_bytes: row.get("retained_bytes"),
        backlog_bytes: row.get("backlog_bytes"),
        unsent_bytes: row.get("unsent_bytes"),
        safe_wal_bytes: row.get("safe_wal_bytes"),
        catalog_xmin_age: row.get("catalog_xmin_age"),
    }))
}

/// A walsender ends within milliseconds, on a busy machine within seconds.
const RELEASE_PATIENCE: Duration = Duration::from_secs(10);
const RELEASE_POLL: Duration = Duration::from_millis(20);

/// Ends whoever streams from the slot, waits until it is free, and drops it; false when there is none.
pub async fn drop(source: &Session, name: &str) -> Result<bool, PgError> {
    let wait = Wait::up_to(RELEASE_PATIENCE, RELEASE_POLL);
    loop {
        source
            .execute(include_str!("sql/slot_release.sql"), &[&name])
            .await?;
        let dropped = source
            .query_one(include_str!("sql/slot_drop.sql"), &[&name])
            .await
            .map_err(PgError::from);
        match dropped {
            Ok(row) => return Ok(row.get::<_, i64>(0) > 0),
            Err(error) if error.sqlstate() == Some(sqlstate::OBJECT_IN_USE) && wait.rest().await => {}
            Err(error) => return Err(error),
        }
    }
}

/// Ends a backend of our own role.
pub async fn end_backend(source: &Session, pid: i32) -> Result<(), PgError> {
    source
        .execute("select pg_catalog.pg_terminate_backend($1)", &[&pid])
        .await?;
    Ok(())
}
