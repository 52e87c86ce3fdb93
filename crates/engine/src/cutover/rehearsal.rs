//! The end of a rehearsal: all was done but the last step.

use std::time::Instant;

use super::{
    Cutover, CutoverReport, Gate,
    application::Application,
    pause::{Drained, Prepared},
};
use crate::error::{Doing, Result};

/// Commits that a rehearsal leaves out, and ending sessions, which takes about as long as one.
const COMMITS_LEFT: f64 = 4.0;

impl Cutover<'_> {
    /// All was done but the last step: undone at once, and what the last step would add is estimated.
    pub(super) async fn end_rehearsal(
        &mut self,
        gate: Gate,
        mut prepared: Prepared,
        mut drained: Drained,
        application: &mut Application,
    ) -> Result<CutoverReport> {
        transhume_pg::opening::roll_back(&self.target)
            .await
            .doing("rolling back on the target")?;
        drained.fence.lower().await.doing("lowering the fence")?;
        application.release().await?;
        drained.stopwatch.step("undone");
        let measured = drained.stopwatch.total_milliseconds();
        let began = Instant::now();
        let (large_objects_changed, not_compared) = prepared
            .large_objects
            .complete(self.options.drain_timeout)
            .await?;
        let steps = drained.stopwatch.into_steps();
        // Closing is two commits on the source and ending sessions, opening one on the target.
        let commit = steps
            .iter()
            .find(|step| step.name.starts_with("marker"))
            .map_or(0.0, |step| step.milliseconds);
        let report = CutoverReport {
            fence_lsn: drained.fence_lsn,
            rehearsal: true,
            write_pause_milliseconds: measured,
            forecast_milliseconds: Some(
                measured + COMMITS_LEFT * commit + began.elapsed().as_secs_f64() * 1_000.0,
            ),
            steps,
            fence_attempts: drained.attempts,
            eased_milliseconds: drained.eased,
            earlier_tries_milliseconds: drained.earlier_tries,
            sequences_set: drained.sequences_set,
            large_objects_changed,
            findings: not_compared.into_iter().collect(),
            ..self.empty_report(gate)
        };
        self.record(&report).await?;
        Ok(report)
    }
}
