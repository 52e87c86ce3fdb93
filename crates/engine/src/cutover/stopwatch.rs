//! Measures the pause step by step.

use std::time::{Duration, Instant};

use transhume_core::cutover::write_pause::PauseStep;

use super::Step;

pub(super) struct Stopwatch {
    start: Instant,
    last: Instant,
    steps: Vec<Step>,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        let now = Instant::now();
        Self {
            start: now,
            last: now,
            steps: Vec::new(),
        }
    }

    /// What was done since the last step, under this name.
    pub(super) fn step(&mut self, name: PauseStep) {
        let now = Instant::now();
        self.steps.push(Step {
            name,
            milliseconds: (now - self.last).as_secs_f64() * 1_000.0,
        });
        self.last = now;
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Up to the last step.
    pub(super) fn total_milliseconds(&self) -> f64 {
        (self.last - self.start).as_secs_f64() * 1_000.0
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}
