//! Claiming VACUUMs, and ANALYZE of partition trees. They run in no transaction: VACUUM cannot, and ANALYZE would keep
//! every partition locked until the last one is done. So a session's advisory lock is the claim and the mark is a statement of
//! its own: a crash in between costs one that is repeated, which does no harm.

use super::{TextRow, builds::ClaimedBuild};
use crate::connection::{error::PgError, raw::RawConnection};

/// Takes one that may run now; the claim ends with [`release`] or the session.
pub async fn claim(target: &mut RawConnection) -> Result<Option<ClaimedBuild>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/claim_maintenance.sql"), &[])
        .await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = TextRow::new(row);
    let claimed = ClaimedBuild {
        id: row.parse()?,
        kind: row.text()?.to_owned(),
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

/// Notes who does it, and makes all that was loaded durable first: VACUUM marks no row as visible to all
/// whose commit has not reached the disk, and loaders do not wait for that.
pub async fn begin(target: &mut RawConnection, id: i64, name: &str) -> Result<(), PgError> {
    target.simple_query("SET synchronous_commit TO on").await?;
    target
        .execute(
            include_str!("../sql/load/take_maintenance.sql"),
            &[Some(&id.to_string()), Some(name)],
        )
        .await
        .map(drop)
}

/// Ends the claim; commits need not wait any more.
pub async fn release(target: &mut RawConnection, id: i64) -> Result<(), PgError> {
    target.simple_query("SET synchronous_commit TO off").await?;
    target
        .query(
            include_str!("../sql/load/release_maintenance.sql"),
            &[Some(&id.to_string())],
        )
        .await
        .map(drop)
}
