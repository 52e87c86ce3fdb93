//! Commands from other processes: read from their rows, decided by `core::hold`, answered in the rows.
//!
//! A notification only says "look"; what counts are the rows, looked at once a second anyway.

use transhume_core::{
    command::Command,
    hold::{CommandId, Hold, Reply, Standing},
    phase::Phase,
};
use transhume_pg::{
    session::Session,
    state::{
        apply,
        command::{self, Answer, Pending},
    },
};
use transhume_wire::lsn::Lsn;

use super::{
    EndReason,
    failure::{Failure, While},
};

/// The control session and the hold that its commands decide.
pub(super) struct Control {
    session: Session,
    pub(super) hold: Hold,
}

impl Control {
    pub(super) fn new(session: Session) -> Self {
        Self {
            session,
            hold: Hold::default(),
        }
    }

    /// Returns when someone wants to be looked at. Cancel-safe.
    pub(super) async fn called(&mut self) -> Result<(), Failure> {
        match self.session.notifications().recv().await {
            Some(_) => {
                // One look serves all that have called.
                while self.session.notifications().try_recv().is_ok() {}
                Ok(())
            }
            None => Err(Failure::passing("the session for commands ended")),
        }
    }

    /// Takes up what was asked; a reason to end, if there is one.
    pub(super) async fn look(&mut self) -> Result<Option<EndReason>, Failure> {
        let phase = apply::phase(&self.session)
            .await
            .while_doing("reading the phase")?;
        match phase {
            None | Some(Phase::Done) => return Ok(Some(EndReason::CutOver)),
            Some(Phase::Cutover) => {}
            // Whatever fence was met, its cutover is over without having opened the target.
            Some(_) => self.hold.lower_fence(),
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
            } else if request.command == Command::Stop {
                self.answer(request.id, Answer::Done(String::new())).await?;
                reason = Some(EndReason::Stopped);
            } else {
                self.take_up(&request).await?;
            }
        }
        Ok(reason)
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
        match self.hold.request(request.id, request.command) {
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

    async fn answer(&self, id: CommandId, answer: Answer) -> Result<(), Failure> {
        command::answer(&self.session, id, &answer)
            .await
            .while_doing("answering a command")
    }
}
