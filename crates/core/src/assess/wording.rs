//! How findings list and close: a few names and a count, a pass where nothing was found.

use std::fmt::Display;

use crate::finding::Finding;

/// Names shown before the rest is only counted: a line of a terminal holds about as many.
const SHOWN: usize = 5;

/// `a, b, c and 7 more`.
pub(super) fn listed<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `1 table`, `3 tables`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// The findings, or a pass where there are none.
pub(super) fn or_pass(findings: Vec<Finding>, code: &str, message: impl Into<String>) -> Vec<Finding> {
    if findings.is_empty() {
        vec![Finding::pass(code, message)]
    } else {
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(["a", "b"]), "a, b");
        assert_eq!(listed(1..=7), "1, 2, 3, 4, 5 and 2 more");
        assert_eq!(counted(1, "table"), "1 table");
    }
}
