//! Waiting between attempts: longer each time, never past a cancellation.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use transhume_core::disposition::Disposition;
use transhume_pg::connection::error::PgError;

use crate::{
    cancel::Cancellation,
    error::{Doing, EngineError, Result},
    report::Reporter,
};

/// First wait after a failure that passes by itself.
const FIRST_FAILURE_WAIT: Duration = Duration::from_millis(200);
/// Longest wait: a restarted server is found within this.
const LONGEST_FAILURE_WAIT: Duration = Duration::from_secs(10);

/// First look again for work that other processes hold; those of our own tell us.
const FIRST_IDLE_WAIT: Duration = Duration::from_millis(100);
/// Longest: an index that others build may take hours, but what waits for it should not wait longer.
const LONGEST_IDLE_WAIT: Duration = Duration::from_millis(500);

/// A row of waits that starts anew after every success.
#[derive(Debug)]
pub(super) struct BackOff {
    builder: ExponentialBuilder,
    waits: ExponentialBackoff,
}

impl BackOff {
    pub(super) fn for_failures() -> Self {
        Self::new(
            ExponentialBuilder::default()
                .with_min_delay(FIRST_FAILURE_WAIT)
                .with_max_delay(LONGEST_FAILURE_WAIT)
                .without_max_times()
                .with_jitter(),
        )
    }

    pub(super) fn for_idleness() -> Self {
        Self::new(
            ExponentialBuilder::default()
                .with_min_delay(FIRST_IDLE_WAIT)
                .with_max_delay(LONGEST_IDLE_WAIT)
                .without_max_times(),
        )
    }

    /// Between tries to read tables under another snapshot.
    pub(super) fn for_snapshots() -> Self {
        Self::new(
            ExponentialBuilder::default()
                .with_min_delay(FIRST_IDLE_WAIT)
                .with_max_delay(LONGEST_FAILURE_WAIT)
                .without_max_times()
                .with_jitter(),
        )
    }

    fn new(builder: ExponentialBuilder) -> Self {
        Self {
            waits: builder.build(),
            builder,
        }
    }

    pub(super) fn succeeded(&mut self) {
        self.waits = self.builder.build();
    }

    /// Waits; false when the patience is used up.
    pub(super) async fn wait(&mut self, cancellation: &Cancellation) -> Result<bool> {
        self.wait_by(cancellation, tokio::time::sleep).await
    }

    /// As [`Self::wait`], in a way that takes the given time or less.
    pub(super) async fn wait_by<F: Future<Output = ()>>(
        &mut self,
        cancellation: &Cancellation,
        way: impl FnOnce(Duration) -> F,
    ) -> Result<bool> {
        let Some(wait) = self.waits.next() else {
            return Ok(false);
        };
        tokio::select! {
            () = cancellation.cancelled() => Err(EngineError::Interrupted),
            () = way(wait) => Ok(true),
        }
    }
}

/// Tries until it succeeds, fails for a lasting reason, or patience ends.
pub(super) async fn persist<T, F>(
    what: &str,
    reporter: &Reporter,
    cancellation: &Cancellation,
    mut attempt: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = std::result::Result<T, PgError>>,
{
    let mut back_off = BackOff::for_failures();
    loop {
        let error = match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if error.disposition() != Disposition::Retry {
            return Err(error).doing(what);
        }
        reporter.waiting(format!("{what}: {error}; trying again"));
        if !back_off.wait(cancellation).await? {
            return Err(error).doing(what);
        }
    }
}
