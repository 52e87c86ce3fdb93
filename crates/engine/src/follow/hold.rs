//! Commands from other processes: read from their rows, decided by `core::hold`, answered in the rows.
//!
//! A notification only says "look"; what counts are the rows, looked at once a second anyway. While nothing is asked for that
//! look is a glance behind apply's back: over a long way it would hold up apply for several round trips.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use transhume_core::{
    command::Command,
    follow::hold::{CommandId, Hold, Reply, Standing},
    phase::Phase,
};
use transhume_pg::{
    connection::{
        error::PgError,
        session::{Notifications, Session},
    },
    state::{
        apply::{self, PhaseNow},
        command::{self, Answer, Pending},
        load::relations,
        runner,
    },
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use super::{
    EndReason, FollowRequest,
    failure::{Failure, While},
};
use crate::report::Reporter;

/// Following looks for itself again after this, since commands are heard only while it follows.
const AWAITED_AT_ONCE: Duration = Duration::from_secs(2);
/// Between two looks at a table that is being loaded.
const LOOK_AT_TABLE_EVERY: Duration = Duration::from_millis(100);

/// The control session and the hold that its commands decide.
pub(super) struct Control {
    session: Arc<Session>,
    notifications: Notifications,
    /// As of the latest look.
    phase: Option<Phase>,
    /// Finds out whether a look is due; one task at most.
    glance: JoinSet<Result<bool, PgError>>,
    pub(super) hold: Hold,
    yields_to_tables: bool,
}

impl Control {
    pub(super) fn new(mut session: Session, yields_to_tables: bool) -> Self {
        Self {
            notifications: session.take_notifications(),
            session: Arc::new(session),
            phase: None,
            glance: JoinSet::new(),
            hold: Hold::default(),
            yields_to_tables,
        }
    }

    /// Returns when someone wants to be looked at, or a glance says so. Cancel-safe.
    pub(super) async fn called(&mut self) -> Result<(), Failure> {
        loop {
            tokio::select! {
                biased;
                notification = self.notifications.recv() => {
                    if notification.is_none() {
                        return Err(Failure::passing("the session for commands ended"));
                    }
                    // One look serves all that have called.
                    while self.notifications.try_recv().is_ok() {}
                    return Ok(());
                }
                Some(glance) = self.glance.join_next() => {
                    let is_due = glance.map_err(|panic| {
                        Failure::stopped("a task ended unexpectedly", panic.to_string(), "report this")
                    })?;
                    if is_due.while_doing("looking for commands")? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Has [`Self::called`] look whether a look is due, while apply goes on; false where it is due in any case.
    pub(super) fn glance(&mut self) -> bool {
        let Some(phase) = self.phase else { return false };
        if !self.hold.is_running() || matches!(phase, Phase::Cutover | Phase::Opening) {
            return false;
        }
        if self.glance.is_empty() {
            let session = Arc::clone(&self.session);
            self.glance
                .spawn(async move { command::is_look_due(&session, phase).await });
        }
        true
    }

    /// Takes up what was asked; a reason to end, if there is one.
    pub(super) async fn look(&mut self) -> Result<Option<EndReason>, Failure> {
        self.look_and_refuse(None).await
    }

    /// Where `standing` says why nothing can be applied, no hold can be kept either.
    pub(super) async fn look_and_refuse(
        &mut self,
        standing: Option<&str>,
    ) -> Result<Option<EndReason>, Failure> {
        let now = self.now().await?;
        let phase = now.as_ref().map(|now| now.phase);
        self.phase = phase;
        if is_over(phase) {
            return Ok(Some(EndReason::CutOver));
        }
        match phase {
            // Its marker tells an apply that lives; one that has begun anew, or whose source sends no markers, learns it here.
            Some(Phase::Cutover | Phase::Opening) => {
                if now.is_some_and(|now| now.is_fenced) {
                    self.hold.fence();
                }
            }
            // Whatever fence was met, its cutover is over without having opened the target.
            _ => self.hold.lower_fence(),
        }
        let pending = command::pending(&self.session)
            .await
            .while_doing("reading commands")?;
        self.end_forgotten_hold(&pending);
        let mut reason = None;
        for request in pending {
            if request.is_expired {
                self.hold.end(request.id);
                self.answer(request.id, Answer::Withdrawn).await?;
            } else if request.command == Command::Pause {
                // The full load's: it stands until it is resumed.
            } else if request.command == Command::Stop {
                self.answer(request.id, Answer::Done(String::new())).await?;
                reason = Some(EndReason::Stopped);
            } else if request.command.concerns_tables() {
                if reason.is_none() && self.may_yield_to_tables(phase).await? {
                    reason = Some(EndReason::Tables);
                }
            } else if let Some(standing) = standing {
                let refusal = Answer::Failed(format!("the stream is waiting: {standing}"));
                self.answer(request.id, refusal).await?;
            } else {
                self.take_up(&request).await?;
            }
        }
        Ok(reason)
    }

    /// The frontier stands at a cutover's fence: what would move it comes from behind.
    pub(super) async fn is_fenced(&self) -> Result<bool, Failure> {
        Ok(self.now().await?.is_some_and(|now| now.is_fenced))
    }

    /// One of these markers is that of a cutover under way. Whoever may write messages on the source can write one that looks like it.
    pub(super) async fn is_fence_announced(&self, nonces: &[String]) -> Result<bool, Failure> {
        let now = self.now().await?;
        Ok(now.is_some_and(|now| {
            matches!(now.phase, Phase::Cutover | Phase::Opening) && nonces.contains(&now.fence_nonce)
        }))
    }

    async fn now(&self) -> Result<Option<PhaseNow>, Failure> {
        apply::phase(&self.session).await.while_doing("reading the phase")
    }

    /// The hold is in force from now on: everything below `frontier` is applied, nothing above begins.
    pub(super) async fn stand(&mut self, frontier: Lsn) -> Result<(), Failure> {
        match self.hold.stand() {
            Some(Standing::Held(id)) => self.answer(id, Answer::Active(frontier.to_string())).await,
            Some(Standing::Advanced(id)) => self.answer(id, Answer::Done(frontier.to_string())).await,
            None => Ok(()),
        }
    }

    /// A hold whose row is gone or was answered otherwise must not last for ever.
    fn end_forgotten_hold(&mut self, pending: &[Pending]) {
        if let Some(holder) = self.hold.holder()
            && !pending.iter().any(|request| request.id == holder)
        {
            self.hold.end(holder);
        }
    }

    async fn take_up(&mut self, request: &Pending) -> Result<(), Failure> {
        let holder = self.hold.holder();
        match self.hold.request(request.id, request.command.clone()) {
            Reply::Pending => Ok(()),
            Reply::Refused(reason) => self.answer(request.id, Answer::Failed(reason)).await,
            Reply::Done => {
                if let Some(holder) = holder {
                    self.answer(holder, Answer::Done("released".to_owned())).await?;
                }
                self.answer(request.id, Answer::Done(String::new())).await
            }
        }
    }

    /// Requests about tables wait while apply is held, while the application is being moved, and while
    /// other tables are loaded: those would have to begin again.
    async fn may_yield_to_tables(&self, phase: Option<Phase>) -> Result<bool, Failure> {
        if !self.yields_to_tables || phase != Some(Phase::Follow) || self.hold.holder().is_some() {
            return Ok(false);
        }
        let is_loading = relations::is_any_unfinished(&**self.session)
            .await
            .while_doing("reading the state of the tables")?;
        Ok(!is_loading)
    }

    async fn answer(&self, id: CommandId, answer: Answer) -> Result<(), Failure> {
        command::answer(&self.session, id, &answer)
            .await
            .while_doing("answering a command")
    }
}

/// The migration is done, or its state is gone: there is nothing left to follow.
pub(super) fn is_over(phase: Option<Phase>) -> bool {
    matches!(phase, None | Some(Phase::Done))
}

/// Waits a while for the load of this table, saying so. Whether it is done, the next attempt sees.
pub(super) async fn await_load(
    request: &FollowRequest<'_>,
    table: &QualifiedName,
    relation_id: u32,
    reporter: &Reporter,
) {
    let reason = format!("the load of {}: its next change comes after it", table.plain());
    reporter.waiting(&reason);
    let looking = async {
        let Ok(session) = request
            .endpoints
            .target_session(&request.migration.id, "await")
            .await
        else {
            return std::future::pending().await;
        };
        // A failure here is met again by the next attempt.
        let _ = runner::waits(&session, &reason).await;
        while is_incomplete(&session, relation_id).await {
            tokio::time::sleep(LOOK_AT_TABLE_EVERY).await;
        }
    };
    let _ = tokio::time::timeout(AWAITED_AT_ONCE, looking).await;
}

async fn is_incomplete(session: &Session, relation_id: u32) -> bool {
    !relations::is_complete(&**session, relation_id)
        .await
        .unwrap_or_default()
}
