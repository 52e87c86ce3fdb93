//! `transhume.marker`: markers that were seen in the stream, written in the batch that held them.

use transhume_wire::lsn::Lsn;

use crate::{error::PgError, session::Session};

/// The LSN of the marker with this nonce, once everything before it is durably applied.
pub async fn seen(target: &Session, nonce: &str) -> Result<Option<Lsn>, PgError> {
    let row = target
        .query_opt(include_str!("sql/marker/seen.sql"), &[&nonce])
        .await?;
    Ok(row.map(|row| {
        row.get::<_, &str>(0)
            .parse()
            .expect("the server prints pg_lsn as X/Y")
    }))
}
