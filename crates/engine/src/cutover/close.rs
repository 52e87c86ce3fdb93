//! Closing the source: what the fence leaves behind so that nobody writes there again, and the way
//! to undo it.
//!
//! Written down before it is done; undoing is harmless when nothing was done.

use std::time::Duration;

use transhume_core::{
    assess::observation::Subscription,
    count::{counted, is_or_are, listed},
    disposition::{Disposition, classify},
    finding::Finding,
    sqlstate,
};
use transhume_pg::{
    catalog::objects::{has_feeding_workers, subscriptions},
    connection::{error::PgError, quiet::silence_event_triggers, session::Session},
    cutover::{
        fence::{self, EndedSessions, Fence, OwnSessions},
        write_grant::{self, WriteGrant},
    },
    state::{
        deviation::{self, FENCE, NewDeviation, Side, TRIGGERS},
        undo::Undo,
    },
    wait::Wait,
};

use super::Cutover;
use crate::{
    cutover::fallback::{Armed, Keep},
    error::{Doing, EngineError, Result},
    failpoint::{Point, reach},
    report::Reporter,
};

/// All that the fence's transaction leaves behind on the source.
pub(crate) const KINDS: [&str; 3] = [FENCE, "own-grants", TRIGGERS];

/// Long enough for another process that opens it too, and for those who alter the same tables without a rest.
const REOPENING_PATIENCE: Duration = Duration::from_secs(10);
const REOPENING_INTERVAL: Duration = Duration::from_millis(100);

/// A worker ends between two transactions of its publisher; nobody waits for it but us.
const WORKERS_PATIENCE: Duration = Duration::from_secs(10);
const WORKERS_POLL: Duration = Duration::from_millis(20);

/// Everything needed to close, read before the fence stands.
pub(super) struct Closing {
    /// None where the role may not say so.
    read_only: Option<String>,
    revokes: Vec<String>,
    undo: Vec<Undo>,
    /// What the reverse stream needs there; nothing without one.
    keeps: Vec<Keep>,
    /// What feeds the source by itself, and is stopped before the fence.
    feeding: Vec<Subscription>,
    /// Ending sessions of other roles needs a right that this role may not have.
    database: String,
}

impl Closing {
    pub(super) async fn plan(cutover: &mut Cutover<'_>, armed: Option<&Armed>) -> Result<Self> {
        let grants = write_grant::all(&cutover.source, &cutover.tables, &cutover.sequences)
            .await
            .doing("reading who may write on the source")?;
        let database = cutover.migration.identity.database.clone();
        let (read_only, read_write) = fence::read_only_statements(&cutover.source)
            .await
            .doing("asking who owns the source database")?
            .unzip();
        let mut feeding = subscriptions(&cutover.source)
            .await
            .doing("looking for subscriptions")?;
        feeding.retain(|subscription| subscription.enabled && subscription.is_owned);
        let restores = grants.iter().map(WriteGrant::restore);
        let feeds = feeding.iter().map(|subscription| Undo::EnableSubscription {
            name: subscription.name.clone(),
        });
        let undo: Vec<Undo> = restores.chain(read_write).chain(feeds).collect();
        let closing = Self {
            read_only,
            revokes: write_grant::revoke_statements(&grants),
            undo,
            feeding,
            keeps: armed.map(|armed| armed.keeps().to_vec()).unwrap_or_default(),
            database,
        };
        let deviations = closing.deviations();
        // Newest first, as after a crash.
        let undo = deviations.iter().rev().flat_map(|deviation| deviation.undo);
        cutover.undo = undo.cloned().collect();
        for deviation in &deviations {
            deviation::intend(&*cutover.target, deviation)
                .await
                .doing("recording how to open the source again")?;
        }
        reach(Point::ClosingIntended).await;
        if let Some(armed) = armed {
            // As they were written down first: a cutover that goes on after a crash finds the grants revoked.
            let written = open(&cutover.target).await?;
            armed.remember_closing(&cutover.source, &written).await?;
        }
        reach(Point::ClosingRemembered).await;
        Ok(closing)
    }

    /// Nothing is fed any more once this is over: no lock of the fence holds up a worker that is a superuser's for long, and
    /// what its publisher sends later is there for whoever subscribes on the target.
    pub(super) async fn stop_feeding(&self, cutover: &mut Cutover<'_>) -> Result<()> {
        if self.feeding.is_empty() {
            return Ok(());
        }
        cutover.retreat = cutover.retreat.closing();
        let names: Vec<&str> = self.feeding.iter().map(|one| one.name.as_str()).collect();
        for subscription in &self.feeding {
            fence::run_briefly(&cutover.source, &subscription.disable())
                .await
                .doing(format!("disabling the subscription {}", subscription.name))?;
        }
        let wait = Wait::up_to(WORKERS_PATIENCE, WORKERS_POLL);
        while has_feeding_workers(&cutover.source, &names)
            .await
            .doing("looking for workers of subscriptions")?
        {
            if !wait.rest().await {
                return Err(EngineError::stopped(
                    format!("workers of {} do not end", listed(&names)),
                    "They were disabled, and are in the middle of what a publisher sent.",
                    "see pg_stat_subscription on the source, then cut over again",
                ));
            }
        }
        cutover.reporter.step(format!(
            "subscriptions of the source are disabled: {}",
            listed(&names)
        ));
        Ok(())
    }

    /// In the order in which they are made.
    fn deviations(&self) -> Vec<NewDeviation<'_>> {
        let fence = NewDeviation {
            side: Side::Source,
            kind: FENCE,
            object: &self.database,
            description: "the source is closed: write grants revoked, new sessions read-only",
            undo: &self.undo,
        };
        let keeps = self.keeps.iter().map(|keep| NewDeviation {
            side: Side::Source,
            kind: keep.kind,
            object: &self.database,
            description: &keep.description,
            undo: &keep.undo,
        });
        std::iter::once(fence).chain(keeps).collect()
    }

    /// Revokes write grants in the fence's transaction, while the target still drains.
    /// Gives the transaction's id.
    pub(super) async fn revoke(&self, fence: &Fence) -> Result<u32> {
        let kept = self.keeps.iter().flat_map(|keep| &keep.make);
        let statements: Vec<String> = self.revokes.iter().chain(kept).cloned().collect();
        fence
            .revoke(&statements)
            .await
            .doing("revoking write grants on the source")?;
        reach(Point::GrantsRevoked).await;
        fence.xid().await.doing("asking for the fence's transaction id")
    }

    /// New sessions become read-only, present ones end, then the locks go and the revoked grants are
    /// in force. To be run to its end, which comes within
    /// seconds: a statement that was given up on its way could take effect after the undoing.
    pub(super) async fn close(
        &self,
        fence: Fence,
        announcer: &Session,
        own: &OwnSessions<'_>,
    ) -> Result<EndedSessions> {
        if let Some(read_only) = &self.read_only {
            fence::run_briefly(announcer, read_only)
                .await
                .doing("making new sessions of the source read-only")?;
        }
        reach(Point::ReadOnlySet).await;
        let ended = fence::end_other_sessions(announcer, own)
            .await
            .doing("ending the source's other sessions")?;
        reach(Point::SessionsEnded).await;
        fence.close().await.doing("closing the source")?;
        Ok(ended)
    }

    /// Doors that could not be shut for want of rights.
    pub(super) fn findings(&self, refused: i64) -> Vec<Finding> {
        let mut findings = Vec::new();
        if refused > 0 {
            findings.push(Finding::warning(
                "sessions-left",
                &self.database,
                format!(
                    "{} of other roles {} still connected to the source",
                    counted(refused, "session"),
                    is_or_are(refused)
                ),
                "end them there; to let a cutover do it: grant pg_signal_backend to the source role",
            ));
        }
        if self.read_only.is_none() {
            findings.push(Finding::warning(
                "not-read-only",
                &self.database,
                "write grants are revoked, but a superuser of the source could still write: its role does not own \
                 the database, so new sessions are not read-only by default",
                "alter database … set default_transaction_read_only = on, as its owner",
            ));
        }
        findings
    }
}

/// After a crash: opens the source again as it was, from what is written down on the target.
pub(super) async fn undo(source: &Session, target: &Session, reporter: &Reporter) -> Result<()> {
    for deviation in open(target).await? {
        reopen(source, &deviation.undo).await?;
        reach(Point::SourceReopened).await;
        undone(target, deviation.id).await?;
        if deviation.kind == FENCE {
            reporter.step("the source is open to writers again");
        }
    }
    Ok(())
}

/// A runner that finds a cutover dead may do the same at the same moment, and PostgreSQL refuses one of two grants on
/// a table that come together ("tuple concurrently updated", an internal error): another try meets nobody.
pub(super) async fn reopen(source: &Session, undo: &[Undo]) -> Result<()> {
    silence_event_triggers(source)
        .await
        .doing("keeping event triggers of the source silent")?;
    let wait = Wait::up_to(REOPENING_PATIENCE, REOPENING_INTERVAL);
    loop {
        match fence::undo_all(source, undo).await {
            Err(error) if met_somebody(&error) && !source.is_closed() && wait.rest().await => {}
            outcome => return outcome.doing("opening the source again"),
        }
    }
}

/// Another session caused it, and it passes.
fn met_somebody(error: &PgError) -> bool {
    error
        .sqlstate()
        .is_some_and(|code| code == sqlstate::INTERNAL_ERROR || classify(code) == Disposition::Retry)
}

/// The source is open: what was written down about closing it holds no more.
pub(super) async fn forget(target: &Session) -> Result<()> {
    for deviation in open(target).await? {
        undone(target, deviation.id).await?;
    }
    Ok(())
}

async fn open(target: &Session) -> Result<Vec<deviation::Deviation>> {
    let mut open = deviation::open(target, Side::Source)
        .await
        .doing("reading what was changed on the source")?;
    open.retain(|deviation| KINDS.contains(&deviation.kind.as_str()));
    Ok(open)
}

async fn undone(target: &Session, id: i64) -> Result<()> {
    deviation::undone(target, &[id])
        .await
        .doing("recording that the source is open again")
}
