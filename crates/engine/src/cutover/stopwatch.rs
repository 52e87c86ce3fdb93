//! Measures the pause step by step, and ends it where it becomes too long.
//!
//! Clones are the same stopwatch: who breaks work off still tells how far it came.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use tokio::time::timeout;
use transhume_core::cutover::write_pause::PauseStep;

use super::Step;
use crate::error::{EngineError, Result};

#[derive(Debug, Clone)]
pub(super) struct Stopwatch {
    start: Instant,
    steps: Arc<Mutex<Steps>>,
}

#[derive(Debug)]
struct Steps {
    last: Instant,
    done: Vec<Step>,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        let now = Instant::now();
        let steps = Steps {
            last: now,
            done: Vec::new(),
        };
        Self {
            start: now,
            steps: Arc::new(Mutex::new(steps)),
        }
    }

    /// What was done since the last step, under this name.
    pub(super) fn step(&self, name: PauseStep) {
        let now = Instant::now();
        let mut steps = self.steps();
        let milliseconds = (now - steps.last).as_secs_f64() * 1_000.0;
        steps.done.push(Step { name, milliseconds });
        steps.last = now;
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Up to the last step.
    pub(super) fn total_milliseconds(&self) -> f64 {
        (self.steps().last - self.start).as_secs_f64() * 1_000.0
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps().done.clone()
    }

    /// Does some of the pause's work, which is broken off where the pause reaches its limit.
    pub(super) async fn within<T>(&self, most: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
        let left = most.saturating_sub(self.elapsed());
        timeout(left, work)
            .await
            .unwrap_or_else(|_| Err(self.too_long(most)))
    }

    /// Where the time went.
    fn too_long(&self, most: Duration) -> EngineError {
        let steps = self.steps();
        let spent = steps
            .done
            .iter()
            .map(|step| format!("{}: {:.0} ms", step.name.short(), step.milliseconds));
        let last = steps.done.last().map(|step| step.name);
        let next = PauseStep::ALL
            .into_iter()
            .find(|step| last.is_none_or(|last| *step > last));
        let waited = steps.last.elapsed().as_secs_f64();
        let pending = next.map_or_else(String::new, |step| {
            format!("{}: not done after {waited:.1} s", step.short())
        });
        let spent: Vec<String> = spent.chain([pending]).collect();
        EngineError::stopped(
            format!(
                "the write pause has reached its limit of {} s and is undone",
                most.as_secs_f64()
            ),
            format!("The time went to {}.", spent.join(", ")),
            "look at the server that the last step waits for (disk, locks, synchronous standbys), then cut over again; a \
             longer pause is allowed with --max-pause",
        )
    }

    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.steps.lock().expect("nothing panics with it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pause_that_is_too_long_says_where_the_time_went() {
        let stopwatch = Stopwatch::start();
        stopwatch.step(PauseStep::Fence);
        stopwatch.step(PauseStep::Marker);
        let most = Duration::from_millis(20);
        let fine = stopwatch.within(most, async { Ok(1) }).await;
        assert_eq!(fine.unwrap(), 1);
        let error = stopwatch
            .within(most, std::future::pending::<Result<()>>())
            .await
            .unwrap_err();
        let detail = error.detail().unwrap();
        assert!(error.to_string().contains("limit of 0.02 s"), "{error}");
        assert!(
            detail.contains("locks: ") && detail.contains("marker: ") && detail.contains("drain: not done"),
            "{detail}"
        );
    }
}
