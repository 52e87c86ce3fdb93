//! The report as one HTML page with the pause drawn.

use maud::{Markup, html};
use transhume_engine::cutover::{ConditionState, CutoverReport};

use super::{facts, page::whole, remaining, timeline, title, verdict};

pub(super) fn page(report: &CutoverReport) -> String {
    let content = html! {
        h1 { (title(report)) }
        p class=(if is_good(report) { "verdict" } else { "verdict bad" }) { (verdict(report)) }
        @if report.unfinished.is_none() { (timeline::drawing(report)) }
        table class="facts" {
            @for (name, value) in facts(report) {
                tr { th { (name) } td { (value) } }
            }
        }
        (gate(report))
        (list("Findings", report.findings.iter().map(|finding| {
            format!("{} {}: {}", finding.code, finding.object, finding.message)
        })))
        (list("Left out of the target’s schema", report.left_out.iter().cloned()))
        (list("What remains to do", remaining(report).into_iter()))
    };
    whole(&title(report), &content)
}

fn is_good(report: &CutoverReport) -> bool {
    report.late_changes == 0 && report.unfinished.is_none()
}

fn gate(report: &CutoverReport) -> Markup {
    html! {
        h2 { "Checks" }
        table {
            tr { th { "condition" } th { "state" } th { "evidence" } }
            @for condition in &report.gate.conditions {
                tr {
                    td { (condition.name.name()) }
                    td class=(class(condition.state)) { (condition.state.name()) }
                    td { (condition.evidence) }
                }
            }
        }
    }
}

fn class(state: ConditionState) -> &'static str {
    match state {
        ConditionState::Met => "good",
        ConditionState::Degraded => "warning",
        ConditionState::Unmet | ConditionState::Overridden => "bad",
    }
}

fn list(heading: &str, items: impl Iterator<Item = String>) -> Markup {
    let items: Vec<String> = items.collect();
    html! {
        h2 { (heading) }
        @if items.is_empty() {
            p { "nothing" }
        } @else {
            ul { @for item in items { li { (item) } } }
        }
    }
}
