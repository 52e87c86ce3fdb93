//! Large objects: reading, making and comparing them, with their OIDs, owners, grants and comments
//! (PostgreSQL manual, "Large Objects").
//!
//! They are not in the stream and no lock on a table holds their writers. Contents travel as the
//! server's own text of `bytea[]`, unopened, in slices, so that memory is bounded for any size. An
//! object is always made anew as a whole: there is no second way to change one.
//!
//! What an owner took from itself by REVOKE is not carried over: we could not read it any more.

mod describe;
mod roles;

use tokio_postgres::Client;

pub use self::{
    describe::{Grant, LargeObject, describe, describe_page, next_page},
    roles::{Roles, UsedRole, roles, used_roles},
};
use crate::{
    connection::{error::PgError, raw::RawConnection},
    load::copy::{CopyMeter, CopySide, RateLimit},
    state::load::large_objects::Copied,
};

/// Objects whose beginnings are read together: most are small, and a round trip for each would cost
/// more than its content.
const OBJECTS_AT_ONCE: usize = 32;
/// What is read of each of them at first; 32 of them as hexadecimal text are 4 MiB.
const BEGINNING_BYTES: i32 = 64 << 10;
/// What is read at once of an object that is longer: 2 MiB as hexadecimal text.
const SLICE_BYTES: i32 = 1 << 20;
/// Owners, grants and comments sent at once.
const STATEMENTS_AT_ONCE: usize = 200;

/// What failed, and on which side.
pub type SideError = (CopySide, PgError);

/// What meters and limits the copying.
#[derive(Debug, Clone, Copy)]
pub struct CopyPace<'load> {
    pub meter: &'load CopyMeter,
    pub limit: Option<&'load RateLimit>,
}

/// Lets `source` see one frozen state of now.
pub async fn read_now(source: &mut RawConnection) -> Result<(), PgError> {
    source
        .simple_query(include_str!("../../connection/sql/snapshot_begin.sql"))
        .await
        .map(drop)
}

/// Makes those of the objects that the source's transaction sees, inside the target's transaction.
pub async fn copy(
    source: &mut RawConnection,
    target: &mut RawConnection,
    oids: &[u32],
    pace: CopyPace<'_>,
) -> Result<Copied, SideError> {
    let described = describe(source, oids).await.map_err(at_source)?;
    let names = roles::named(&described);
    let roles = roles(target, &names).await.map_err(at_target)?;
    let mut copied = Copied::default();
    for group in described.chunks(OBJECTS_AT_ONCE) {
        let group: Vec<u32> = group.iter().map(|object| object.oid).collect();
        copy_contents(source, target, &group, pace, &mut copied).await?;
    }
    let statements: Vec<String> = described
        .iter()
        .flat_map(|object| object.statements(&roles))
        .collect();
    for group in statements.chunks(STATEMENTS_AT_ONCE) {
        target.simple_query(&group.join(";\n")).await.map_err(at_target)?;
    }
    Ok(copied)
}

async fn copy_contents(
    source: &mut RawConnection,
    target: &mut RawConnection,
    oids: &[u32],
    pace: CopyPace<'_>,
    copied: &mut Copied,
) -> Result<(), SideError> {
    let rows = source
        .query(
            include_str!("sql/beginnings.sql"),
            &[Some(&oid_array(oids)), Some(&BEGINNING_BYTES.to_string())],
        )
        .await
        .map_err(at_source)?;
    let [
        Some(oids),
        Some(contents),
        Some(longer),
        Some(objects),
        Some(bytes),
    ] = rows.first().map(Vec::as_slice).unwrap_or_default()
    else {
        return Err(at_source(unreadable("beginnings of large objects")));
    };
    let number = |text: &str| text.parse().map_err(|_| at_source(unreadable(text)));
    let (objects, bytes): (u64, u64) = (number(objects)?, number(bytes)?);
    pace.take(bytes).await;
    target
        .query(include_str!("sql/create.sql"), &[Some(oids), Some(contents)])
        .await
        .map_err(at_target)?;
    copied.objects += objects;
    copied.bytes += bytes;
    let longer: Vec<u32> =
        serde_json::from_str(longer).map_err(|error| at_source(unreadable(&error.to_string())))?;
    for oid in longer {
        copied.bytes += copy_rest(source, target, oid, pace).await?;
    }
    Ok(())
}

/// Appends what lies behind the beginning.
async fn copy_rest(
    source: &mut RawConnection,
    target: &mut RawConnection,
    oid: u32,
    pace: CopyPace<'_>,
) -> Result<u64, SideError> {
    let oid = oid.to_string();
    let mut position = i64::from(BEGINNING_BYTES);
    loop {
        let rows = source
            .query(
                include_str!("sql/slice.sql"),
                &[
                    Some(&oid),
                    Some(&position.to_string()),
                    Some(&SLICE_BYTES.to_string()),
                ],
            )
            .await
            .map_err(at_source)?;
        let [Some(data), Some(length)] = rows.first().map(Vec::as_slice).unwrap_or_default() else {
            return Err(at_source(unreadable("a slice of a large object")));
        };
        let length: i64 = length.parse().map_err(|_| at_source(unreadable(length)))?;
        if length > 0 {
            pace.take(length.unsigned_abs()).await;
            target
                .query(
                    include_str!("sql/append.sql"),
                    &[Some(&oid), Some(&position.to_string()), Some(data)],
                )
                .await
                .map_err(at_target)?;
        }
        position += length;
        if length < i64::from(SLICE_BYTES) {
            return Ok((position - i64::from(BEGINNING_BYTES)).unsigned_abs());
        }
    }
}

impl CopyPace<'_> {
    async fn take(&self, bytes: u64) {
        self.meter.add(bytes);
        if let Some(limit) = self.limit {
            limit.take(usize::try_from(bytes).unwrap_or(usize::MAX)).await;
        }
    }
}

/// OIDs of all large objects, in pieces of at most `piece`.
pub async fn pieces(source: &Client, piece: i64) -> Result<Vec<Vec<u32>>, PgError> {
    let rows = source.query(include_str!("sql/pieces.sql"), &[&piece]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// How many this role may not read.
pub async fn unreadable_count(source: &Client) -> Result<i64, PgError> {
    Ok(source
        .query_one(include_str!("sql/unreadable.sql"), &[])
        .await?
        .try_get(0)?)
}

fn oid_array(oids: &[u32]) -> String {
    let texts: Vec<String> = oids.iter().map(u32::to_string).collect();
    format!("{{{}}}", texts.join(","))
}

fn at_source(error: PgError) -> SideError {
    (CopySide::Source, error)
}

fn at_target(error: PgError) -> SideError {
    (CopySide::Target, error)
}

fn unreadable(reason: &str) -> PgError {
    PgError::Protocol {
        endpoint: "pg_largeobject".to_owned(),
        reason: format!("an answer about large objects cannot be read: {reason}"),
    }
}
