//! Claims: a transaction that holds a piece or a table until its result is written.

use tokio_postgres::Row;
use transhume_core::verify::rows::{Buckets, Digest, Subject};
use transhume_wire::ident::QualifiedName;

use super::{TableResult, rows::RecordedRow};
use crate::connection::{error::PgError, session::Session};

#[derive(Debug, Clone)]
pub struct ClaimedPiece {
    pub subject: Subject,
    pub number: i32,
    pub source_predicate: String,
    pub target_predicate: String,
    pub bytes: i64,
    /// The table is this one piece, so whoever digests it ends the table.
    pub is_only_piece: bool,
}

/// All pieces of it are digested: whether it differs and where is known from the buckets.
#[derive(Debug, Clone)]
pub struct ClaimedTable {
    pub subject: Subject,
    pub buckets: Buckets,
}

#[derive(Debug, Clone)]
pub enum Claim {
    Table(ClaimedTable),
    Piece(ClaimedPiece),
    /// Small tables, one piece each, which are read and ended together.
    Small(Vec<ClaimedPiece>),
    /// Whatever is left is held by others.
    Nothing,
}

/// Which tables are claimed together.
#[derive(Debug, Clone, Copy)]
pub struct Small {
    /// Of one piece of at most so many bytes.
    pub bytes: i64,
    /// At most so many of them.
    pub tables: i64,
    /// What is larger is known to be done or held.
    pub is_all: bool,
}

/// How much is left, over all who take part.
#[derive(Debug, Clone, Copy, Default)]
pub struct Remaining {
    pub open: i64,
    pub tables: i64,
    pub bytes: i64,
    pub bytes_done: i64,
}

/// Begins a transaction that holds what it gives; the finishing functions commit it. The largest pieces first; once they
/// are `small`, as many tables as that says.
pub async fn claim(target: &Session, verification: i64, small: Small) -> Result<Claim, PgError> {
    target.batch_execute("begin").await?;
    let (bytes, tables) = (small.bytes, small.tables);
    if small.is_all {
        let pieces = target
            .query(
                include_str!("../sql/verification/claim_small.sql"),
                &[&verification, &bytes, &tables],
            )
            .await?;
        if !pieces.is_empty() {
            return Ok(Claim::Small(pieces.iter().map(piece).collect::<Result<_, _>>()?));
        }
    }
    let claimed = target
        .query_opt(
            include_str!("../sql/verification/claim_piece.sql"),
            &[&verification],
        )
        .await?;
    if let Some(row) = claimed {
        return piece(&row).map(Claim::Piece);
    }
    let table = target
        .query_opt(
            include_str!("../sql/verification/claim_table.sql"),
            &[&verification],
        )
        .await?;
    if let Some(row) = table {
        let subject = subject(&row)?;
        let buckets = buckets_of(target, verification, &subject.table).await?;
        return Ok(Claim::Table(ClaimedTable { subject, buckets }));
    }
    target.batch_execute("rollback").await?;
    Ok(Claim::Nothing)
}

fn piece(row: &Row) -> Result<ClaimedPiece, PgError> {
    Ok(ClaimedPiece {
        subject: subject(row)?,
        number: row.get("number"),
        source_predicate: row.get("source_predicate"),
        target_predicate: row.get("target_predicate"),
        bytes: row.get("bytes"),
        is_only_piece: row.get("is_only_piece"),
    })
}

fn subject(row: &Row) -> Result<Subject, PgError> {
    serde_json::from_str(row.get("subject")).map_err(|error| PgError::Protocol {
        endpoint: "target".to_owned(),
        reason: format!("transhume.verification_table.subject cannot be read: {error}"),
    })
}

async fn buckets_of(target: &Session, verification: i64, table: &QualifiedName) -> Result<Buckets, PgError> {
    let rows = target
        .query(
            include_str!("../sql/verification/buckets_of.sql"),
            &[&verification, &table.schema, &table.name],
        )
        .await?;
    let mut buckets = Buckets::default();
    for row in &rows {
        let numbers: Vec<i32> = row.get(0);
        let source = digests(row, 1);
        let target = digests(row, 3);
        for (bucket, (source, target)) in numbers.into_iter().zip(source.zip(target)) {
            buckets.add_source(bucket, source);
            buckets.add_target(bucket, target);
        }
    }
    Ok(buckets)
}

fn digests(row: &Row, first: usize) -> impl Iterator<Item = Digest> + use<> {
    let (rows, sums): (Vec<i64>, Vec<String>) = (row.get(first), row.get(first + 1));
    rows.into_iter().zip(sums).map(|(rows, sum)| Digest {
        rows,
        sum: sum.parse().expect("written by finish_piece"),
    })
}

/// Writes what a piece holds and commits its claim.
pub async fn finish_piece(
    target: &Session,
    verification: i64,
    piece: &ClaimedPiece,
    comparer: &str,
    buckets: &Buckets,
) -> Result<(), PgError> {
    let numbers: Vec<i32> = buckets.0.keys().copied().collect();
    let pairs = || buckets.0.values();
    let source_rows: Vec<i64> = pairs().map(|pair| pair.source.rows).collect();
    let source_sums: Vec<String> = pairs().map(|pair| pair.source.sum.to_string()).collect();
    let target_rows: Vec<i64> = pairs().map(|pair| pair.target.rows).collect();
    let target_sums: Vec<String> = pairs().map(|pair| pair.target.sum.to_string()).collect();
    target
        .execute(
            include_str!("../sql/verification/finish_piece.sql"),
            &[
                &verification,
                &piece.subject.table.schema,
                &piece.subject.table.name,
                &piece.number,
                &comparer,
                &numbers,
                &source_rows,
                &source_sums,
                &target_rows,
                &target_sums,
            ],
        )
        .await?;
    Ok(target.batch_execute("commit").await?)
}

/// Ends a table with its result and the rows that differ, and commits the claim of it or of a piece of it.
pub async fn end_table(
    target: &Session,
    verification: i64,
    result: &TableResult,
    rows: &[RecordedRow],
) -> Result<(), PgError> {
    let digests = result.digests.as_ref();
    target
        .execute(
            include_str!("../sql/verification/end_table.sql"),
            &[
                &verification,
                &result.name.schema,
                &result.name.name,
                &result.source_rows,
                &result.target_rows,
                &result.equal,
                &result.differences,
                &result.is_all,
                &result.note,
                &digests.map(|digests| &digests.source),
                &digests.map(|digests| &digests.target),
            ],
        )
        .await?;
    super::record_rows(target, verification, rows).await?;
    if result.equal.is_some() {
        target
            .execute(
                include_str!("../sql/verification/forget_pieces.sql"),
                &[&verification, &result.name.schema, &result.name.name],
            )
            .await?;
    }
    Ok(target.batch_execute("commit").await?)
}

/// The same for several tables, in one statement.
pub async fn end_tables(
    target: &Session,
    verification: i64,
    ended: &[(TableResult, Vec<RecordedRow>)],
) -> Result<(), PgError> {
    macro_rules! column {
        ($name:ident, $value:expr) => {
            ended.iter().map(|($name, _)| $value).collect::<Vec<_>>()
        };
    }
    let digests = |side: fn(&super::Digests) -> &String| column!(one, one.digests.as_ref().map(side));
    target
        .execute(
            include_str!("../sql/verification/end_tables.sql"),
            &[
                &verification,
                &column!(one, &one.name.schema),
                &column!(one, &one.name.name),
                &column!(one, one.source_rows),
                &column!(one, one.target_rows),
                &column!(one, one.equal),
                &column!(one, one.differences),
                &column!(one, one.is_all),
                &column!(one, &one.note),
                &digests(|digests| &digests.source),
                &digests(|digests| &digests.target),
            ],
        )
        .await?;
    for (_, rows) in ended {
        super::record_rows(target, verification, rows).await?;
    }
    Ok(target.batch_execute("commit").await?)
}

pub async fn open_tables(target: &Session, verification: i64) -> Result<Remaining, PgError> {
    let row = target
        .query_one(
            include_str!("../sql/verification/open_tables.sql"),
            &[&verification],
        )
        .await?;
    let (ended, pieces): (i64, i64) = (row.get("bytes_ended"), row.get("bytes_of_pieces"));
    Ok(Remaining {
        open: row.get("open"),
        tables: row.get("tables"),
        bytes: row.get("bytes"),
        bytes_done: ended + pieces,
    })
}
