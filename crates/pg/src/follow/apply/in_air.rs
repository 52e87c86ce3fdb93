//! Flights that left with their COMMIT and are not answered.
//!
//! Each is refused by the server itself where anything is not written as it must be, and each moves the frontier only from
//! where the one before leaves it: of those behind one that is refused none can commit. So many may be on their way, and the
//! way's length costs each of them only once. What is refused is written one by one; those behind it are then sent again.

use tokio_postgres::Row;
use transhume_core::follow::portion::{Advance, Portion};

use super::{
    batch::{BatchWriter, Committed, TargetPosition},
    conflict::ApplyError,
    flight::{Flight, Later},
    sets::Assembled,
};

/// A COMMIT whose answer is not in.
pub(super) struct Committing {
    pub(super) answer: Option<Later<()>>,
    /// A look at the target's WAL behind it.
    pub(super) look: Option<Later<Row>>,
    pub(super) seen: Option<TargetPosition>,
    pub(super) advance: Advance,
    pub(super) is_synchronous: bool,
}

impl Committing {
    /// Cancel-safe.
    pub(super) async fn answered(&mut self) -> Result<Committed, ApplyError> {
        if let Some(answer) = &mut self.answer {
            answer.await.map_err(|error| ApplyError::Server {
                error: error.into(),
                during_commit: true,
            })?;
            self.answer = None;
        }
        if let Some(look) = &mut self.look {
            let mut seen = TargetPosition::of(&look.await?);
            if self.is_synchronous {
                // Others have written since; what was waited for is flushed.
                seen.end = seen.flushed;
            }
            (self.seen, self.look) = (Some(seen), None);
        }
        Ok(Committed {
            advance: self.advance,
            position: self.seen,
        })
    }
}

/// A whole batch on its way.
pub(super) struct InAir {
    pub(super) portion: Portion,
    pub(super) flight: Flight,
    pub(super) committing: Committing,
}

impl InAir {
    /// Cancel-safe.
    async fn answered(&mut self) -> Result<Committed, ApplyError> {
        self.flight.drain().await?;
        self.committing.answered().await
    }

    /// Waits for the end of a batch behind one that was refused, which must have been refused too.
    async fn given_up(mut self) -> Result<Portion, ApplyError> {
        let expected = self.committing.advance.before;
        match self.flight.drain().await {
            Ok(()) => Err(ApplyError::FrontierMoved { expected }),
            // The server has made a rollback of its COMMIT; an error here is one of the connection.
            Err(_refused) => self.committing.answered().await.map(|_| self.portion),
        }
    }
}

impl BatchWriter {
    /// Something left with its COMMIT and is not answered.
    pub fn is_in_air(&self) -> bool {
        !self.in_air.is_empty()
    }

    /// Waits for the oldest of them. Cancel-safe; what comes of it is for [`Self::landed`].
    pub async fn landing(&mut self) -> Result<Committed, ApplyError> {
        match self.in_air.front_mut() {
            Some(oldest) => oldest.answered().await,
            None => std::future::pending().await,
        }
    }

    /// Takes note of the oldest, or writes it and all behind it anew where it was refused as sets.
    pub async fn landed(&mut self, answered: Result<Committed, ApplyError>) -> Result<(), ApplyError> {
        match answered {
            Ok(committed) => {
                self.in_air.pop_front();
                self.committed.push_back(committed);
                Ok(())
            }
            Err(ApplyError::Conflict(conflict)) => {
                self.learn_from(&conflict);
                self.write_anew().await
            }
            Err(ApplyError::Server { error, .. }) => Err(ApplyError::Server {
                error,
                during_commit: true,
            }),
            Err(error) => Err(error),
        }
    }

    /// Until nothing is in the air.
    pub(super) async fn land(&mut self) -> Result<(), ApplyError> {
        while self.is_in_air() {
            let answered = self.landing().await;
            self.landed(answered).await?;
        }
        Ok(())
    }

    async fn write_anew(&mut self) -> Result<(), ApplyError> {
        let mut in_air = std::mem::take(&mut self.in_air);
        let Some(mut refused) = in_air.pop_front() else {
            return Ok(());
        };
        refused.committing.answered().await?;
        let mut behind = Vec::with_capacity(in_air.len());
        for flight in in_air {
            behind.push(flight.given_up().await?);
        }
        let assembled = Assembled::all_serial(&refused.portion);
        self.write_alone(refused.portion, assembled).await?;
        for portion in behind {
            // Boxed: preparing settles what is in the air, which is nothing now.
            let assembled = Box::pin(self.assemble_prepared(&portion, false)).await?;
            self.write_alone(portion, assembled).await?;
        }
        Ok(())
    }

    /// To its end, before anything else is sent.
    async fn write_alone(&mut self, portion: Portion, assembled: Assembled) -> Result<(), ApplyError> {
        self.send(portion, assembled).await?;
        self.settle_under_way().await
    }
}
