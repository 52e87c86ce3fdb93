//! Findings by code, what blocks first, each remedy ready to be copied.

use axum::response::Response;
use maud::{Markup, html};
use transhume_engine::{
    finding::Finding,
    status::{FindingGroup, Status},
};

use super::{
    request::PageRequest,
    words::{remedy, tone},
};
use crate::tab::Tab;

/// Of one code; the JSON has them all.
const SHOWN: usize = 200;

pub(in super::super) async fn page(request: PageRequest) -> Response {
    let status = request.database().status().await;
    request.answer(Tab::Findings, status.map(|status| middle(&status)))
}

fn middle(status: &Status) -> Markup {
    html! {
        section {
            h1 { "Findings" }
            @if status.finding_groups.is_empty() { p { "Nothing is open." } }
            @for group in &status.finding_groups { (of_code(status, group)) }
        }
    }
}

fn of_code(status: &Status, group: &FindingGroup) -> Markup {
    let findings: Vec<&Finding> = status
        .findings
        .iter()
        .filter(|finding| finding.code == group.code && finding.severity == group.severity)
        .collect();
    html! {
        article class=(format!("finding {}", tone(group.severity))) {
            h2 {
                span class=(format!("badge {}", tone(group.severity))) { (group.severity.name()) }
                " " code { (group.code) }
                @if group.count > 1 { " × " (group.count) }
            }
            @if let [only] = findings.as_slice() {
                (entry(only))
            } @else {
                details id=(format!("{}-{}", group.severity.name(), group.code)) open[findings.len() <= 3] {
                    summary { (group.message) }
                    @for finding in findings.iter().take(SHOWN) { (entry(finding)) }
                    @if findings.len() > SHOWN { p { "and " (findings.len() - SHOWN) " more: "
                        code { "transhume status --all" } } }
                }
            }
        }
    }
}

fn entry(finding: &Finding) -> Markup {
    html! {
        div class="entry" {
            @if !finding.object.is_empty() { h3 { (finding.object) } }
            p { (finding.message) }
            @if !finding.remedy.is_empty() { (remedy(&finding.remedy)) }
        }
    }
}
