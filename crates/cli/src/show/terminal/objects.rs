//! The comparison of objects for people: what must be acted upon first, what differs on purpose and
//! what was not compared last.

use transhume_engine::{count::counted, finding::Finding, verify::ObjectComparison};

use super::{
    findings::{self, Shown},
    style::{Style, Tone},
};

/// Kinds named in the line of what was compared; the rest is counted together.
const MOST_KINDS: usize = 6;

/// Findings named where there is no room for their texts.
const MOST_NAMED: usize = 5;

pub(crate) fn text(comparison: &ObjectComparison, style: Style, shown: Shown) -> String {
    let mut lines = vec![headline(comparison, style)];
    if !comparison.findings.is_empty() {
        let report = findings::report(&comparison.findings, style, shown);
        lines.extend([String::new(), report.trim_end().to_owned()]);
    }
    if !comparison.deliberate.is_empty() {
        lines.extend([String::new(), style.paint(Tone::Label, "Different on purpose")]);
        let reasons = comparison.deliberate.iter();
        lines.extend(reasons.map(|(reason, often)| format!("  {often} {reason}")));
    }
    lines.extend([String::new(), style.paint(Tone::Label, "Not compared")]);
    lines.extend(comparison.not_compared.iter().map(not_compared));
    lines.join("\n") + "\n"
}

/// Findings by their names alone, a line each; empty without any.
pub(crate) fn named(comparison: &ObjectComparison) -> String {
    let lines: Vec<String> = comparison
        .findings
        .iter()
        .take(MOST_NAMED)
        .map(|finding| format!("    {}  {}", finding.code, finding.object))
        .collect();
    lines.join("\n")
}

fn not_compared(finding: &Finding) -> String {
    match finding.object.as_str() {
        "" => format!("  {}", finding.message),
        object => format!("  {object}: {}", finding.message),
    }
}

/// `412 objects compared (180 columns, 96 indexes, …): all agree`
pub(crate) fn headline(comparison: &ObjectComparison, style: Style) -> String {
    let all: usize = comparison.compared.values().sum();
    let mut kinds: Vec<(&String, &usize)> = comparison.compared.iter().collect();
    kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), *kind));
    let mut named: Vec<String> = kinds
        .iter()
        .take(MOST_KINDS)
        .map(|(kind, count)| counted(**count, kind))
        .collect();
    if kinds.len() > MOST_KINDS {
        named.push("…".to_owned());
    }
    let result = match (comparison.blockers(), comparison.findings.len()) {
        (0, 0) => style.paint(Tone::Good, "all agree"),
        (0, warnings) => style.paint(Tone::Warning, &counted(warnings, "warning")),
        (blockers, all) => style.paint(
            Tone::Bad,
            &format!(
                "{}, {}",
                counted(blockers, "blocker"),
                counted(all - blockers, "warning")
            ),
        ),
    };
    format!(
        "{} compared ({}): {result}",
        counted(all, "object"),
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_must_be_acted_upon_comes_before_the_rest() {
        let comparison = ObjectComparison {
            compared: BTreeMap::from([("index".to_owned(), 2), ("table".to_owned(), 1)]),
            findings: vec![
                Finding::warning("different-table", "table shop.a", "owner: x", "ALTER"),
                Finding::blocker("missing-index", "index shop.b", "it is missing", "CREATE"),
            ],
            deliberate: BTreeMap::from([("triggers are disabled".to_owned(), 3)]),
            not_compared: vec![Finding::warning("not-compared", "roles", "not here", "")],
            seconds: 0.1,
        };
        let expected = "\
3 objects compared (2 indexes, 1 table): 1 blocker, 1 warning

Blockers
  missing-index  index shop.b
      it is missing
      remedy: CREATE

Warnings
  different-table  table shop.a
      owner: x
      remedy: ALTER

1 blocker, 1 warning, 0 in order

Different on purpose
  3 triggers are disabled

Not compared
  roles: not here
";
        assert_eq!(text(&comparison, Style::plain(), Shown::Few), expected);
    }
}
