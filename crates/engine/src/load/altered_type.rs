//! Tables whose rows the target refuses since a type of theirs was altered on the source after the schema was dumped.
//!
//! Values are printed as the source's type is now, and the target's must not run ahead of the stream, which has values of
//! before. So such a table waits, and is loaded anew once the stream, or the operator, has brought the type to the target.

use transhume_core::{
    finding::{Finding, Remedy},
    guard::user_types::TypeChange,
};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    guard::user_types,
    state::{finding, load::relations},
};
use transhume_wire::ident::QualifiedName;

use super::{
    ORIGIN,
    sessions::{RefusedRows, WorkerSessions},
};
use crate::{
    error::{Doing, Result},
    report::Report,
};

/// Code of the findings.
pub(crate) const CODE: &str = "table-type-altered";

/// Suspends the table, where types differ; false where they do not, and the rows themselves are refused.
pub(super) async fn put_off(worker: &mut WorkerSessions, rows: &RefusedRows) -> Result<bool> {
    let doing = "looking for types that were altered on the source";
    // With them what was claimed, and locks on the source.
    worker.give_up();
    let endpoints = &worker.shared.endpoints;
    let source = Session::connect(&endpoints.source, &worker.name)
        .await
        .doing(doing)?;
    let target = Session::connect(&endpoints.target, &worker.name)
        .await
        .doing(doing)?;
    let changes = user_types::changes(&*source, &*target).await.doing(doing)?;
    let Some(first) = changes.first() else {
        return Ok(false);
    };
    relations::suspend(&*target, &[rows.oid]).await.doing(doing)?;
    let found = waiting(&rows.table, first, &rows.error);
    finding::replace(&*target, ORIGIN, &found).await.doing(doing)?;
    worker.shared.reporter.send(Report::Finding { finding: found });
    source.close().await;
    target.close().await;
    Ok(true)
}

fn waiting(table: &QualifiedName, change: &TypeChange, error: &PgError) -> Finding {
    let message = format!(
        "it is suspended, since the type {} was altered on the source before the table was copied ({}), and the target refuses \
         such rows: {error}",
        change.name.plain(),
        change.message()
    );
    let remedy = Remedy::from("it is loaded anew by itself once the type is the same on the target; where nothing brings that over: ")
        .then(Remedy::on_target(user_types::statement(change)));
    Finding::warning(CODE, &table.plain(), message, remedy)
}
