//! Findings by code: five hundred tables without a key are one thing to know.

use serde::Serialize;
use transhume_core::finding::{Finding, Remedy, Severity};

/// Objects that a group names; the findings themselves have them all.
const NAMED: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct FindingGroup {
    pub code: String,
    pub severity: Severity,
    pub count: usize,
    /// The first of them; none where the finding is about the whole.
    pub objects: Vec<String>,
    /// Of the first one.
    pub message: String,
    /// Of the first one.
    #[serde(flatten)]
    pub remedy: Remedy,
}

pub(super) fn groups(findings: &[Finding]) -> Vec<FindingGroup> {
    let mut groups: Vec<FindingGroup> = Vec::new();
    for finding in findings {
        let known = groups
            .iter_mut()
            .find(|group| group.code == finding.code && group.severity == finding.severity);
        match known {
            Some(group) => group.add(finding),
            None => groups.push(FindingGroup::of(finding)),
        }
    }
    groups.sort_by_key(|group| rank(group.severity));
    groups
}

fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Blocker => 0,
        Severity::Warning => 1,
        Severity::Pass => 2,
    }
}

impl FindingGroup {
    fn of(finding: &Finding) -> Self {
        let mut group = Self {
            code: finding.code.clone(),
            severity: finding.severity,
            count: 0,
            objects: Vec::new(),
            message: finding.message.clone(),
            remedy: finding.remedy.clone(),
        };
        group.add(finding);
        group
    }

    fn add(&mut self, finding: &Finding) {
        self.count += 1;
        if !finding.object.is_empty() && self.objects.len() < NAMED {
            self.objects.push(finding.object.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_one_code_are_one_group_and_blockers_come_first() {
        let mut findings: Vec<Finding> = (0..30)
            .map(|table| Finding::warning("unlogged-tables", &format!("t{table}"), "it is", ""))
            .collect();
        findings.push(Finding::blocker("run-stopped", "", "the run stopped", "run it"));
        let groups = groups(&findings);
        assert_eq!(groups.len(), 2);
        assert_eq!(
            (groups[0].code.as_str(), groups[0].objects.len()),
            ("run-stopped", 0)
        );
        assert_eq!((groups[1].count, groups[1].objects.len()), (30, NAMED));
    }
}
