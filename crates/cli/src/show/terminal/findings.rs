//! Findings as text: grouped by severity, what blocks first.

use std::fmt::Write;

use transhume_engine::finding::{Finding, Severity};

use super::style::{Style, Tone};

/// The whole list with a summary at the end.
pub(crate) fn report(findings: &[Finding], style: Style) -> String {
    let mut text = String::new();
    for (severity, heading, tone) in [
        (Severity::Blocker, "Blockers", Tone::Bad),
        (Severity::Warning, "Warnings", Tone::Warning),
        (Severity::Pass, "In order", Tone::Good),
    ] {
        let group: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .collect();
        if group.is_empty() {
            continue;
        }
        push(&mut text, format_args!("{}\n", style.paint(tone, heading)));
        for finding in group {
            text.push_str(&entry(finding, style));
        }
        text.push('\n');
    }
    push(&mut text, format_args!("{}\n", summary(findings)));
    text
}

/// `2 blockers, 1 warning, 12 in order`.
pub(crate) fn summary(findings: &[Finding]) -> String {
    let count = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let plural = |number| if number == 1 { "" } else { "s" };
    let (blockers, warnings) = (count(Severity::Blocker), count(Severity::Warning));
    format!(
        "{blockers} blocker{}, {warnings} warning{}, {} in order",
        plural(blockers),
        plural(warnings),
        count(Severity::Pass)
    )
}

/// One finding for stderr, where there is no list around it.
pub(crate) fn line(finding: &Finding) -> String {
    format!(
        "{}: {}",
        finding.severity.name(),
        entry(finding, Style::plain()).trim_start()
    )
}

fn entry(finding: &Finding, style: Style) -> String {
    let code = style.paint(Tone::Label, &finding.code);
    let object = match finding.object.as_str() {
        "" => String::new(),
        object => format!("  {object}"),
    };
    if finding.severity == Severity::Pass {
        let message = style.paint(Tone::Faint, &finding.message);
        return format!("  {code}{object}  {message}\n");
    }
    let mut text = format!("  {code}{object}\n      {}\n", indented(&finding.message));
    if !finding.remedy.is_empty() {
        push(
            &mut text,
            format_args!("      remedy: {}\n", indented(&finding.remedy)),
        );
    }
    text
}

/// Later lines stand under the first one.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n      ")
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("writing into a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_blocks_comes_first_with_its_remedy_below() {
        let findings = [
            Finding::pass("encoding", "both sides are UTF8"),
            Finding::warning("unlogged-tables", "public.cache", "the table is unlogged", ""),
            Finding::blocker(
                "wal-level",
                "source",
                "wal_level is replica",
                "alter system set …;\n-- restart",
            ),
        ];
        let expected = "\
Blockers
  wal-level  source
      wal_level is replica
      remedy: alter system set …;
      -- restart

Warnings
  unlogged-tables  public.cache
      the table is unlogged

In order
  encoding  both sides are UTF8

1 blocker, 1 warning, 1 in order
";
        assert_eq!(report(&findings, Style::plain()), expected);
    }
}
