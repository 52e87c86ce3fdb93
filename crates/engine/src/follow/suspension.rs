//! A table is suspended because the target refuses a change of it and the operator wants the rest to go on.
//!
//! Nothing is applied meanwhile: the refused transaction comes again, without the changes of that table.

use transhume_core::finding::Finding;
use transhume_pg::{
    connection::{error::PgError, session::Session},
    state::{finding, history, load::relations},
};
use transhume_wire::ident::QualifiedName;

use super::{FollowRequest, ORIGIN};
use crate::{
    error::{Doing, EngineError, Result},
    report::{Report, Reporter},
};

/// Code of the finding that says why.
pub(crate) const SUSPENDED: &str = "table-suspended";

pub(super) async fn suspend(
    request: &FollowRequest<'_>,
    tables: &[QualifiedName],
    reason: &str,
    reporter: &Reporter,
) -> Result<()> {
    let doing = "suspending a table whose change is refused";
    let mut target = request
        .endpoints
        .target_session(&request.migration.id, "suspend")
        .await?;
    let all = relations::all(&*target).await.doing(doing)?;
    let oids: Vec<u32> = all
        .iter()
        .filter(|relation| tables.contains(&relation.name))
        .map(|relation| relation.source_oid)
        .collect();
    if oids.len() < tables.len() {
        return Err(EngineError::stopped(
            reason,
            "Its table has another name now than when it was loaded, so it is not suspended by itself.",
            "remedy the cause, then run again",
        ));
    }
    let findings: Vec<_> = tables.iter().map(|table| finding_of(table, reason)).collect();
    write(&mut target, &oids, tables, reason, &findings)
        .await
        .doing(doing)?;
    for finding in findings {
        reporter.send(Report::Finding { finding });
    }
    Ok(())
}

fn finding_of(table: &QualifiedName, reason: &str) -> Finding {
    let table = table.plain();
    Finding::blocker(
        SUSPENDED,
        &table,
        format!("{reason}; its changes are skipped, as follow.on_error says"),
        format!("remedy the cause, then \"transhume table resume {table}\""),
    )
}

async fn write(
    target: &mut Session,
    oids: &[u32],
    tables: &[QualifiedName],
    reason: &str,
    findings: &[Finding],
) -> std::result::Result<(), PgError> {
    let transaction = target.transaction().await?;
    relations::suspend(&transaction, oids).await?;
    for finding in findings {
        finding::replace(&transaction, ORIGIN, finding).await?;
    }
    let tables: Vec<_> = tables.iter().map(QualifiedName::plain).collect();
    let detail = serde_json::json!({ "tables": tables, "reason": reason });
    history::add(&transaction, "tables suspended", &detail).await?;
    Ok(transaction.commit().await?)
}
