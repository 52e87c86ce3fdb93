//! Pieces of large objects: planned with the tables' parts, claimed and marked done as they are.

use tokio_postgres::{Client, GenericClient};

use super::{TextRow, array_literal};
use crate::connection::{error::PgError, raw::RawConnection};

/// How many objects and bytes went over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    pub objects: u64,
    pub bytes: u64,
}

/// Objects removed in one transaction: each is locked until its end.
const REMOVED_AT_ONCE: i64 = 1000;

/// A piece that this transaction holds.
#[derive(Debug, Clone)]
pub struct ClaimedLargeObjects {
    pub id: i64,
    pub oids: Vec<u32>,
}

/// Writes the plan, inside the caller's transaction.
pub async fn insert(target: &impl GenericClient, pieces: &[Vec<u32>]) -> Result<(), PgError> {
    for piece in pieces {
        target
            .execute(
                include_str!("../sql/load/insert_large_object_parts.sql"),
                &[piece],
            )
            .await?;
    }
    Ok(())
}

/// Writes down that this transaction made these, beside the plan.
pub async fn insert_made(target: &mut RawConnection, oids: &[u32]) -> Result<(), PgError> {
    let oids = array_literal(oids);
    target
        .execute(
            include_str!("../sql/load/insert_made_large_objects.sql"),
            &[Some(&oids)],
        )
        .await
        .map(drop)
}

/// Runs inside the caller's transaction.
pub async fn claim(target: &mut RawConnection) -> Result<Option<ClaimedLargeObjects>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/claim_large_objects.sql"), &[])
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = TextRow::new(row);
    Ok(Some(ClaimedLargeObjects {
        id: row.parse()?,
        oids: row.list()?,
    }))
}

/// False when it was already done, in which case the transaction must not be committed.
pub async fn mark_done(
    target: &mut RawConnection,
    id: i64,
    copied: Copied,
    seconds: f64,
    loader: &str,
) -> Result<bool, PgError> {
    let marked = target
        .execute(
            include_str!("../sql/load/large_objects_done.sql"),
            &[
                Some(&id.to_string()),
                Some(&copied.objects.to_string()),
                Some(&copied.bytes.to_string()),
                Some(&seconds.to_string()),
                Some(loader),
            ],
        )
        .await?;
    Ok(marked == 1)
}

/// Removes those of the objects that exist, inside the caller's transaction.
pub async fn remove(target: &mut RawConnection, oids: &[u32]) -> Result<(), PgError> {
    target
        .query(
            include_str!("../sql/load/remove_large_objects.sql"),
            &[Some(&array_literal(oids))],
        )
        .await
        .map(drop)
}

/// Removes all that this migration made, a group to a transaction; gives how many.
pub async fn remove_made(target: &Client) -> Result<i64, PgError> {
    let mut removed = 0;
    loop {
        let row = target
            .query_one(
                include_str!("../sql/load/remove_made_large_objects.sql"),
                &[&REMOVED_AT_ONCE],
            )
            .await?;
        match row.try_get(0)? {
            0_i64 => return Ok(removed),
            count => removed += count,
        }
    }
}
