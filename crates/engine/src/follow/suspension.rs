//! A table is suspended because the target refuses a change of it and the operator wants the rest to go on, or because its
//! rows must be read anew: that is asked for at once, where somebody follows who loads tables.
//!
//! Nothing is applied meanwhile: the refused transaction comes again, without the changes of that table.

use transhume_core::{
    command::Command,
    finding::{Finding, Remedy},
    shell,
};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    state::{command, finding, history, load::relations},
};
use transhume_wire::{ident::QualifiedName, pgoutput::Relation};

use super::{FollowRequest, ORIGIN};
use crate::{
    error::{Doing, EngineError, Result},
    report::{Report, Reporter},
};

/// Code of the finding that says why.
pub(crate) const SUSPENDED: &str = "table-suspended";

#[derive(Debug)]
pub(super) enum Suspension {
    /// The target refuses a change, and the operator wants that.
    AsRefused {
        tables: Vec<QualifiedName>,
        reason: String,
    },
    /// Columns of the table cannot be told apart by what is known of it.
    UntilReload {
        relation_id: u32,
        table: QualifiedName,
        reason: String,
    },
}

impl Suspension {
    pub(super) fn until_reload(relation: &Relation, reason: String) -> Self {
        Self::UntilReload {
            relation_id: relation.id,
            table: relation.name.clone(),
            reason,
        }
    }
}

pub(super) async fn suspend(
    request: &FollowRequest<'_>,
    suspension: &Suspension,
    reporter: &Reporter,
) -> Result<()> {
    match suspension {
        Suspension::AsRefused { tables, reason } => as_refused(request, tables, reason, reporter).await,
        Suspension::UntilReload {
            relation_id,
            table,
            reason,
        } => until_reload(request, (*relation_id, table), reason, reporter).await,
    }
}

async fn as_refused(
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

/// Asks for its load, too.
async fn until_reload(
    request: &FollowRequest<'_>,
    (oid, table): (u32, &QualifiedName),
    reason: &str,
    reporter: &Reporter,
) -> Result<()> {
    let doing = "suspending a table that must be loaded anew";
    let mut target = request
        .endpoints
        .target_session(&request.migration.id, "suspend")
        .await?;
    let plain = table.plain();
    let finding = Finding::blocker(
        SUSPENDED,
        &plain,
        format!("{reason}; its changes are skipped until it is loaded anew"),
        Remedy::run(format!("transhume table reload {}", shell::word(&plain))),
    );
    let findings = std::slice::from_ref(&finding);
    let tables = std::slice::from_ref(table);
    write(&mut target, &[oid], tables, reason, findings)
        .await
        .doing(doing)?;
    reporter.send(Report::Finding { finding });
    if request.yields_to_tables {
        command::request(&target, Command::Reload(vec![oid]), None)
            .await
            .doing("asking for a table to be loaded anew")?;
        reporter.step(format!("{plain} is to be loaded anew"));
    }
    Ok(())
}

fn finding_of(table: &QualifiedName, reason: &str) -> Finding {
    let table = table.plain();
    Finding::blocker(
        SUSPENDED,
        &table,
        format!("{reason}; its changes are skipped, as follow.on_error says"),
        format!(
            "remedy the cause, then \"transhume table resume {}\"",
            shell::word(&table)
        ),
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
