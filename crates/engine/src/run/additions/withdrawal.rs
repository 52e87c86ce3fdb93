//! Taking an addition back that cannot be done.

use transhume_core::{finding::Finding, schema::addition::AdditionStep};
use transhume_pg::{
    follow::publication,
    state::{
        addition::{self, Addition},
        archive, finding,
    },
};

use super::{ORIGIN, REFUSED, work};
use crate::{
    error::{Doing, EngineError, Result},
    report::Report,
    run::Run,
    schema::{self, SchemaOptions},
};

/// The addition is taken back; the reason is kept and told.
pub(super) async fn refuse(run: &Run<'_>, addition: &Addition, error: &EngineError) -> Result<()> {
    let message = reason(error);
    let remedy = error.hint().unwrap_or_default();
    let target = run.endpoints.target_session(&run.migration.id, "tables").await?;
    addition::advance(&*target, addition, AdditionStep::Withdrawing, &message)
        .await
        .doing("recording why tables cannot be added")?;
    tell(run, REFUSED, &addition.title(), error, &remedy).await?;
    let addition = Addition {
        step: AdditionStep::Withdrawing,
        message,
        ..addition.clone()
    };
    withdraw(run, &addition).await
}

/// Removes what an addition made. Once published its tables stay known, since the stream may hold changes of
/// them: they are set aside.
pub(super) async fn withdraw(run: &Run<'_>, addition: &Addition) -> Result<()> {
    let options = SchemaOptions::new(run.options.programs.clone(), run.replica_role);
    schema::remove_added(&work(run, addition, &options)).await?;
    let members = publication::tables(&run.source, &run.migration.publication_name)
        .await
        .doing("reading the publication's tables")?
        .unwrap_or_default();
    let is_published = addition.names().any(|name| members.contains(name));
    let mut target = run.endpoints.target_session(&run.migration.id, "tables").await?;
    let withdrawing = async {
        let transaction = target.transaction().await?;
        archive::forget(&transaction, addition.number).await?;
        if is_published {
            addition::suspend_relations(&transaction, addition).await?;
        } else {
            addition::forget_relations(&transaction, addition).await?;
            let selection = run.migration.selection.without_added(addition.names());
            addition::set_selection(&transaction, &selection).await?;
        }
        addition::advance(&transaction, addition, AdditionStep::Refused, &addition.message).await?;
        Ok(transaction.commit().await?)
    };
    withdrawing.await.doing("taking back an addition")?;
    run.reporter
        .step(format!("{} not added: {}", addition.title(), addition.message));
    Ok(())
}

pub(super) async fn tell(
    run: &Run<'_>,
    code: &str,
    tables: &str,
    error: &EngineError,
    remedy: &str,
) -> Result<()> {
    let message = reason(error);
    let target = run.endpoints.target_session(&run.migration.id, "tables").await?;
    let finding = Finding::warning(code, tables, message, remedy);
    finding::replace(&*target, ORIGIN, &finding)
        .await
        .doing("recording a finding")?;
    run.reporter.send(Report::Finding { finding });
    Ok(())
}

fn reason(error: &EngineError) -> String {
    match error {
        EngineError::Blocked(findings) => {
            let reported: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
            reported.join("; ")
        }
        other => other.to_string(),
    }
}
