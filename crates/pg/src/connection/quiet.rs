//! Sessions whose statements fire nobody's event triggers, where the role allows it.
//!
//! Event triggers act for what an application does; a grant taken away at a cutover is none of that, and what they wrote of it
//! would be a change behind the fence. Those that are made to fire always still do.

use super::{error::PgError, session::Session};
use transhume_core::sqlstate;

/// The first version that switches event triggers off by themselves.
const OWN_SETTING: u32 = 17;

/// For the life of the session, which must write no rows that foreign keys are to check. False where the role may not.
pub async fn silence_event_triggers(session: &Session) -> Result<bool, PgError> {
    if session.server_version().major() >= OWN_SETTING && set(session, "set event_triggers = off").await? {
        return Ok(true);
    }
    set(session, "set session_replication_role = replica").await
}

/// Tried, not guessed.
async fn set(session: &Session, statement: &str) -> Result<bool, PgError> {
    let outcome = session.batch_execute(statement).await.map_err(PgError::from);
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.sqlstate() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) => Ok(false),
        Err(error) => Err(error),
    }
}
