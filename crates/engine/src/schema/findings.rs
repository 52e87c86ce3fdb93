//! What the schema's steps tell the operator, recorded and reported alike.

use transhume_core::{
    count::first_listed,
    finding::Finding,
    schema::archive::{LeaveOut, Unmet},
};
use transhume_pg::{
    connection::session::Session,
    state::{self, archive::Disposition},
};

use super::{SchemaWork, contents::Contents};
use crate::{
    error::{Doing, Result},
    report::Report,
};

/// Code of the findings about what needs something that is not selected.
const UNMET: &str = "selection-needs";

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
    if unmet.by_choice {
        return Finding::blocker(
            UNMET,
            &unmet.entry,
            format!("{} needs {}, which is left out", unmet.entry, unmet.needs),
            format!(
                "exclude {} too, or take {} out of leave_out",
                unmet.entry, unmet.needs
            ),
        );
    }
    let message = format!("{} needs {}, which is not selected", unmet.entry, unmet.needs);
    let remedy = format!("add {} to the selection, or exclude {}", unmet.needs, unmet.entry);
    if unmet.blocks {
        Finding::blocker(UNMET, &unmet.entry, message, remedy)
    } else {
        Finding::warning(UNMET, &unmet.entry, format!("{message}: it is left out"), remedy)
    }
}

/// Code of the findings about what the operator leaves out.
const LEFT_OUT: &str = "left-out";

/// Dependents named before the rest is only counted.
const NAMED: usize = 8;

pub(super) fn left_out(object: &str, how: LeaveOut, dependents: &[&str]) -> Finding {
    let along = if dependents.is_empty() {
        String::new()
    } else {
        format!(", and with it {}", first_listed(dependents, NAMED))
    };
    let message = match how {
        LeaveOut::Gone => format!("it is left out as the configuration says{along}"),
        LeaveOut::OnTarget => {
            "it is left out as the configuration says: the target has it already".to_owned()
        }
    };
    Finding::warning(
        LEFT_OUT,
        object,
        message,
        "to have it on the target, take it out of leave_out",
    )
}

pub(super) fn nothing_to_leave_out(object: &str) -> Finding {
    Finding::warning(
        LEFT_OUT,
        object,
        "it is to be left out, and the source has nothing by that name",
        "write it as assess names it, or take it out of leave_out",
    )
}

/// What an addition has brought after all is no finding any more.
pub(crate) async fn forget_met(work: &SchemaWork<'_>) -> Result<()> {
    let target = work.target().await?;
    let source_major = work.source().await?.server_version().major();
    let contents = Contents::stored(work, source_major, &target).await?;
    let brought = contents
        .with(Disposition::Restored)
        .chain(contents.with(Disposition::Replaced));
    for (entry, _) in brought.filter(|(entry, _)| entry.object.class != 0) {
        state::finding::clear_object(&**target, ORIGIN, UNMET, &entry.description)
            .await
            .doing("clearing findings")?;
    }
    Ok(())
}
