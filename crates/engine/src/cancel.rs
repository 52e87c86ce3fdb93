//! The one way to ask running work to stop in order.
//!
//! Dropping the [`Canceller`] also cancels, so a front end that dies takes its work with it.

use std::time::Duration;

use tokio::sync::watch;

use crate::error::{EngineError, Result};

/// Held by the front end: asks everything that holds the [`Cancellation`] to stop.
#[derive(Debug)]
pub struct Canceller(watch::Sender<bool>);

/// Held by running work; cheap to clone.
#[derive(Debug, Clone)]
pub struct Cancellation(watch::Receiver<bool>);

pub fn cancellation() -> (Canceller, Cancellation) {
    let (sender, receiver) = watch::channel(false);
    (Canceller(sender), Cancellation(receiver))
}

impl Canceller {
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl Cancellation {
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Returns once cancelled. Cancel-safe.
    pub async fn cancelled(&self) {
        let mut receiver = self.0.clone();
        // An error means that the canceller is gone, which is a cancellation too.
        let _ = receiver.wait_for(|cancelled| *cancelled).await;
    }

    /// The rest between two looks; an error once cancelled.
    pub(crate) async fn rest(&self, time: Duration) -> Result<()> {
        tokio::select! {
            () = self.cancelled() => Err(EngineError::Interrupted),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }
}
