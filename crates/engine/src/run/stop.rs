//! A request to stop, from another process, in whatever phase the run is.

use std::time::Duration;

use transhume_core::command::Command;
use transhume_pg::{
    connection::{error::PgError, session::Session},
    state::command::{self, Answer},
};

use crate::endpoints::Endpoints;

/// How often a request is looked for.
const INTERVAL: Duration = Duration::from_millis(500);

/// Returns once the runner is asked to stop. Failures to look are followed by another look: the work
/// itself says when a server is gone.
pub(super) async fn asked(endpoints: &Endpoints, migration: &str) {
    let mut session = None;
    loop {
        tokio::time::sleep(INTERVAL).await;
        if session.is_none() {
            session = endpoints.target_session(migration, "stop").await.ok();
        }
        let Some(target) = &session else { continue };
        match take_up(target).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(_) => session = None,
        }
    }
}

async fn take_up(target: &Session) -> Result<bool, PgError> {
    let pending = command::pending(target).await?;
    let stop = pending
        .iter()
        .find(|request| request.command == Command::Stop && !request.is_expired);
    let Some(stop) = stop else { return Ok(false) };
    command::answer(target, stop.id, &Answer::Done(String::new())).await?;
    Ok(true)
}
