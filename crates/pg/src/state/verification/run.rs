//! A verification as a whole and its tables.

use serde::{Serialize, de::DeserializeOwned};
use transhume_core::{sides::Sides, verify::rows::Subject};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use crate::connection::{error::PgError, session::Session};

/// The newest verification.
#[derive(Debug, Clone)]
pub struct LastVerification {
    pub id: i64,
    pub lsn: Lsn,
    /// full, sample, tables, since-last or recheck.
    pub mode: String,
    pub ended_at: Option<String>,
    /// equal, different, undecided or incomplete.
    pub result: String,
}

/// One that has not ended; the names serve while whoever froze the pair lives.
#[derive(Debug, Clone)]
pub struct Running<S> {
    pub id: i64,
    pub lsn: Lsn,
    pub mode: String,
    pub source_snapshot: String,
    pub target_snapshot: String,
    pub settings: S,
}

/// A table to compare and the pieces of it: conditions on either side and the bytes that they read.
#[derive(Debug, Clone)]
pub struct NewTable {
    pub subject: Subject,
    pub bytes: i64,
    pub pieces: Vec<(String, String, i64)>,
}

/// One table's line of a verification.
#[derive(Debug, Clone)]
pub struct TableResult {
    pub name: QualifiedName,
    pub lsn: Lsn,
    pub source_rows: Option<i64>,
    pub target_rows: Option<i64>,
    /// None where not all rows were read.
    pub digests: Option<Digests>,
    /// None where it was not compared; `note` says why.
    pub equal: Option<bool>,
    pub differences: i64,
    pub is_all: bool,
    /// Rows that a recheck never saw at rest.
    pub undecided: i64,
    pub note: String,
    pub has_ended: bool,
    /// It was not compared again.
    pub unchanged: Option<Unchanged>,
}

/// Sums of the hashes of all rows of a table, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests {
    pub source: String,
    pub target: String,
}

/// A table that has not changed since it was found equal.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Unchanged {
    /// When the verification began that found it equal, UTC.
    pub since: String,
    /// Seconds ago.
    pub seconds: f64,
}

fn lsn(row: &tokio_postgres::Row) -> Lsn {
    row.get::<_, &str>("lsn")
        .parse()
        .expect("the server prints pg_lsn as X/Y")
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("values of ours have JSON")
}

/// The newest verifications, which are kept with all that they found; what shows them shows no more.
pub const KEPT: i64 = 50;

/// Begins a verification, and forgets those that are not kept any more.
pub async fn begin(
    target: &Session,
    lsn: Lsn,
    mode: &str,
    snapshots: Sides<&str>,
    settings: &impl Serialize,
) -> Result<i64, PgError> {
    let row = target
        .query_one(
            include_str!("../sql/verification/begin.sql"),
            &[
                &lsn.to_string(),
                &mode,
                &snapshots.source,
                &snapshots.target,
                &json(settings),
                // Beside the new one.
                &(KEPT - 1),
            ],
        )
        .await?;
    Ok(row.get(0))
}

/// Another frozen pair for the tables that have no result yet; they are planned anew.
pub async fn refreeze(target: &Session, id: i64, lsn: Lsn, snapshots: Sides<&str>) -> Result<(), PgError> {
    target
        .execute(
            include_str!("../sql/verification/refreeze.sql"),
            &[&id, &lsn.to_string(), &snapshots.source, &snapshots.target],
        )
        .await?;
    Ok(())
}

pub async fn running<S: DeserializeOwned>(target: &Session) -> Result<Option<Running<S>>, PgError> {
    let row = target
        .query_opt(include_str!("../sql/verification/running.sql"), &[])
        .await?;
    Ok(row.and_then(|row| {
        Some(Running {
            id: row.get("id"),
            lsn: lsn(&row),
            mode: row.get("mode"),
            source_snapshot: row.get("source_snapshot"),
            target_snapshot: row.get("target_snapshot"),
            settings: serde_json::from_str(row.get("settings")).ok()?,
        })
    }))
}

/// Adds tables and their pieces, all or none.
pub async fn add_tables(target: &mut Session, id: i64, lsn: Lsn, tables: &[NewTable]) -> Result<(), PgError> {
    let schemas: Vec<&str> = tables
        .iter()
        .map(|table| table.subject.table.schema.as_str())
        .collect();
    let names: Vec<&str> = tables
        .iter()
        .map(|table| table.subject.table.name.as_str())
        .collect();
    let subjects: Vec<String> = tables.iter().map(|table| json(&table.subject)).collect();
    let bytes: Vec<i64> = tables.iter().map(|table| table.bytes).collect();
    let transaction = target.transaction().await?;
    transaction
        .execute(
            include_str!("../sql/verification/add_tables.sql"),
            &[&id, &lsn.to_string(), &schemas, &names, &subjects, &bytes],
        )
        .await?;
    let mut pieces = Pieces::default();
    for table in tables {
        pieces.add(table);
    }
    transaction
        .execute(
            include_str!("../sql/verification/add_pieces.sql"),
            &[
                &id,
                &pieces.schemas,
                &pieces.names,
                &pieces.numbers,
                &pieces.source_predicates,
                &pieces.target_predicates,
                &pieces.bytes,
            ],
        )
        .await?;
    Ok(transaction.commit().await?)
}

/// Column by column, as the statement takes them.
#[derive(Default)]
struct Pieces<'a> {
    schemas: Vec<&'a str>,
    names: Vec<&'a str>,
    numbers: Vec<i32>,
    source_predicates: Vec<&'a str>,
    target_predicates: Vec<&'a str>,
    bytes: Vec<i64>,
}

impl<'a> Pieces<'a> {
    fn add(&mut self, table: &'a NewTable) {
        for (number, (source, target, bytes)) in (0..).zip(&table.pieces) {
            self.schemas.push(&table.subject.table.schema);
            self.names.push(&table.subject.table.name);
            self.numbers.push(number);
            self.source_predicates.push(source);
            self.target_predicates.push(target);
            self.bytes.push(*bytes);
        }
    }
}

/// These tables will be compared again in the same verification.
pub async fn reopen(target: &Session, id: i64, tables: &[&QualifiedName]) -> Result<(), PgError> {
    let schemas: Vec<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    target
        .execute(
            include_str!("../sql/verification/reopen.sql"),
            &[&id, &schemas, &names],
        )
        .await?;
    Ok(())
}

pub async fn table_results(target: &Session, id: i64) -> Result<Vec<TableResult>, PgError> {
    let rows = target
        .query(include_str!("../sql/verification/table_results.sql"), &[&id])
        .await?;
    Ok(rows
        .iter()
        .map(|row| TableResult {
            name: QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)),
            lsn: lsn(row),
            source_rows: row.get("source_rows"),
            target_rows: row.get("target_rows"),
            digests: row
                .get::<_, Option<String>>("source_digest")
                .zip(row.get("target_digest"))
                .map(|(source, target)| Digests { source, target }),
            equal: row.get("equal"),
            differences: row.get("differences"),
            is_all: row.get("is_all"),
            undecided: row.get("undecided"),
            note: row.get("note"),
            has_ended: row.get("has_ended"),
            unchanged: row
                .get::<_, Option<String>>("unchanged_since")
                .zip(row.get("unchanged_seconds"))
                .map(|(since, seconds)| Unchanged { since, seconds }),
        })
        .collect())
}

pub async fn end(target: &Session, id: i64, result: &str) -> Result<(), PgError> {
    target
        .execute(include_str!("../sql/verification/end.sql"), &[&id, &result])
        .await?;
    Ok(())
}

/// Completes the newest verification: so many findings about objects must be acted upon.
pub async fn add_objects(target: &Session, blockers: usize) -> Result<(), PgError> {
    let blockers = i32::try_from(blockers).unwrap_or(i32::MAX);
    target
        .execute(include_str!("../sql/verification/add_objects.sql"), &[&blockers])
        .await?;
    Ok(())
}

pub async fn last(target: &Session) -> Result<Option<LastVerification>, PgError> {
    let row = target
        .query_opt(include_str!("../sql/verification/last.sql"), &[])
        .await?;
    Ok(row.map(|row| LastVerification {
        id: row.get("id"),
        lsn: lsn(&row),
        mode: row.get("mode"),
        ended_at: row.get("ended_at"),
        result: row.get("result"),
    }))
}
