//! Findings by code, what blocks first, each with its whole remedy.

use ratatui::text::Line;
use transhume_engine::{
    count::and_more,
    finding::{Finding, Severity},
    status::FindingGroup,
};

use super::{
    super::model::WatchedDatabase,
    text::{Paint, cut, wrapped},
};
use crate::show::terminal::style::Tone;

/// Of one code; `status --all` has them all.
const SHOWN: usize = 20;

pub(super) fn lines(database: &WatchedDatabase, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let Some(status) = &database.status else {
        return Vec::new();
    };
    if status.finding_groups.is_empty() {
        return vec![paint.line(Tone::Good, "Nothing is open.")];
    }
    let back = status.way_back.iter().filter_map(|back| back.stream.as_deref());
    let mut lines = Vec::new();
    for status in std::iter::once(&**status).chain(back) {
        for group in &status.finding_groups {
            lines.extend(of_group(&status.findings, group, paint, columns));
        }
    }
    lines
}

fn of_group(findings: &[Finding], group: &FindingGroup, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let tone = match group.severity {
        Severity::Blocker => Tone::Bad,
        Severity::Warning => Tone::Warning,
        Severity::Pass => Tone::Good,
    };
    let times = match group.count {
        1 => String::new(),
        count => format!(" × {count}"),
    };
    let heading = format!("{}: {}{times}", group.severity.name(), group.code);
    let mut lines = vec![paint.line(tone, &cut(&heading, columns))];
    let of_code = |finding: &&Finding| finding.code == group.code && finding.severity == group.severity;
    for finding in findings.iter().filter(of_code).take(SHOWN) {
        lines.extend(of_finding(finding, paint, columns));
    }
    if group.count > SHOWN {
        let more = format!("  {}: transhume status --all", and_more(group.count - SHOWN));
        lines.push(paint.line(Tone::Faint, &cut(&more, columns)));
    }
    lines.push(Line::default());
    lines
}

fn of_finding(finding: &Finding, paint: Paint, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if !finding.object.is_empty() {
        lines.push(paint.line(Tone::Label, &cut(&format!("  {}", finding.object), columns)));
    }
    for line in wrapped(&finding.message, columns.saturating_sub(2)) {
        lines.push(paint.line(Tone::Plain, &format!("  {line}")));
    }
    if !finding.remedy.is_empty() {
        for (index, line) in wrapped(&finding.remedy, columns.saturating_sub(4))
            .iter()
            .enumerate()
        {
            let before = if index == 0 { "  > " } else { "    " };
            lines.push(paint.line(tone_of_remedy(finding), &format!("{before}{line}")));
        }
    }
    lines
}

/// What only informs asks for nothing.
fn tone_of_remedy(finding: &Finding) -> Tone {
    match finding.severity {
        Severity::Blocker => Tone::Warning,
        _ => Tone::Plain,
    }
}
