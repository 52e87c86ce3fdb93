//! How findings close: a pass where nothing was found.

use crate::finding::Finding;

/// The findings, or a pass where there are none.
pub(super) fn or_pass(findings: Vec<Finding>, code: &str, message: impl Into<String>) -> Vec<Finding> {
    if findings.is_empty() {
        vec![Finding::pass(code, message)]
    } else {
        findings
    }
}
