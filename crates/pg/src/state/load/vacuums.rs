//! Claiming VACUUMs. They run in no transaction, so a session's advisory lock is the claim and the mark
//! is a statement of its own: a crash in between costs a VACUUM that is repeated, which does no harm.

use super::{TextRow, builds::ClaimedBuild};
use crate::{error::PgError, raw::RawConnection};

/// Takes a VACUUM when all loading and all other builds are done; the claim ends with [`release`] or the session.
pub async fn claim(target: &mut RawConnection) -> Result<Option<ClaimedBuild>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/claim_vacuum.sql"), &[])
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = TextRow::new(row);
    let claimed = ClaimedBuild {
        id: row.parse()?,
        kind: "vacuum".to_owned(),
        name: row.text()?.to_owned(),
        statements: row.list()?,
    };
    if !row.flag()? {
        return Ok(None);
    }
    // Another may have done it between our look and our lock.
    let open = target
        .query(
            include_str!("../sql/load/is_build_open.sql"),
            &[Some(&claimed.id.to_string())],
        )
        .await?;
    if open
        .first()
        .is_some_and(|row| row.first() == Some(&Some("t".to_owned())))
    {
        return Ok(Some(claimed));
    }
    release(target, claimed.id).await?;
    Ok(None)
}

/// Notes who vacuums, and makes all that was loaded durable first: VACUUM marks no row as visible to all
/// whose commit has not reached the disk, and loaders do not wait for that.
pub async fn begin(target: &mut RawConnection, id: i64, vacuumer: &str) -> Result<(), PgError> {
    target.simple_query("SET synchronous_commit TO on").await?;
    target
        .execute(
            include_str!("../sql/load/take_vacuum.sql"),
            &[Some(&id.to_string()), Some(vacuumer)],
        )
        .await
        .map(drop)
}

pub async fn release(target: &mut RawConnection, id: i64) -> Result<(), PgError> {
    target
        .query(
            include_str!("../sql/load/release_vacuum.sql"),
            &[Some(&id.to_string())],
        )
        .await
        .map(drop)
}
