//! The rhythm of the samples that curves are drawn from, whatever phase the runner is in.
//!
//! Sampling steers nothing: it is one small row each time, in the session that reports progress anyway.

use std::time::{Duration, Instant};

use transhume_core::follow::latency::{Latency, PositionHistory};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    state::{apply::RunnerProgress, sample},
};
use transhume_wire::lsn::Lsn;

/// Fine enough for a curve of an hour, and 720 rows of it.
const EVERY: Duration = Duration::from_secs(5);

pub(crate) struct Sampler {
    began: Instant,
    positions: PositionHistory,
    sampled: Option<Instant>,
}

impl Sampler {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            positions: PositionHistory::default(),
            sampled: None,
        }
    }

    /// Latency is known from positions: each look remembers one, some write a sample.
    pub(crate) async fn following(
        &mut self,
        target: &Session,
        runner: &RunnerProgress,
        applied: Lsn,
    ) -> Result<(), PgError> {
        let now = self.began.elapsed();
        self.positions.observe(now, runner.source_wal_end);
        if !self.is_due() {
            return Ok(());
        }
        let Latency { receive, apply } = self.positions.latency(now, runner.received, applied);
        sample::add(target, Some((receive.as_secs_f64(), apply.as_secs_f64()))).await
    }

    /// While nothing is followed yet.
    pub(crate) async fn loading(&mut self, target: &Session) -> Result<(), PgError> {
        if self.is_due() {
            sample::add(target, None).await?;
        }
        Ok(())
    }

    fn is_due(&mut self) -> bool {
        let is_due = self.sampled.is_none_or(|at| at.elapsed() >= EVERY);
        if is_due {
            self.sampled = Some(Instant::now());
        }
        is_due
    }
}
