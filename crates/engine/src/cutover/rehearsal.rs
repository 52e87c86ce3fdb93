//! The end of a rehearsal: all was done but the last step.

use std::time::{Duration, Instant};

use transhume_core::cutover::write_pause::{Forecast, PauseStep, Rehearsed};

use super::{
    Cutover, CutoverReport, Gate, Step,
    application::Application,
    pause::{Drained, Prepared},
};
use crate::{
    cutover::write_pause,
    error::{Doing, Result},
};

impl Cutover<'_> {
    /// All was done but the last step: undone at once, and what the last step would add is estimated.
    pub(super) async fn end_rehearsal(
        &mut self,
        gate: Gate,
        mut prepared: Prepared,
        drained: Drained,
        application: &mut Application,
    ) -> Result<CutoverReport> {
        transhume_pg::cutover::opening::roll_back(&self.target)
            .await
            .doing("rolling back on the target")?;
        drained.fence.lower().await.doing("lowering the fence")?;
        application.release().await?;
        drained.stopwatch.step(PauseStep::Undone);
        let measured = drained.stopwatch.total_milliseconds();
        let began = Instant::now();
        let (large_objects_changed, not_compared) = prepared
            .large_objects
            .complete(self.options.drain_timeout)
            .await?;
        let large_objects = began.elapsed();
        let steps = drained.stopwatch.into_steps();
        let forecast = self.forecast(&steps, large_objects).await?;
        let report = CutoverReport {
            fence_lsn: drained.fence_lsn,
            rehearsal: true,
            write_pause_milliseconds: measured,
            forecast_milliseconds: Some(forecast.milliseconds),
            forecast_parts: forecast.parts,
            steps,
            fence_attempts: drained.attempts,
            eased_milliseconds: drained.eased,
            earlier_tries_milliseconds: drained.earlier_tries,
            sequences_set: drained.sequences.set,
            large_objects_changed,
            findings: not_compared
                .into_iter()
                .chain(drained.sequences.near_end)
                .collect(),
            ..self.empty_report(gate)
        };
        self.record(&report).await?;
        Ok(report)
    }

    /// What the steps say of a cutover that goes to its end: the lag has just been drained.
    async fn forecast(&self, steps: &[Step], large_objects: Duration) -> Result<Forecast> {
        let measured = steps.iter().map(|step| (step.name, step.milliseconds));
        let outside = (PauseStep::LargeObjects, large_objects.as_secs_f64() * 1_000.0);
        let rehearsed = Rehearsed {
            steps: measured.chain([outside]).collect(),
        };
        write_pause::of_rehearsal(&self.target, &rehearsed).await
    }
}
