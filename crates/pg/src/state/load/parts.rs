//! Claiming parts, and marking them done in the transaction that copied them.

use transhume_core::{guard::schema::ColumnFacts, load::format::Format};
use transhume_wire::ident::QualifiedName;

use super::{TextRow, array_literal, unreadable};
use crate::{
    catalog::emptying::empty_one,
    connection::{
        error::PgError,
        raw::RawConnection,
        snapshot::{self, NamedSnapshot},
    },
};

/// A part that this transaction holds.
#[derive(Debug, Clone)]
pub struct ClaimedPart {
    pub id: i64,
    pub number: i32,
    pub source_oid: u32,
    pub table: QualifiedName,
    pub columns: Vec<String>,
    /// All columns of the table as its snapshot shows them; none where that was not written down.
    pub facts: Option<Vec<ColumnFacts>>,
    pub format: Format,
    /// SQL condition; empty for the whole table.
    pub predicate: String,
    /// Estimate.
    pub bytes: u64,
    pub snapshot_id: i32,
    pub snapshot: NamedSnapshot,
    /// The table is this one part.
    pub is_only_part: bool,
    /// Where the table is a tree that is moved as a whole: the partition whose rows these are.
    pub partition: Option<(u32, QualifiedName)>,
}

impl ClaimedPart {
    /// What is read on the source.
    pub fn stored_in(&self) -> (u32, &QualifiedName) {
        match &self.partition {
            Some((oid, name)) => (*oid, name),
            None => (self.source_oid, &self.table),
        }
    }
}

/// What came of a part.
#[derive(Debug, Clone, Copy)]
pub struct CopiedPart {
    pub id: i64,
    pub source_oid: u32,
    /// That it was read under.
    pub snapshot_id: i32,
    pub rows: u64,
    pub bytes: u64,
    pub seconds: f64,
}

/// Takes the largest open part that nobody holds. Runs inside the caller's transaction.
pub async fn claim_largest(target: &mut RawConnection) -> Result<Option<ClaimedPart>, PgError> {
    Ok(claim(target, i64::MAX.unsigned_abs(), 1, None).await?.pop())
}

/// Takes up to `count` further open parts of at most `bytes` under the same snapshot.
pub async fn claim_small(
    target: &mut RawConnection,
    bytes: u64,
    count: u32,
    snapshot_id: i32,
) -> Result<Vec<ClaimedPart>, PgError> {
    claim(target, bytes, count, Some(snapshot_id)).await
}

async fn claim(
    target: &mut RawConnection,
    bytes: u64,
    count: u32,
    snapshot_id: Option<i32>,
) -> Result<Vec<ClaimedPart>, PgError> {
    let bytes = bytes.to_string();
    let count = count.to_string();
    let snapshot = snapshot_id.map(|id| id.to_string());
    let rows = target
        .query(
            include_str!("../sql/load/claim_parts.sql"),
            &[Some(&bytes), Some(&count), snapshot.as_deref()],
        )
        .await?;
    rows.iter().map(|row| claimed_part(row)).collect()
}

fn claimed_part(row: &[Option<String>]) -> Result<ClaimedPart, PgError> {
    let mut row = TextRow::new(row);
    Ok(ClaimedPart {
        id: row.parse()?,
        number: row.parse()?,
        source_oid: row.parse()?,
        table: QualifiedName::new(row.text()?, row.text()?),
        columns: row.list()?,
        format: match row.text()? {
            "binary" => Format::Binary,
            _ => Format::Text,
        },
        predicate: row.text()?.to_owned(),
        bytes: row.parse()?,
        snapshot_id: row.parse()?,
        snapshot: NamedSnapshot {
            name: row.text()?.to_owned(),
            shows: snapshot::parse("transhume.snapshot", row.text()?)?,
        },
        is_only_part: row.flag()?,
        facts: facts(&mut row)?,
        partition: partition(&mut row)?,
    })
}

fn facts(row: &mut TextRow<'_>) -> Result<Option<Vec<ColumnFacts>>, PgError> {
    row.optional()
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| unreadable(&error.to_string()))
}

fn partition(row: &mut TextRow<'_>) -> Result<Option<(u32, QualifiedName)>, PgError> {
    let Some(oid) = row.optional() else {
        return Ok(None);
    };
    let oid = oid
        .parse()
        .map_err(|_| unreadable("a partition without an OID"))?;
    Ok(Some((oid, QualifiedName::new(row.text()?, row.text()?))))
}

/// Marks parts done, and their tables loaded where nothing else is open; gives the tables that are loaded now, which this
/// transaction holds. None when a part was already done, in which case the transaction must not be committed.
pub async fn mark_done(
    target: &mut RawConnection,
    copied: &[CopiedPart],
    loader: &str,
) -> Result<Option<Vec<u32>>, PgError> {
    let ids = array_literal(copied.iter().map(|part| part.id));
    let rows = array_literal(copied.iter().map(|part| part.rows));
    let bytes = array_literal(copied.iter().map(|part| part.bytes));
    let seconds = array_literal(copied.iter().map(|part| part.seconds));
    let snapshots = array_literal(copied.iter().map(|part| part.snapshot_id));
    let marked = target
        .execute(
            include_str!("../sql/load/parts_done.sql"),
            &[
                Some(&ids),
                Some(&rows),
                Some(&bytes),
                Some(&seconds),
                Some(loader),
                Some(&snapshots),
            ],
        )
        .await?;
    if marked != copied.len() as u64 {
        return Ok(None);
    }
    // The lock makes the last two parts of a table see each other: the later one marks the table.
    let relations = array_literal(copied.iter().map(|part| part.source_oid));
    target
        .query(
            include_str!("../sql/load/lock_relations.sql"),
            &[Some(&relations)],
        )
        .await?;
    let complete = target
        .query(
            include_str!("../sql/load/relations_loaded.sql"),
            &[Some(&relations)],
        )
        .await?;
    let oids: Result<_, PgError> = complete.iter().map(|row| TextRow::new(row).parse()).collect();
    oids.map(Some)
}

/// Starts a table anew that cannot be read under its snapshot any more: its parts are open again, it
/// is emptied where some were done, and it waits for a fresh snapshot. In a transaction of its own.
pub async fn outdate(target: &mut RawConnection, part: &ClaimedPart) -> Result<(), PgError> {
    let oid = part.source_oid.to_string();
    let snapshot = part.snapshot_id.to_string();
    target.simple_query("BEGIN").await?;
    target
        .query(include_str!("../sql/load/lock_parts_of.sql"), &[Some(&oid)])
        .await?;
    let rows = target
        .query(
            include_str!("../sql/load/outdate_relation.sql"),
            &[Some(&oid), Some(&snapshot)],
        )
        .await?;
    if let Some(row) = rows.first() {
        if TextRow::new(row).flag()? {
            empty_one(target, &part.table).await?;
        }
        target
            .execute(include_str!("../sql/load/reopen_parts_of.sql"), &[Some(&oid)])
            .await?;
    }
    target.simple_query("COMMIT").await.map(drop)
}
