//! The frontier as others read it: the end LSN below which everything is durably applied.
//!
//! Only the batch that applies moves it (see `apply`); everybody else looks and listens here.

use tokio_postgres::types::Type;
use transhume_wire::lsn::Lsn;

use crate::connection::{error::PgError, session::Session};

/// Channel on which the runner announces markers and phases.
pub const CHANNEL: &str = "transhume_progress";

pub async fn read(target: &Session) -> Result<Lsn, PgError> {
    let row = target
        .query_typed_one(include_str!("sql/frontier/read.sql"), &[])
        .await?;
    Ok(row
        .get::<_, &str>(0)
        .parse()
        .expect("the server prints pg_lsn as X/Y"))
}

/// Says what the marker of the next fence is, before it is written.
pub async fn announce_fence(target: &Session, nonce: &str) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/frontier/announce_fence.sql"), &[&nonce])
        .await?;
    Ok(())
}

/// A cutover's fence: the frontier moves no more once all that the source committed before it is durably applied, which
/// is known by its position or by its marker. None while it is not there yet.
pub async fn fence(target: &Session, fence_lsn: Lsn, nonce: &str) -> Result<Option<Lsn>, PgError> {
    let row = target
        .query_typed_opt(
            include_str!("sql/frontier/fence.sql"),
            &[(&fence_lsn.to_string(), Type::TEXT), (&nonce, Type::TEXT)],
        )
        .await?;
    Ok(row.map(|row| {
        row.get::<_, &str>(0)
            .parse()
            .expect("the server prints pg_lsn as X/Y")
    }))
}

/// It may move again: a cutover that goes on after a crash raises its fence anew, behind the former one.
pub async fn unfence(target: &Session) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/frontier/unfence.sql"), &[])
        .await?;
    Ok(())
}

/// From now on `target` hears what the runner announces.
pub async fn listen(target: &Session) -> Result<(), PgError> {
    Ok(target
        .batch_execute(include_str!("sql/frontier/listen.sql"))
        .await?)
}
