//! The assessment: what was observed on both ends in, findings out.
//!
//! Each file beside this one judges one area; each check says `pass` too, so that a reader sees what
//! was looked at. Codes are stable. Pure: what is not in [`Observed`] does not count.

mod activity;
pub mod capability;
pub mod catalog;
mod collation;
mod extension;
pub mod fallback;
#[cfg(test)]
pub(crate) mod fixture;
pub mod forecast;
pub mod identity;
mod limit;
pub mod minor;
mod object;
pub mod observation;
pub mod parameter;
pub mod platform;
pub mod recorded;
pub mod release;
mod right;
mod selected;
mod server;
mod table_trait;
mod target;
mod tool;
mod tree;

use std::cmp::Reverse;

use observation::Observed;

use crate::finding::{Finding, Severity, codes};

const CHECKS: [fn(&Observed) -> Vec<Finding>; 18] = [
    selected::check,
    platform::check,
    server::check,
    minor::check,
    limit::check,
    activity::check,
    right::check,
    identity::check,
    table_trait::check,
    tree::check,
    object::check,
    extension::check,
    release::check,
    collation::check,
    parameter::check,
    target::check,
    tool::check,
    way_back,
];

/// Every finding: blockers first, then warnings, then passes.
pub fn findings(observed: &Observed) -> Vec<Finding> {
    let mut findings: Vec<_> = CHECKS.iter().flat_map(|check| check(observed)).collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}

/// A cutover is refused without it, or says that none is wanted: time enough to remedy it until then.
fn way_back(observed: &Observed) -> Vec<Finding> {
    Finding::or_pass(
        fallback::of_target(&observed.target.capabilities, Severity::Warning),
        "fallback",
        "the target's changes can be sent back to the source after a cutover",
    )
}

/// Whether an offline migration has nothing to do with it.
pub fn concerns_the_stream(code: &str) -> bool {
    codes::find(code).is_some_and(|code| code.is_of_stream)
}

/// Whether a finding can be told where there is no target yet; what is asked of both servers names its side.
pub fn is_of_the_source(finding: &Finding) -> bool {
    finding.object == "source" || codes::find(&finding.code).is_some_and(|code| code.is_of_source)
}

/// Some finding stands in the way.
pub fn has_blockers(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Blocker)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_healthy_pair_gets_nothing_but_passes() {
        let findings = findings(&fixture::healthy());
        let troubles: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity != Severity::Pass)
            .collect();
        assert!(troubles.is_empty(), "{troubles:#?}");
        assert!(findings.len() >= 25);
    }

    #[test]
    fn every_blocker_and_warning_says_what_to_do() {
        for finding in fixture::wretched().iter().flat_map(findings) {
            if finding.severity != Severity::Pass {
                assert!(!finding.remedy.is_empty(), "no remedy: {finding:?}");
            }
            assert!(
                !finding.message.is_empty() && !finding.message.ends_with('.'),
                "{finding:?}"
            );
        }
    }

    #[test]
    fn blockers_come_first_and_codes_are_kebab_case() {
        let findings: Vec<_> = fixture::wretched().iter().flat_map(findings).collect();
        let ranks: Vec<_> = super::findings(&fixture::wretched()[0])
            .iter()
            .map(|finding| Reverse(finding.severity))
            .collect();
        assert!(ranks.is_sorted() && has_blockers(&findings));
        for finding in &findings {
            assert!(
                finding
                    .code
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{}",
                finding.code
            );
        }
    }

    #[test]
    fn every_code_that_can_pass_can_also_fail_in_the_fixtures() {
        let failing: BTreeSet<_> = fixture::wretched()
            .iter()
            .flat_map(findings)
            .filter(|finding| finding.severity != Severity::Pass)
            .map(|finding| finding.code)
            .collect();
        // These are only told of, never wrong.
        let passing = findings(&fixture::healthy()).into_iter().filter(|finding| {
            !["inheritance", "platform", "schema-changes"].contains(&finding.code.as_str())
        });
        for finding in passing {
            assert!(
                failing.contains(&finding.code),
                "{} never fails in a test",
                finding.code
            );
        }
    }
}
