//! Waiting between attempts: longer each time, never past a cancellation.
//!
//! Owns the one policy by which load and follow try again what passes by itself. Refuses to give up: what does not pass is
//! for the caller to tell by the error's disposition.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use transhume_core::disposition::Disposition;
use transhume_pg::connection::error::PgError;

use crate::{
    cancel::Cancellation,
    error::{Doing, EngineError, Result},
    report::Reporter,
};

/// First wait after a failure: short, since most pass at once.
const FIRST_FAILURE_WAIT: Duration = Duration::from_millis(100);
/// Longest wait, which chance at most doubles: a server that is back is found within six seconds.
pub(crate) const LONGEST_FAILURE_WAIT: Duration = Duration::from_secs(3);

/// First look again for work that other processes hold; those of our own tell us.
const FIRST_IDLE_WAIT: Duration = Duration::from_millis(100);
/// Longest: an index that others build may take hours, but what waits for it should not wait longer.
const LONGEST_IDLE_WAIT: Duration = Duration::from_millis(500);

/// A row of waits that starts anew after every success.
#[derive(Debug)]
pub(crate) struct BackOff {
    builder: ExponentialBuilder,
    waits: ExponentialBackoff,
    longest: Duration,
}

impl BackOff {
    pub(crate) fn for_failures() -> Self {
        // By chance, so that workers that failed together do not come back together.
        Self::new(
            growing(FIRST_FAILURE_WAIT, LONGEST_FAILURE_WAIT).with_jitter(),
            LONGEST_FAILURE_WAIT,
        )
    }

    pub(crate) fn for_idleness() -> Self {
        Self::new(growing(FIRST_IDLE_WAIT, LONGEST_IDLE_WAIT), LONGEST_IDLE_WAIT)
    }

    fn new(builder: ExponentialBuilder, longest: Duration) -> Self {
        Self {
            waits: builder.build(),
            builder,
            longest,
        }
    }

    pub(crate) fn succeeded(&mut self) {
        self.waits = self.builder.build();
    }

    pub(crate) async fn wait(&mut self, cancellation: &Cancellation) -> Result<()> {
        self.wait_by(cancellation, tokio::time::sleep).await
    }

    /// As [`Self::wait`], in a way that takes the given time or less.
    pub(crate) async fn wait_by<F: Future<Output = ()>>(
        &mut self,
        cancellation: &Cancellation,
        way: impl FnOnce(Duration) -> F,
    ) -> Result<()> {
        let wait = self.waits.next().unwrap_or(self.longest);
        tokio::select! {
            () = cancellation.cancelled() => Err(EngineError::Interrupted),
            () = way(wait) => Ok(()),
        }
    }
}

fn growing(first: Duration, longest: Duration) -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(first)
        .with_max_delay(longest)
        .without_max_times()
}

/// Tries until it succeeds or fails for a lasting reason.
pub(crate) async fn persist<T, F>(
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
        back_off.wait(cancellation).await?;
    }
}
