//! Signs of life: whether somebody applies what the source commits, before a cutover costs anybody anything and while it drains.
//!
//! Before the fence a marker is written, which must be applied; a runner that is only registered proves nothing. While the
//! target drains behind the fence the runner's lock and its stored stop are looked at, so that writers do not wait for
//! what nobody will apply.

use std::time::{Duration, Instant};

use transhume_core::cutover::gate::Runner;
use transhume_pg::{
    connection::session::Session,
    follow::marker,
    state::{frontier, runner},
};

use super::Cutover;
use crate::{
    error::{Doing, EngineError, Result},
    stopped,
};

/// Between two looks at the frontier when no notification came: nobody waits for this.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Between two looks whether somebody still applies, while writers wait.
const ALIVE_EVERY: Duration = Duration::from_millis(100);

/// Who applies, as far as the target's state says.
pub(super) async fn runner(target: &Session) -> Result<Runner> {
    let doing = "looking for a runner";
    // In one flight.
    let (stop, is_locked, holder) = tokio::try_join!(
        stopped::standing(target),
        runner::is_locked(target),
        runner::holder(target),
    )
    .doing(doing)?;
    if let Some(stop) = stop {
        return Ok(Runner::Stopped(stop));
    }
    let holder = holder.filter(|_| is_locked);
    Ok(holder.map_or(Runner::None, |holder| Runner::Alive {
        host: holder.host,
        waiting_for: holder.waiting_for,
    }))
}

impl Cutover<'_> {
    /// Whoever applies has applied what the source commits now. Refused otherwise, before anybody waits.
    pub(super) async fn sign_of_life(&mut self, announcer: &Session) -> Result<()> {
        let nonce = marker::nonce(announcer).await.doing("making a nonce")?;
        let lsn = marker::emit(announcer, &self.migration.id, &nonce)
            .await
            .doing("writing a marker")?;
        let deadline = Instant::now() + self.options.drain_timeout;
        let mut watch = Watch::new();
        while frontier::read(&self.target)
            .await
            .doing("reading the applied LSN")?
            < lsn
        {
            watch.look(&self.target).await?;
            if Instant::now() >= deadline {
                return Err(self.lifeless().await?);
            }
            tokio::select! {
                _ = self.target.notifications().recv() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        Ok(())
    }

    /// Of the marker that will be written behind the fence: whoever applies must know it by then.
    pub(super) async fn announced_nonce(&self, announcer: &Session) -> Result<String> {
        let nonce = marker::fence_nonce(announcer).await.doing("making a nonce")?;
        frontier::announce_fence(&self.target, &nonce)
            .await
            .doing("telling the runner of the fence's marker")?;
        Ok(nonce)
    }

    async fn lifeless(&self) -> Result<EngineError> {
        let seconds = self.options.drain_timeout.as_secs();
        let reason = match runner(&self.target).await? {
            Runner::Alive { host, waiting_for } if !waiting_for.is_empty() => {
                format!("the runner on {host} is waiting for {waiting_for}")
            }
            Runner::Alive { host, .. } => format!("the runner on {host} is alive, but did not come so far"),
            Runner::None => "no runner is alive".to_owned(),
            Runner::Stopped(stop) => stop.message,
        };
        Ok(EngineError::refused(
            format!("a marker written now was not applied within {seconds} s: {reason}"),
            "see \"transhume status\" for the lag and what the runner waits for; nobody has waited for this cutover",
        ))
    }
}

/// Looks now and then whether somebody still applies.
pub(super) struct Watch {
    last: Instant,
    /// No runner was found at the last look: one may be starting again.
    was_missing: bool,
}

impl Watch {
    /// The first look comes after a while: most drains are over by then.
    pub(super) fn new() -> Self {
        Self {
            last: Instant::now(),
            was_missing: false,
        }
    }

    /// An error once nobody does, with the cause.
    pub(super) async fn look(&mut self, target: &Session) -> Result<()> {
        if self.last.elapsed() < ALIVE_EVERY {
            return Ok(());
        }
        self.last = Instant::now();
        match runner(target).await? {
            Runner::Stopped(stop) => Err(EngineError::stopped(
                "whoever applied has stopped: the target will not come to have all that the source has",
                stop.message,
                stop.remedy.as_str(),
            )),
            Runner::None if self.was_missing => Err(EngineError::stopped(
                "the runner ended meanwhile: nobody applies what the source commits",
                "",
                "start \"transhume run\" again, see that it follows, then cut over again",
            )),
            Runner::None => {
                self.was_missing = true;
                Ok(())
            }
            Runner::Alive { .. } => {
                self.was_missing = false;
                Ok(())
            }
        }
    }
}
