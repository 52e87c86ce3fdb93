//! Statements of which some may be refused: as many as possible take effect, in one transaction.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio_postgres::Client;

use super::error::PgError;

/// As for restoring: hides the round trip.
const PIPELINED: usize = 64;

/// Runs all statements and commits; returns the numbers of those refused with the server's message.
///
/// An answer that any statement might have had just then (a cancellation, a deadlock) is no refusal: it ends the attempt.
/// Tries them together first, since nearly always all succeed; only then each under its savepoint.
pub async fn attempt_each(
    target: &mut Client,
    statements: &[String],
) -> Result<Vec<(usize, String)>, PgError> {
    if together(target, statements).await? {
        return Ok(Vec::new());
    }
    let transaction = target.transaction().await?;
    let mut refused = Vec::new();
    for (number, statement) in statements.iter().enumerate() {
        transaction.batch_execute("SAVEPOINT attempt").await?;
        let ended = match transaction.batch_execute(statement).await {
            Ok(()) => "RELEASE SAVEPOINT attempt",
            Err(error) => {
                let error = PgError::from(error);
                let Some(answer) = error.refusal() else {
                    return Err(error);
                };
                refused.push((number, answer.message.clone()));
                "ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt"
            }
        };
        transaction.batch_execute(ended).await?;
    }
    transaction.commit().await?;
    Ok(refused)
}

/// Whether all succeeded; otherwise none took effect.
async fn together(target: &mut Client, statements: &[String]) -> Result<bool, PgError> {
    let transaction = target.transaction().await?;
    let client = &transaction;
    let outcome = stream::iter(statements)
        .map(|statement| async move { client.batch_execute(statement).await })
        .buffered(PIPELINED)
        .try_collect::<()>()
        .await;
    match outcome {
        Ok(()) => {
            transaction.commit().await?;
            Ok(true)
        }
        Err(error) if error.as_db_error().is_some() => {
            transaction.rollback().await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
