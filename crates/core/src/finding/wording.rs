//! What words a finding: its constructors, the only way to one.
//!
//! The words themselves stand where a thing is judged: what the servers have in `assess`, the checks of a cutover in
//! `cutover/gate`, definitions in `verify/objects`, changes of the schema in `guard`, roles in `roles`; what a step of the work
//! meets, in that step's file of the engine. Invariant: a code that is not in the list panics in a debug build.

use super::{Finding, Remedy, Severity, codes};

impl Finding {
    pub fn pass(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Pass, "", message, "")
    }

    pub fn warning(code: &str, object: &str, message: impl Into<String>, remedy: impl Into<Remedy>) -> Self {
        Self::new(code, Severity::Warning, object, message, remedy)
    }

    pub fn blocker(code: &str, object: &str, message: impl Into<String>, remedy: impl Into<Remedy>) -> Self {
        Self::new(code, Severity::Blocker, object, message, remedy)
    }

    /// The findings, or a pass where there are none.
    pub fn or_pass(findings: Vec<Self>, code: &str, message: impl Into<String>) -> Vec<Self> {
        if findings.is_empty() {
            vec![Self::pass(code, message)]
        } else {
            findings
        }
    }

    fn new(
        code: &str,
        severity: Severity,
        object: &str,
        message: impl Into<String>,
        remedy: impl Into<Remedy>,
    ) -> Self {
        debug_assert!(
            codes::find(code).is_some(),
            "the finding code {code:?} is not in core's finding/codes.rs: add it there"
        );
        Self {
            code: code.to_owned(),
            severity,
            object: object.to_owned(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}
