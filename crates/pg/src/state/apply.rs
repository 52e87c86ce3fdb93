//! What apply remembers on the target: the frontier, markers seen, and under which snapshot each
//! table was loaded.
//!
//! Invariant: the frontier changes only from a value that the caller names, in the transaction that
//! holds the work below the new one.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use tokio_postgres::types::Json;

use transhume_core::{
    follow::{
        anchor::Anchor,
        identity::{Former, SourceColumn, SourceTable},
        portion::{Advance, LoadedTable},
        read_ranges::{ReadRange, ReadRanges},
    },
    phase::{Phase, UnknownPhase},
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use crate::connection::{error::PgError, session::Session};

/// Moves the frontier; its row count tells whether the frontier was where the caller left it.
pub const ADVANCE_FRONTIER: &str = include_str!("sql/apply/advance_frontier.sql");

/// Writes down a marker and announces it; others learn of it when the transaction commits.
pub const ADD_MARKER: &str = include_str!("sql/apply/add_marker.sql");

/// Marks tables as changed by the batch.
pub const MARK_CHANGED: &str = include_str!("sql/apply/mark_changed.sql");

/// The stored frontier and the totals below it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredFrontier {
    pub lsn: Lsn,
    /// The latest source transaction that is remembered; none before the first.
    pub anchor: Option<Anchor>,
    pub transactions: i64,
    pub changes: i64,
}

/// Where the migration stands, as whoever applies must know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseNow {
    pub phase: Phase,
    /// The frontier stands at a cutover's fence.
    pub is_fenced: bool,
    /// The marker of the latest fence that was announced.
    pub fence_nonce: String,
}

/// What the runner says about itself every second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunnerProgress {
    pub source_wal_end: Lsn,
    pub received: Lsn,
}

/// Parameters of [`ADVANCE_FRONTIER`].
pub(crate) fn advance_parameters(
    advance: &Advance,
) -> Vec<Box<dyn tokio_postgres::types::ToSql + Sync + Send>> {
    vec![
        Box::new(advance.after.to_string()),
        Box::new(advance.commit_time_micros),
        Box::new(advance.transactions),
        Box::new(advance.changes),
        Box::new(advance.before.to_string()),
        Box::new(advance.anchor.map(|anchor| anchor.commit_lsn.to_string())),
        Box::new(advance.anchor.map(|anchor| i64::from(anchor.xid))),
        Box::new(advance.anchor.map(|anchor| anchor.commit_time_micros)),
    ]
}

/// The frontier; none when the migration has no slot yet.
pub async fn frontier(target: &Session) -> Result<Option<StoredFrontier>, PgError> {
    let row = target
        .query_opt(include_str!("sql/apply/frontier.sql"), &[])
        .await?;
    Ok(row.map(|row| StoredFrontier {
        lsn: lsn(row.get("lsn")),
        anchor: anchor(&row),
        transactions: row.get("transactions"),
        changes: row.get("changes"),
    }))
}

/// Every table of the migration, by its OID on the source.
pub async fn loaded_tables(target: &Session) -> Result<HashMap<u32, LoadedTable>, PgError> {
    let rows = target
        .query(include_str!("sql/apply/loaded_tables.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            let snapshot: Option<&str> = row.get("snapshot");
            let snapshot = snapshot
                .map(|text| crate::connection::snapshot::parse("transhume.snapshot", text))
                .transpose()?;
            let name = QualifiedName::new(
                row.get::<_, String>("schema_name"),
                row.get::<_, String>("table_name"),
            );
            let table = LoadedTable {
                name,
                target_oid: row.get("target_oid"),
                snapshot,
                ranges: ranges(row)?,
                is_complete: row.get("is_complete"),
                is_suspended: row.get("is_suspended"),
                former: former(row)?,
                tree: row.get("tree"),
            };
            Ok((row.get("source_oid"), table))
        })
        .collect()
}

#[derive(Deserialize)]
struct ReadPart {
    from: Option<i64>,
    snapshot: Option<String>,
}

/// None where all of the table was read under one snapshot.
fn ranges(row: &tokio_postgres::Row) -> Result<Option<ReadRanges>, PgError> {
    let column: Option<String> = row.try_get("range_column")?;
    let parts: Option<Json<Vec<ReadPart>>> = row.try_get("ranges")?;
    let (Some(column), Some(Json(parts))) = (column, parts) else {
        return Ok(None);
    };
    if parts.len() < 2 {
        return Ok(None);
    }
    let mut ranges = Vec::with_capacity(parts.len());
    for ReadPart { from, snapshot } in parts {
        let snapshot = snapshot.map(|text| crate::connection::snapshot::parse("transhume.snapshot", &text));
        ranges.push(ReadRange {
            from,
            snapshot: snapshot.transpose()?,
        });
    }
    let ranges = ReadRanges::new(column, ranges).map_err(|error| PgError::Protocol {
        endpoint: "transhume.part".to_owned(),
        reason: error.to_string(),
    })?;
    Ok(Some(ranges))
}

/// Of the facts that are remembered of the source's table what telling its columns apart needs.
#[derive(Deserialize)]
struct RememberedTable {
    name: QualifiedName,
    #[serde(default)]
    attributes: i16,
    columns: Vec<SourceColumn>,
}

fn former(row: &tokio_postgres::Row) -> Result<Option<Former>, PgError> {
    let facts: Option<Json<RememberedTable>> = row.try_get("facts")?;
    let columns: Option<Json<BTreeMap<String, i16>>> = row.try_get("target_columns")?;
    Ok(facts.zip(columns).map(|(Json(facts), Json(target))| Former {
        name: facts.name,
        source: SourceTable {
            attributes: facts.attributes,
            columns: facts.columns,
        },
        target,
    }))
}

/// Parameters of [`ADD_MARKER`].
pub(crate) fn marker_parameters(nonce: &str, lsn: Lsn) -> [String; 3] {
    [
        nonce.to_owned(),
        lsn.to_string(),
        super::frontier::CHANNEL.to_owned(),
    ]
}

/// Parameters of [`MARK_CHANGED`].
pub(crate) fn changed_parameters(
    (tables, lsn): &(Vec<u32>, Lsn),
) -> [Box<dyn tokio_postgres::types::ToSql + Sync + Send>; 2] {
    [Box::new(tables.clone()), Box::new(lsn.to_string())]
}

/// Says that the runner is alive, and how far it is.
pub async fn report(target: &Session, progress: &RunnerProgress) -> Result<(), PgError> {
    let (wal_end, received) = (progress.source_wal_end.to_string(), progress.received.to_string());
    target
        .execute(include_str!("sql/apply/report.sql"), &[&wal_end, &received])
        .await?;
    Ok(())
}

/// The phase that the migration is in now; none when its schema's row is gone.
pub async fn phase(target: &Session) -> Result<Option<PhaseNow>, PgError> {
    let row = target.query_opt(include_str!("sql/apply/phase.sql"), &[]).await?;
    row.map(|row| {
        Ok(PhaseNow {
            phase: row.get::<_, &str>(0).parse()?,
            is_fenced: row.get(1),
            fence_nonce: row.get(2),
        })
    })
    .transpose()
    .map_err(|error: UnknownPhase| PgError::Protocol {
        endpoint: "transhume.migration".to_owned(),
        reason: format!("{error}"),
    })
}

fn anchor(row: &tokio_postgres::Row) -> Option<Anchor> {
    let xid: Option<i64> = row.get("anchor_xid");
    Some(Anchor {
        commit_lsn: lsn(row.get::<_, Option<&str>>("anchor_lsn")?),
        xid: u32::try_from(xid?).ok()?,
        commit_time_micros: row.get::<_, Option<i64>>("anchor_time")?,
    })
}

fn lsn(text: &str) -> Lsn {
    text.parse().expect("invariant: the server prints pg_lsn as X/Y")
}
