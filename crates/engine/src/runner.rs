//! One runner at a time: the lock on the target, and a follower of our own where no runner lives.

use std::time::Duration;

use tokio::task::JoinHandle;
use transhume_core::follow::error_policy::ErrorPolicy;
use transhume_pg::{
    connection::{error::PgError, session::Session},
    state::{migration::Migration, runner},
    wait::Wait,
};

use crate::{
    cancel::{self, Cancellation, Canceller},
    endpoints::{Endpoints, replica_role},
    error::{Doing, EngineError, Result},
    follow::{self, FollowEnd, FollowRequest, SpillOptions, Until},
    report::Reporter,
    stopped,
};

/// The server needs a moment to notice that a process which ended or was killed is gone: it is given two seconds.
const LOCK_ATTEMPTS: u32 = 20;
const LOCK_INTERVAL: Duration = Duration::from_millis(100);

/// Between two signs of life of a runner.
pub(crate) const BEAT: Duration = Duration::from_secs(2);
/// A runner that gives none for so long is cut off from the target, or stopped: its session is ended, and whoever waits takes
/// over. One that only was slow finds the lock taken and waits in its turn.
const SILENT_FOR: Duration = Duration::from_secs(30);
/// The same for this process itself, which knows that it has lost its session.
const OWN_SILENT_FOR: Duration = Duration::from_secs(5);
/// Between two looks at its signs of life.
const SIGN_INTERVAL: Duration = Duration::from_millis(500);

/// Between two looks whether another runner has ended: nobody waits for this one, since the other follows.
const HELD_INTERVAL: Duration = Duration::from_secs(1);

const TAKING: &str = "taking the runner's lock";

/// Takes the runner's lock on `target` for as long as that session lives, or says who holds it.
pub(crate) async fn lock(target: &Session, reporter: &Reporter) -> Result<()> {
    let taken = patiently(async || runner::try_lock(target).await).await;
    if taken.doing(TAKING)? || outlasts(target, reporter).await? {
        return Ok(());
    }
    Err(EngineError::refused(
        held_by_another(target).await?,
        "see \"transhume status\"; end that process first if this one should take over",
    ))
}

/// Takes the lock of a cutover for as long as that session lives.
pub(crate) async fn lock_cutover(target: &Session) -> Result<()> {
    let taken = patiently(async || runner::try_cutover_lock(target).await).await;
    if taken.doing("taking the cutover's lock")? {
        return Ok(());
    }
    Err(EngineError::refused(
        "another cutover is under way",
        "see \"transhume status\"",
    ))
}

async fn patiently(
    take: impl AsyncFn() -> std::result::Result<bool, PgError>,
) -> std::result::Result<bool, PgError> {
    for _ in 1..LOCK_ATTEMPTS {
        if take().await? {
            return Ok(true);
        }
        tokio::time::sleep(LOCK_INTERVAL).await;
    }
    take().await
}

/// Waits for the holder's next sign of life; without one it is ended, and the lock is ours.
async fn outlasts(target: &Session, reporter: &Reporter) -> Result<bool> {
    let doing = "looking for the runner's last sign of life";
    let before = runner::last_sign(target).await.doing(doing)?;
    let wait = Wait::up_to(SILENT_FOR + BEAT, SIGN_INTERVAL);
    while before.is_some() && runner::last_sign(target).await.doing(doing)? == before && !wait.is_over() {
        end_silent(target, NOBODY, reporter).await?;
        if runner::try_lock(target).await.doing(TAKING)? {
            return Ok(true);
        }
        wait.rest().await;
    }
    Ok(false)
}

/// A host that no process runs on: for who has not lost a lock of its own.
const NOBODY: &str = "";

async fn end_silent(target: &Session, own_host: &str, reporter: &Reporter) -> Result<()> {
    let ended = runner::end_silent(target, (SILENT_FOR, OWN_SILENT_FOR), own_host)
        .await
        .doing("ending a runner without a sign of life")?;
    if let Some(ended) = ended {
        reporter.step(format!(
            "the runner (process {} on {}) has given no sign of life for {} s: its session {} on the target is ended, and this one \
             takes over",
            ended.pid, ended.host, ended.silent_seconds, ended.backend_pid
        ));
    }
    Ok(())
}

/// As [`lock`] for a runner that lost the lock with its session: whoever has it now (a cutover that follows by itself, say)
/// may end, and then somebody must go on.
pub(crate) async fn lock_when_free(
    target: &Session,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<()> {
    while !runner::try_lock(target).await.doing(TAKING)? {
        end_silent(target, &host_name(), reporter).await?;
        reporter.waiting(format!(
            "{}; going on once it ends",
            held_by_another(target).await?
        ));
        cancellation.rest(HELD_INTERVAL).await?;
    }
    Ok(())
}

async fn held_by_another(target: &Session) -> Result<String> {
    let holder = runner::holder(target)
        .await
        .doing("asking who runs the migration")?;
    let who = holder.map_or_else(String::new, |holder| {
        let process = match holder.host.as_str() {
            "" => String::new(),
            host => format!("process {} on {host}, ", holder.pid),
        };
        format!(
            " ({process}session {} \"{}\" on the target, since {})",
            holder.backend_pid, holder.application, holder.since
        )
    });
    Ok(format!("another runner holds this migration{who}"))
}

/// Who is waited for by whoever needs changes to be applied, and what that one waits for in its turn.
pub(crate) async fn awaited(target: &Session) -> Result<String> {
    let doing = "asking who runs the migration";
    if let Some(stop) = stopped::standing(target).await.doing(doing)? {
        return Ok(format!(
            "nobody applies, since the last run stopped: {}",
            stop.message
        ));
    }
    Ok(match runner::holder(target).await.doing(doing)? {
        None => "no runner is alive: start \"transhume run\"".to_owned(),
        Some(holder) if holder.waiting_for.is_empty() => {
            format!(
                "the runner (process {} on {}) is at work",
                holder.pid, holder.host
            )
        }
        Some(holder) => format!(
            "the runner (process {} on {}) is waiting for {}",
            holder.pid, holder.host, holder.waiting_for
        ),
    })
}

/// The name of this machine, for people.
pub(crate) fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// Makes sure that somebody applies while a command needs it: the runner where one lives, else a
/// follower inside this process.
pub(crate) struct Companion(Option<Own>);

struct Own {
    canceller: Canceller,
    follower: JoinHandle<Result<FollowEnd>>,
    /// Holds the runner's lock.
    _session: Session,
}

impl Companion {
    pub(crate) async fn ensure(
        endpoints: &Endpoints,
        migration: &Migration,
        spill: &SpillOptions,
        reporter: &Reporter,
    ) -> Result<Self> {
        let session = endpoints.target_session(&migration.id, "control").await?;
        if !runner::try_lock(&session)
            .await
            .doing("taking the runner's lock")?
        {
            return Ok(Self(None));
        }
        let replica_role = replica_role(&session).await?;
        runner::register(&session, &host_name())
            .await
            .doing("registering as the runner")?;
        stopped::forget(&session)
            .await
            .doing("forgetting why the last run stopped")?;
        reporter.step("no runner is alive: following inside this process");
        let (canceller, cancellation) = cancel::cancellation();
        let (endpoints, migration, spill) = (endpoints.clone(), migration.clone(), spill.clone());
        let follower = tokio::spawn(async move {
            let request = FollowRequest {
                endpoints: &endpoints,
                migration: &migration,
                replica_role,
                until: Until::Cancelled,
                yields_to_tables: false,
                on_error: ErrorPolicy::default(),
                spill: &spill,
                schema_changes: None,
            };
            let outcome = Box::pin(follow::follow(request, &Reporter::silent(), &cancellation)).await;
            if let Err(error) = &outcome {
                // Whoever waits for what it would have applied learns of it there.
                stopped::record(&endpoints, &migration.id, error).await;
            }
            outcome
        });
        Ok(Self(Some(Own {
            canceller,
            follower,
            _session: session,
        })))
    }

    /// Works while somebody applies. A follower of our own that fails ends it with its error: what the work waits for would
    /// never be reached.
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(own) = &mut self.0 else {
            return work.await;
        };
        let ended = tokio::select! {
            outcome = work => return outcome,
            ended = &mut own.follower => ended,
        };
        self.0 = None;
        match ended.expect("the follower does not panic") {
            Err(error) => Err(error),
            Ok(_) => Err(EngineError::refused(
                "following has ended meanwhile",
                "see \"transhume status\" for why, then try again",
            )),
        }
    }

    /// Ends a follower of our own in order; a runner elsewhere goes on.
    pub(crate) async fn end(self) -> Result<()> {
        let Some(own) = self.0 else { return Ok(()) };
        own.canceller.cancel();
        match own.follower.await.expect("the follower does not panic") {
            Ok(_) | Err(EngineError::Interrupted) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
