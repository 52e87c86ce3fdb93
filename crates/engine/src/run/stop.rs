//! A request to stop, from another process, in whatever phase the run is; and the run's signs of life meanwhile.

use std::time::{Duration, Instant};

use transhume_core::command::Command;
use transhume_pg::{
    connection::{error::PgError, session::Session},
    state::{
        command::{self, Answer},
        runner,
    },
};

use crate::{
    endpoints::Endpoints,
    runner::{BEAT, host_name},
};

/// How often a request is looked for.
const INTERVAL: Duration = Duration::from_millis(500);

/// Returns once the runner is asked to stop. Failures to look are followed by another look: the work
/// itself says when a server is gone.
pub(super) async fn asked(endpoints: &Endpoints, migration: &str) {
    let mut session = None;
    let (host, mut beaten) = (host_name(), None::<Instant>);
    loop {
        tokio::time::sleep(INTERVAL).await;
        if session.is_none() {
            session = endpoints.target_session(migration, "stop").await.ok();
        }
        let Some(target) = &session else { continue };
        let beat = beaten.is_none_or(|at| at.elapsed() >= BEAT);
        let looked = async {
            if beat {
                runner::beat(target, &host).await?;
            }
            take_up(target).await
        };
        match looked.await {
            Ok(true) => return,
            Ok(false) if beat => beaten = Some(Instant::now()),
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
