//! What a server is now: asked after every connect, in one query; and the history of its timeline.
//!
//! Refuses to judge: core says whether that is still the server that a migration began with.

use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};
use transhume_core::guard::succession::{ServerStanding, SlotStanding};
use transhume_wire::{
    lsn::Lsn,
    timeline::{self, TimelineHistory},
};

use crate::connection::{error::PgError, raw::RawConnection, session::Session};

const STANDING: &str = include_str!("sql/standing.sql");
/// Some services refuse this to all but superusers.
const SYSTEM: &str = "(select c.system_identifier::text from pg_catalog.pg_control_system() c)";
const NO_SYSTEM: &str = "null::pg_catalog.text";

/// What the server is, and how this slot stands on it.
pub async fn standing(session: &Session, slot: &str) -> Result<ServerStanding, PgError> {
    let slot: [(&(dyn ToSql + Sync), Type); 1] = [(&slot, Type::NAME)];
    let row = match session
        .query_typed_one(STANDING, &slot)
        .await
        .map_err(PgError::from)
    {
        Ok(row) => row,
        Err(error) if error.refusal().is_some() => {
            let without = STANDING.replace(SYSTEM, NO_SYSTEM);
            session.query_typed_one(&without, &slot).await?
        }
        Err(error) => return Err(error),
    };
    Ok(ServerStanding {
        in_recovery: row.get("in_recovery"),
        system: row.get("system"),
        timeline: row.get("timeline"),
        database_oid: row.get("database_oid"),
        database: row.get("database"),
        // A standby that has replayed nothing yet.
        wal_end: lsn(&row, "wal_end").unwrap_or(Lsn::ZERO),
        slot: row.get::<_, bool>("has_slot").then(|| SlotStanding {
            plugin: text(&row, "plugin"),
            database: text(&row, "slot_database"),
            active_pid: row.get("active_pid"),
            confirmed_flush: lsn(&row, "confirmed_flush"),
            restart: lsn(&row, "restart"),
            wal_status: row.get("wal_status"),
            is_failover: row.get("is_failover"),
        }),
    })
}

/// The timelines that came before this one, as a replication connection tells them.
pub async fn history(connection: &mut RawConnection, timeline: i32) -> Result<TimelineHistory, PgError> {
    let rows = connection
        .simple_query(&timeline::timeline_history(timeline))
        .await?;
    // filename, content
    let content = rows.first().and_then(|row| row.get(1).cloned().flatten());
    let history = TimelineHistory::parse(&content.unwrap_or_default());
    history.map_err(|error| PgError::Protocol {
        endpoint: connection.endpoint().to_owned(),
        reason: format!("the history of timeline {timeline}: {error}"),
    })
}

/// A physical slot has neither plugin nor database.
fn text(row: &Row, column: &str) -> String {
    row.get::<_, Option<String>>(column).unwrap_or_default()
}

fn lsn(row: &Row, column: &str) -> Option<Lsn> {
    row.get::<_, Option<&str>>(column)
        .map(|text| text.parse().expect("the server prints pg_lsn as X/Y"))
}
