//! Easing: while the stream is behind, writers are locked out for moments before the pause, so that it catches up.
//!
//! A busy application leaves a small machine little to decode and apply with, and the whole lag would be drained inside the
//! pause. Two short waits are kinder than a long one. The locks are the fence's; clients are not held, since a pooler that
//! holds them connects anew each time. Invariants: no moment is longer than [`MOMENT`] twice, for the locks and for the
//! stream; between two of them every client gets through; nothing is left behind, whenever it ends.

use std::time::{Duration, Instant};

use tokio::time::timeout;
use transhume_core::disposition::Disposition;
use transhume_pg::{
    connection::{error::PgError, session::Session},
    cutover::{fence::Fence, lock_order::LockOrder},
    follow::wal,
    state::frontier,
};
use transhume_wire::lsn::Lsn;

use super::Cutover;
use crate::error::{Doing, EngineError, Result};

/// So little WAL is drained within some ten milliseconds, even on two slow cores: not worth a moment of its own.
const LITTLE_LAG_BYTES: u64 = 512 << 10;
/// What an application barely notices, and well below a pause that drains it all.
const MOMENT: Duration = Duration::from_millis(120);
/// Between two moments: time for a transaction or two of every client, and for few to pile up again.
const BETWEEN: Duration = Duration::from_millis(30);
/// A second in all; a lag that is not gone by then is the gate's matter.
const MOMENTS: usize = 5;
/// Between two looks at the frontier while writers wait.
const LOOK_EVERY: Duration = Duration::from_millis(4);

/// What became of it.
pub(super) struct Eased {
    pub(super) session: Session,
    /// How long writers were locked out each time; milliseconds.
    pub(super) moments: Vec<f64>,
}

impl Cutover<'_> {
    /// `session` is the fence's and comes back without a transaction; `order` learns as it does from a try of the fence.
    pub(super) async fn ease(&self, mut session: Session, order: &mut LockOrder) -> Result<Eased> {
        let mut moments = Vec::new();
        let mut lag = self.lag().await?;
        while lag > LITTLE_LAG_BYTES && moments.len() < MOMENTS {
            let approach = match Fence::approach(session, order).await {
                Ok(approach) => approach,
                Err((back, error)) => return skipped(back, moments, error),
            };
            let began = Instant::now();
            let fence = match approach.raise(order, MOMENT).await {
                Ok(fence) => fence,
                Err((back, error)) => {
                    moments.push(milliseconds(began));
                    tokio::time::sleep(BETWEEN).await;
                    return skipped(back, moments, error);
                }
            };
            // A server that does not answer holds no writer up either.
            let caught_up = timeout(MOMENT, self.catch_up()).await;
            caught_up.unwrap_or(Ok(()))?;
            session = fence.lower().await.doing("letting writers go on")?;
            moments.push(milliseconds(began));
            tokio::time::sleep(BETWEEN).await;
            let before = std::mem::replace(&mut lag, self.lag().await?);
            if lag >= before {
                // What is behind is not what these writers write.
                break;
            }
        }
        Ok(Eased { session, moments })
    }

    /// Broken off by whoever lets writers wait for it.
    async fn catch_up(&self) -> Result<()> {
        let end = self.source_end().await?;
        while end.bytes_since(self.applied().await?) > LITTLE_LAG_BYTES {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// The source's WAL that the target has not applied, in bytes.
    pub(super) async fn lag(&self) -> Result<u64> {
        let end = self.source_end().await?;
        Ok(end.bytes_since(self.applied().await?))
    }

    async fn source_end(&self) -> Result<Lsn> {
        wal::flushed_end(&self.source)
            .await
            .doing("reading the source's WAL end")
    }

    async fn applied(&self) -> Result<Lsn> {
        frontier::read(&self.target)
            .await
            .doing("reading the applied LSN")
    }
}

/// Locks that were not to be had are the fence's to wait for.
fn skipped(session: Session, moments: Vec<f64>, error: PgError) -> Result<Eased> {
    if error.disposition() == Disposition::Retry {
        return Ok(Eased { session, moments });
    }
    Err(EngineError::Server {
        doing: "locking writers out for a moment".to_owned(),
        source: error,
    })
}

fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1_000.0
}
