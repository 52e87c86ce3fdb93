//! Opening a run again after a server, or the way to it, failed for a while.
//!
//! Only lost connections are waited out, for as long as it takes: whoever is called at night for a network that is back
//! finds the migration going on. But only once a run was open: an operator who starts one with a wrong address is told at once.

use std::time::Duration;

use transhume_core::{disposition::Disposition, sqlstate};
use transhume_pg::{
    connection::session::Session,
    state::{migration, runner},
};

use super::{Run, RunOpening};
use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    facing,
    report::Reporter,
    runner::host_name,
};

/// Between two attempts: a server that is back is found soon, one that starts is not pressed.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The run opened anew, or the error that does not pass.
pub(super) async fn after<'run, Opening>(
    failure: EngineError,
    open: impl Fn() -> Opening,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Run<'run>>
where
    Opening: Future<Output = Result<Run<'run>>>,
{
    let mut failure = failure;
    loop {
        if !passes(&failure) {
            return Err(failure);
        }
        reporter.waiting(format!("{failure}; trying again"));
        cancellation.rest(AGAIN_AFTER).await?;
        match Box::pin(open()).await {
            Ok(run) => return Ok(run),
            Err(error) => failure = error,
        }
    }
}

/// A session on the source once it answers. The runner's lock is held meanwhile, so that everybody is told what is waited for.
pub(super) async fn source(
    endpoints: &Endpoints,
    migration: &str,
    target: &Session,
    (reporter, cancellation): (&Reporter, &Cancellation),
) -> Result<Session> {
    loop {
        let failure = match endpoints.source_session(migration, "control").await {
            Ok(session) => return Ok(session),
            Err(failure) => failure,
        };
        if !passes(&failure) {
            return Err(failure);
        }
        reporter.waiting(format!("{failure}; trying again"));
        runner::register(target, &host_name())
            .await
            .doing("registering as the runner")?;
        runner::waits(target, &failure.to_string())
            .await
            .doing("recording what the runner waits for")?;
        cancellation.rest(AGAIN_AFTER).await?;
    }
}

/// The same patience for something smaller than a run.
pub(super) async fn persist<T, Asking>(
    ask: impl Fn() -> Asking,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<T>
where
    Asking: Future<Output = Result<T>>,
{
    loop {
        let failure = tokio::select! {
            () = cancellation.cancelled() => return Err(EngineError::Interrupted),
            answer = ask() => match answer {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            },
        };
        if !passes(&failure) {
            return Err(failure);
        }
        reporter.waiting(format!("{failure}; trying again"));
        cancellation.rest(AGAIN_AFTER).await?;
    }
}

/// With patience where the run was open before; a first one is told at once what fails.
pub(super) async fn as_opened<T, Asking>(
    opening: RunOpening,
    ask: impl Fn() -> Asking,
    (reporter, cancellation): (&Reporter, &Cancellation),
) -> Result<T>
where
    Asking: Future<Output = Result<T>>,
{
    match opening {
        RunOpening::First => ask().await,
        RunOpening::Again => persist(ask, reporter, cancellation).await,
    }
}

/// Waits for servers that start up, and for the primaries of a migration that there is already where standbys answer. A
/// first run is not kept waiting for a standby: the assessment tells of it. Gives whether a way back is open, where that could be
/// read.
pub(super) async fn until_primary(
    endpoints: &Endpoints,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Option<bool>> {
    loop {
        let reason = match look(endpoints).await {
            Ok(Looked {
                standby: Some(standby),
                ..
            }) => format!("{standby} is a standby"),
            Ok(looked) => return Ok(Some(looked.has_way_back)),
            Err(EngineError::Server { doing, source }) if source.awaits_primary() => {
                format!("{doing}: {source}")
            }
            // Whoever comes next tells an error better.
            Err(_) => return Ok(None),
        };
        reporter.waiting(format!("{reason}; trying again"));
        cancellation.rest(AGAIN_AFTER).await?;
    }
}

/// What is to be known before a run.
struct Looked {
    /// The end of a migration that is a standby now.
    standby: Option<String>,
    has_way_back: bool,
}

async fn look(endpoints: &Endpoints) -> Result<Looked> {
    let (source, target) = endpoints.sessions("run", "control").await?;
    let migration = migration::read(&target).await.doing("reading the migration")?;
    let standby = [&target, &source].into_iter().find(|end| end.is_standby());
    Ok(Looked {
        standby: standby
            .filter(|_| migration.is_some())
            .map(|standby| standby.endpoint().to_owned()),
        has_way_back: migration.as_ref().is_some_and(facing::is_open),
    })
}

/// The connection is gone or cannot be had now. What a server answers on a sound one (a lock that is not
/// had in time) has its own patience where it was asked.
fn passes(error: &EngineError) -> bool {
    let EngineError::Server { source, .. } = error else {
        return false;
    };
    if source.is_refused_login() {
        return true;
    }
    let is_connection = source.sqlstate().is_none_or(|state| {
        ["08", "57P", sqlstate::TOO_MANY_CONNECTIONS]
            .iter()
            .any(|class| state.starts_with(class))
    });
    is_connection && source.disposition() == Disposition::Retry
}
