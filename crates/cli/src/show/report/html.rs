//! The report as one HTML page with the pause drawn.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use transhume_engine::{
    cutover::{ConditionState, CutoverReport},
    printable::escape_hidden,
};

use super::{STYLE, facts, remaining, timeline, title, verdict};

pub(super) fn page(report: &CutoverReport) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title(report)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
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
            }
        }
    }
    .into_string();
    // What names hide is shown: the page itself has nothing to hide.
    escape_hidden(&page)
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
