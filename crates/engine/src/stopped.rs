//! Why a run stopped: stored on the target, so that whoever asks later, from any machine, learns the cause.
//!
//! One finding, which blocks a cutover. Whoever goes on takes it back, and writes it anew where it stops again; once the
//! frontier moves, whatever stands there is over. Interrupting a run leaves it as it was.

use std::time::Duration;

use transhume_core::finding::Finding;
use transhume_pg::{
    connection::{error::PgError, session::Session},
    state::{finding, history},
};

use crate::{
    endpoints::Endpoints,
    error::{Doing, EngineError},
};

/// Origin and code of the finding.
const ORIGIN: &str = "run";
pub(crate) const CODE: &str = "run-stopped";

/// The error itself is told in any case: a target that does not answer holds nobody up for longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes it back at an end in order.
pub(crate) async fn forget_on(endpoints: &Endpoints, migration: &str) {
    let forgetting = async {
        let target = endpoints.target_session(migration, "stopped").await?;
        forget(&target).await.doing("forgetting why the run stopped")
    };
    if let Ok(Err(failure)) = tokio::time::timeout(PATIENCE, forgetting).await {
        tracing::debug!("{failure}");
    }
}

/// Stores why following stopped. What cannot be stored has been printed, or comes back to whoever waits for it.
pub(crate) async fn record(endpoints: &Endpoints, migration: &str, error: &EngineError) {
    if matches!(error, EngineError::Interrupted) {
        return;
    }
    let recording = async {
        let target = endpoints.target_session(migration, "stopped").await?;
        write(&target, error).await.doing("recording why the run stopped")
    };
    match tokio::time::timeout(PATIENCE, recording).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => tracing::debug!("{failure}"),
        Err(_) => tracing::debug!("recording why the run stopped: the target does not answer"),
    }
}

async fn write(target: &Session, error: &EngineError) -> Result<(), PgError> {
    let detail = error.detail().unwrap_or_default();
    let hint = error.hint().unwrap_or_default();
    let sqlstate = match error {
        EngineError::Server { source, .. } => source.sqlstate().map(str::to_owned),
        _ => None,
    };
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let message = format!("the run stopped at {now}: {error}. {detail}");
    let stop = Finding::blocker(CODE, "", message.trim_end(), &hint);
    finding::replace(&**target, ORIGIN, &stop).await?;
    let story = serde_json::json!({
        "message": error.to_string(),
        "detail": detail,
        "remedy": hint,
        "sqlstate": sqlstate,
    });
    history::add(&**target, "the run stopped", &story).await
}

/// Following goes on.
pub(crate) async fn forget(target: &Session) -> Result<(), PgError> {
    finding::clear(&**target, ORIGIN, CODE).await
}

/// Why nobody applies, where the last to do so stopped.
pub(crate) async fn standing(target: &Session) -> Result<Option<Finding>, PgError> {
    let stops = finding::current(&**target, ORIGIN, CODE).await?;
    Ok(stops.into_iter().next())
}
