//! The pause of a report as bars.

use maud::Markup;
use transhume_engine::cutover::CutoverReport;

use super::bars::{self, Bar};

pub(super) fn bars(report: &CutoverReport) -> Vec<Bar<'_>> {
    let steps = report.steps.iter();
    bars::bars(steps.map(|step| (step.name.name(), step.milliseconds)))
}

pub(super) fn drawing(report: &CutoverReport) -> Markup {
    let steps = report.steps.iter();
    let steps: Vec<(String, f64)> = steps
        .map(|step| (step.name.name().to_owned(), step.milliseconds))
        .collect();
    bars::drawing(&steps)
}
