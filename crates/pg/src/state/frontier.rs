//! The frontier as others read it: the end LSN below which everything is durably applied.
//!
//! Only the batch that applies moves it (see `apply`); everybody else looks and listens here.

use transhume_wire::lsn::Lsn;

use crate::{error::PgError, session::Session};

/// Channel on which the runner announces markers and phases.
pub const CHANNEL: &str = "transhume_progress";

pub async fn read(target: &Session) -> Result<Lsn, PgError> {
    let row = target
        .query_one(include_str!("sql/frontier/read.sql"), &[])
        .await?;
    Ok(row
        .get::<_, &str>(0)
        .parse()
        .expect("the server prints pg_lsn as X/Y"))
}

/// From now on `target` hears what the runner announces.
pub async fn listen(target: &Session) -> Result<(), PgError> {
    Ok(target
        .batch_execute(include_str!("sql/frontier/listen.sql"))
        .await?)
}
