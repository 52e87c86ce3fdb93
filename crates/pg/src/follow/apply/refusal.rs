//! Statements of a schema change that the target may refuse: behind a savepoint, all of them or none.
//!
//! Owns the savepoint and the line of the history. A refusal is an answer; what ends the session, or may pass by itself, is an error.

use transhume_core::disposition::Disposition;

use crate::{
    connection::{error::PgError, session::Session},
    state::history,
};

/// Runs these; why not, where the target refuses one of them, and then none is done.
pub(super) async fn refusal(session: &Session, statements: &[String]) -> Result<Option<PgError>, PgError> {
    if statements.is_empty() {
        return Ok(None);
    }
    session.batch_execute("savepoint carrying").await?;
    match session
        .batch_execute(&statements.join(";\n"))
        .await
        .map_err(PgError::from)
    {
        Ok(()) => session.batch_execute("release savepoint carrying").await?,
        Err(error) if error.disposition() == Disposition::Retry || error.refusal().is_none() => {
            return Err(error);
        }
        Err(error) => {
            session
                .batch_execute("rollback to savepoint carrying; release savepoint carrying")
                .await?;
            tracing::debug!(%error, "a change of the schema was refused by the target and is held");
            return Ok(Some(error));
        }
    }
    let detail = serde_json::json!({ "statements": statements });
    history::add(&**session, "schema change replicated", &detail).await?;
    Ok(None)
}
