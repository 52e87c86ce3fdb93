//! Does the selection take what the operator meant?

use transhume_wire::ident::QualifiedName;

use super::observation::Observed;
use crate::count::counted;
use crate::finding::Finding;

const UNMATCHED: &str = "selection-unmatched";

pub(super) fn check(observed: &Observed) -> Vec<Finding> {
    let names: Vec<QualifiedName> = observed
        .source
        .tables
        .iter()
        .map(|table| table.name.clone())
        .chain(
            observed
                .source
                .sequences
                .iter()
                .map(|sequence| sequence.name.clone()),
        )
        .collect();
    let mut findings: Vec<_> = observed
        .selector
        .unmatched(&names)
        .into_iter()
        .map(|pattern| {
            Finding::blocker(
                UNMATCHED,
                pattern,
                format!("the include pattern \"{pattern}\" matches nothing on the source"),
                "correct or remove the pattern; upper and lower case count",
            )
        })
        .collect();
    let tables = observed.selected_with_rows().count();
    if findings.is_empty() && tables == 0 {
        findings.push(Finding::blocker(
            UNMATCHED,
            &observed.source.capabilities.database,
            "the selection takes no table that holds rows",
            "check that the source names the right database, and that exclude leaves something",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::pass(
            UNMATCHED,
            format!("the selection takes {}", counted(tables, "table")),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::healthy, *};
    use crate::{finding::Severity, selection::Selection};

    #[test]
    fn a_pattern_that_matches_nothing_blocks() {
        let mut observed = healthy();
        let selection = Selection {
            include: vec!["shop".into(), "shpo.orders".into()],
            ..Selection::default()
        };
        observed.selector = selection.selector().unwrap();
        let findings = check(&observed);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].object, "shpo.orders");
        assert_eq!(findings[0].severity, Severity::Blocker);
    }

    #[test]
    fn an_empty_database_blocks() {
        let mut observed = healthy();
        observed.source.tables.clear();
        assert_eq!(check(&observed)[0].severity, Severity::Blocker);
    }
}
