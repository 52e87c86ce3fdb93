//! The report as Markdown: tables that also read well as plain text.

use std::fmt::Write;

use transhume_engine::cutover::CutoverReport;

use super::{facts, remaining, timeline, title, verdict};

pub(super) fn page(report: &CutoverReport) -> String {
    let mut text = format!("# {}\n\n{}\n\n", title(report), verdict(report));
    push(&mut text, format_args!("| | |\n|---|---|\n"));
    for (name, value) in facts(report) {
        push(&mut text, format_args!("| {name} | {} |\n", cell(&value)));
    }
    push(&mut text, format_args!("\n## The write pause\n\n"));
    push(
        &mut text,
        format_args!("| step | from ms | takes ms |\n|---|--:|--:|\n"),
    );
    for bar in timeline::bars(report) {
        push(
            &mut text,
            format_args!("| {} | {:.1} | {:.1} |\n", cell(bar.name), bar.from, bar.takes),
        );
    }
    push(
        &mut text,
        format_args!("\n## The gate\n\n| condition | state | evidence |\n|---|---|---|\n"),
    );
    for condition in &report.gate.conditions {
        let evidence = cell(&condition.evidence);
        push(
            &mut text,
            format_args!(
                "| {} | {} | {evidence} |\n",
                condition.name,
                condition.state.name()
            ),
        );
    }
    list(
        &mut text,
        "Findings",
        report
            .findings
            .iter()
            .map(|finding| format!("{} {}: {}", finding.code, finding.object, finding.message)),
    );
    list(
        &mut text,
        "Left out of the target's schema",
        report.left_out.iter().cloned(),
    );
    list(&mut text, "What remains to do", remaining(report).into_iter());
    text
}

fn list(text: &mut String, heading: &str, items: impl Iterator<Item = String>) {
    push(text, format_args!("\n## {heading}\n\n"));
    let mut is_empty = true;
    for item in items {
        is_empty = false;
        push(text, format_args!("- {}\n", item.replace('\n', " ")));
    }
    if is_empty {
        text.push_str("nothing\n");
    }
}

/// Names come from the source: none may break out of its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing into a string cannot fail");
}
