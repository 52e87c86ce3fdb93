//! Whether extensions keep the same rows for the user on both sides: they are in no stream, so what differs while changes
//! are followed is carried at the cutover.

use transhume_core::{
    finding::{Finding, Remedy},
    verify::objects::SequenceSituation,
};

use super::{ObjectComparison, Sides};
use crate::{error::Result, load::extension_rows::ExtensionRows};

pub(super) async fn compare(
    sides: &Sides,
    situation: SequenceSituation,
    comparison: &mut ObjectComparison,
) -> Result<()> {
    let kept = ExtensionRows::on(&sides.source, &sides.target).await?;
    let uneven = kept.compare(&sides.source, &sides.target).await?;
    if kept.count() > 0 {
        comparison
            .compared
            .insert("table of an extension".to_owned(), kept.count());
    }
    for (table, error) in uneven.unread {
        let reason = format!("rows that the extension {} keeps: {error}", table.extension);
        comparison
            .not_compared
            .push(Finding::warning("not-compared", &table.name.plain(), reason, ""));
    }
    for table in uneven.different {
        let message = format!("rows that the extension {} keeps there differ", table.extension);
        let (code, object) = ("different-extension-rows", table.name.plain());
        comparison.findings.push(match situation {
            SequenceSituation::Following => Finding::warning(
                code,
                &object,
                message,
                "nothing to do: the cutover carries what differs",
            ),
            SequenceSituation::Final => Finding::blocker(
                code,
                &object,
                message,
                Remedy::run(format!("pg_dump --data-only --table={object}"))
                    .then(" of the source, into the target"),
            ),
        });
    }
    Ok(())
}
