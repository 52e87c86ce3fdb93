//! What the schema's steps tell the operator, recorded and reported alike.

use transhume_core::{archive::Unmet, finding::Finding};
use transhume_pg::{session::Session, state};

use super::SchemaWork;
use crate::{
    error::{Doing, Result},
    report::Report,
};

/// Origin of these findings in `transhume.finding`.
pub(super) const ORIGIN: &str = "schema";

pub(super) async fn record(work: &SchemaWork<'_>, target: &Session, findings: Vec<Finding>) -> Result<()> {
    for finding in findings {
        state::finding::replace(&**target, ORIGIN, &finding)
            .await
            .doing("recording a finding")?;
        work.reporter.send(Report::Finding { finding });
    }
    Ok(())
}

pub(super) fn unmet(unmet: &Unmet) -> Finding {
    let message = format!("{} needs {}, which is not selected", unmet.entry, unmet.needs);
    let remedy = format!("add {} to the selection, or exclude {}", unmet.needs, unmet.entry);
    if unmet.blocks {
        Finding::blocker("selection-needs", &unmet.entry, message, remedy)
    } else {
        Finding::warning(
            "selection-needs",
            &unmet.entry,
            format!("{message}: it is left out"),
            remedy,
        )
    }
}
