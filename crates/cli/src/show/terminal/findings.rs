//! Findings as text: grouped by severity, what blocks first; at most a screenful unless all of it is asked for.

use std::fmt::Write;

use transhume_engine::{
    count::and_more,
    finding::{Finding, Severity},
};

use super::style::{Style, Tone};

/// How many findings of one code are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The first few, and how many more there are.
    Few,
    All,
}

impl Shown {
    pub(crate) fn all(all: bool) -> Self {
        if all { Self::All } else { Self::Few }
    }

    fn most(self) -> usize {
        match self {
            Self::Few => FEW,
            Self::All => usize::MAX,
        }
    }
}

/// Enough to see what they are about; five hundred tables without a key are one thing to know.
const FEW: usize = 5;

/// Columns of a line of codes: fits a terminal beside another window.
const WIDTH: usize = 100;

/// The list, grouped by severity and code, with a summary at the end.
pub(crate) fn report(findings: &[Finding], style: Style, shown: Shown) -> String {
    let mut text = String::new();
    for (severity, heading, tone) in [
        (Severity::Blocker, "Blockers", Tone::Bad),
        (Severity::Warning, "Warnings", Tone::Warning),
        (Severity::Pass, "In order", Tone::Good),
    ] {
        let mut group: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .collect();
        if group.is_empty() {
            continue;
        }
        push(&mut text, format_args!("{}\n", style.paint(tone, heading)));
        group.sort_by(|one, other| one.code.cmp(&other.code));
        if severity == Severity::Pass && shown == Shown::Few {
            push_checks(&mut text, &group, style);
            continue;
        }
        for of_code in group.chunk_by(|one, other| one.code == other.code) {
            push_code(&mut text, of_code, style, shown);
        }
        text.push('\n');
    }
    push(&mut text, format_args!("{}\n", summary(findings)));
    text
}

fn push_code(text: &mut String, findings: &[&Finding], style: Style, shown: Shown) {
    for finding in findings.iter().take(shown.most()) {
        text.push_str(&entry(finding, style));
    }
    let more = findings.len().saturating_sub(shown.most());
    if more > 0 {
        let code = style.paint(Tone::Label, &findings[0].code);
        push(
            text,
            format_args!("  {code}  {}; --all shows them\n", and_more(more)),
        );
    }
}

/// What is in order, by code alone: what each check found is nothing to act on.
fn push_checks(text: &mut String, passed: &[&Finding], style: Style) {
    let mut codes: Vec<&str> = passed.iter().map(|finding| finding.code.as_str()).collect();
    codes.dedup();
    let mut line = String::from(" ");
    for (index, code) in codes.iter().enumerate() {
        if line.len() + 1 + code.len() > WIDTH {
            push(text, format_args!("{}\n", style.paint(Tone::Faint, &line)));
            line = String::from(" ");
        }
        let comma = if index + 1 < codes.len() { "," } else { "" };
        push(&mut line, format_args!(" {code}{comma}"));
    }
    push(text, format_args!("{}\n", style.paint(Tone::Faint, &line)));
    text.push_str("  --all shows what each of them found\n\n");
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
  encoding
  --all shows what each of them found

1 blocker, 1 warning, 1 in order
";
        assert_eq!(report(&findings, Style::plain(), Shown::Few), expected);
        let all = report(&findings, Style::plain(), Shown::All);
        assert!(
            all.contains("In order\n  encoding  both sides are UTF8\n"),
            "{all}"
        );
    }

    #[test]
    fn what_is_in_order_takes_a_few_lines() {
        let codes = [
            "collation",
            "collation-versions",
            "collations-missing",
            "connections",
            "encoding",
            "event-triggers",
            "extension-versions",
            "extensions",
            "fail-over",
            "fallback",
            "foreign-tables",
            "inheritance",
            "large-objects",
            "lock-table",
            "long-transactions",
        ];
        let checks = codes.map(|code| Finding::pass(code, "nothing to say"));
        let text = report(&checks, Style::plain(), Shown::Few);
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(checks.iter().all(|check| text.contains(&check.code)), "{text}");
        assert_eq!(text.lines().count(), 7, "{text}");
    }

    #[test]
    fn findings_of_one_code_stand_together_and_five_of_them_are_shown() {
        let tables = (1..=7)
            .map(|table| Finding::warning("unlogged-tables", &format!("public.t{table}"), "it is", ""));
        let mut findings: Vec<Finding> = tables.collect();
        findings.insert(
            3,
            Finding::warning("inheritance", "public.parent", "it has children", ""),
        );
        let few = report(&findings, Style::plain(), Shown::Few);
        assert!(
            few.starts_with("Warnings\n  inheritance  public.parent\n"),
            "{few}"
        );
        assert!(few.contains("public.t5") && !few.contains("public.t6"), "{few}");
        assert!(
            few.contains("  unlogged-tables  and 2 more; --all shows them\n"),
            "{few}"
        );
        assert!(few.contains("0 blockers, 8 warnings"), "{few}");
        let all = report(&findings, Style::plain(), Shown::All);
        assert!(all.contains("public.t7") && !all.contains("more;"), "{all}");
    }
}
