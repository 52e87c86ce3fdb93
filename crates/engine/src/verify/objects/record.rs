//! What a comparison of objects leaves on the target: its findings, and what it adds to the verification.

use transhume_core::{count::counted, finding::Finding, guard};
use transhume_pg::{
    connection::session::Session,
    follow::apply::REFUSED,
    state::{finding, verification},
};

use super::ObjectComparison;
use crate::error::{Doing, Result};

/// The origin of these findings.
const ORIGIN: &str = "verify-objects";

/// Findings kept for `status`: more than anybody reads, few enough to be written in a moment.
const MOST_KEPT: usize = 500;

/// Replaces the findings of the last comparison and completes the newest verification.
pub(crate) async fn record(target: &Session, comparison: &ObjectComparison) -> Result<()> {
    let doing = "recording the comparison of objects";
    finding::clear_origin(&**target, ORIGIN).await.doing(doing)?;
    // Whether what was refused is there by now is among what was compared.
    finding::clear(&**target, guard::ORIGIN, REFUSED)
        .await
        .doing(doing)?;
    // What must be acted upon first, should there be too many.
    let mut findings: Vec<_> = comparison.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for found in findings.into_iter().take(MOST_KEPT) {
        finding::replace(&**target, ORIGIN, found).await.doing(doing)?;
    }
    let cut = comparison.findings.len().saturating_sub(MOST_KEPT);
    if cut > 0 {
        let reported = Finding::warning(
            "findings-cut",
            "",
            format!(
                "the comparison of objects has {} more than the {MOST_KEPT} that are kept",
                counted(cut, "finding")
            ),
            "remedy those that are shown, then run \"transhume verify\" again; its --json has all",
        );
        finding::replace(&**target, ORIGIN, &reported)
            .await
            .doing(doing)?;
    }
    verification::add_objects(target, comparison.blockers())
        .await
        .doing(doing)
}
