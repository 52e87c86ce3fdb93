//! Whether two sessions have reached one database of one running server.

use super::{error::PgError, session::Session};

/// Both sessions are in the same database of the same running server, whatever copies of it there are.
pub async fn is_same_place(one: &Session, other: &Session) -> Result<bool, PgError> {
    let place = async |session: &Session| -> Result<(u32, String), PgError> {
        let row = session
            .query_typed_one(include_str!("sql/place.sql"), &[])
            .await?;
        Ok((row.get(0), row.get(1)))
    };
    let (one, other) = tokio::try_join!(place(one), place(other))?;
    Ok(one == other)
}
