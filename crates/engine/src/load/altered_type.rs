//! Tables whose rows the target refuses since a type of theirs was altered on the source after the schema was dumped.
//!
//! Values are printed as the source's type is now, and the target's must not run ahead of the stream, which has values of
//! before. So such a table waits, and is loaded anew once the stream, or the operator, has brought the type to the target.

use transhume_core::{
    disposition::is_refused_by_data,
    finding::{Finding, Remedy},
    guard::user_types::TypeChange,
};
use transhume_pg::{
    connection::{error::PgError, session::Session},
    guard::user_types,
    load::part_copy,
    state::{
        finding,
        load::{parts::ClaimedPart, relations},
    },
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

/// Of an answer of the target to the rows of a part.
pub(super) fn may_be_the_cause(error: &PgError) -> bool {
    error
        .server()
        .is_some_and(|answer| is_refused_by_data(&answer.sqlstate))
}

/// Suspends the table, where types differ; false where they do not, and the rows themselves are refused.
pub(super) async fn put_off(worker: &mut WorkerSessions, rows: &RefusedRows) -> Result<bool> {
    let doing = "looking for types that were altered on the source";
    worker.end_reading().await.ok();
    if let Ok(target) = worker.target().await
        && part_copy::roll_back(target).await.is_err()
    {
        worker.give_up();
    }
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

/// What was suspended for this.
pub(super) fn rows_of(part: &ClaimedPart, error: PgError) -> RefusedRows {
    RefusedRows {
        oid: part.source_oid,
        table: part.table.clone(),
        doing: format!("copying {}, part {}", part.table.plain(), part.number),
        error,
    }
}
