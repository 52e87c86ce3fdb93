//! Tables that are loaded anew, or set aside, while the rest goes on being followed.
//!
//! A request is taken up while nothing is applied: the table is emptied and planned in the transaction
//! that answers it. From then on apply holds before the table's next change until the load's snapshot is
//! known, skips what that snapshot shows, and holds again before the first change that it does not show
//! until the table is loaded (design §2.3).
//!
//! Exact because the snapshot is taken only once every transaction has ended that was running when
//! applying stopped: whatever of the table was applied to the rows thrown away is in the load.

use std::time::Duration;

use transhume_core::{command::Command, disposition::Disposition, finding::Finding, load::RelationState};
use transhume_pg::{
    session::Session,
    state::{
        command::{self, Answer, Pending},
        finding, history,
        load::{plan, relations},
        migration::Migration,
    },
    wal,
};

use super::Run;
use crate::{
    error::{Doing, EngineError, Result},
    load::{self, LoadContext},
    report::Report,
};

/// Origin of our findings in `transhume.finding`.
const ORIGIN: &str = "load";
/// Code of the finding that says why a table was set aside.
const LOAD_FAILED: &str = "table-load-failed";
/// Between two attempts when a server or the way to it fails: as long as a restart takes.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Does what was asked about tables. Nothing may be applying meanwhile.
pub(super) async fn take_up(run: &mut Run<'_>) -> Result<()> {
    let pending = command::pending(&run.target)
        .await
        .doing("reading the requests about tables")?;
    for request in pending.iter().filter(|request| !request.is_expired) {
        match &request.command {
            Command::Reload(oids) => reload(run, request, oids).await?,
            Command::Suspend(oids) => suspend(run, request, oids).await?,
            Command::Hold
            | Command::AdvanceTo(_)
            | Command::Release
            | Command::Stop
            | Command::Pause
            | Command::Resume => {}
        }
    }
    Ok(())
}

async fn reload(run: &mut Run<'_>, request: &Pending, oids: &[u32]) -> Result<()> {
    let planned = load::plan_anew(&run.load_context(), oids).await?;
    if planned.len() < oids.len() {
        let reason = "the source has one of these tables no more".to_owned();
        return answer(&run.target, request, Answer::Failed(reason)).await;
    }
    let names: Vec<_> = planned.iter().map(|relation| relation.name.clone()).collect();
    let reloading = async {
        let transaction = run.target.transaction().await?;
        plan::empty(&transaction, &names).await?;
        plan::replace(&transaction, &planned).await?;
        let plain: Vec<_> = names
            .iter()
            .map(transhume_wire::ident::QualifiedName::plain)
            .collect();
        let detail = serde_json::json!({ "tables": plain });
        history::add(&transaction, "tables emptied to be loaded anew", &detail).await?;
        command::answer_within(&transaction, request.id, &Answer::Done(String::new())).await?;
        Ok(transaction.commit().await?)
    };
    reloading.await.doing("emptying tables to load them anew")?;
    finding::clear(&*run.target, ORIGIN, LOAD_FAILED)
        .await
        .doing("clearing findings")?;
    run.reporter
        .step(format!("{} tables emptied, to be loaded anew", names.len()));
    Ok(())
}

async fn suspend(run: &mut Run<'_>, request: &Pending, oids: &[u32]) -> Result<()> {
    relations::suspend(&*run.target, oids)
        .await
        .doing("setting tables aside")?;
    run.reporter.step(format!(
        "{} tables set aside: their changes are skipped",
        oids.len()
    ));
    answer(&run.target, request, Answer::Done(String::new())).await
}

async fn answer(target: &Session, request: &Pending, answer: Answer) -> Result<()> {
    command::answer(target, request.id, &answer)
        .await
        .doing("answering a request")
}

/// Loads every table that is to be loaded. What cannot be loaded is set aside, so
/// that the rest goes on.
pub(super) async fn load_unfinished(run: &Run<'_>) -> Result<()> {
    loop {
        match attempt(run).await {
            Ok(()) => return Ok(()),
            Err(EngineError::Interrupted) => return Err(EngineError::Interrupted),
            Err(EngineError::Server { doing, source }) if source.disposition() == Disposition::Retry => {
                run.reporter.waiting(format!("{doing}: {source}; trying again"));
                tokio::time::sleep(AGAIN_AFTER).await;
            }
            Err(error) => {
                set_aside(run, &error).await?;
                return Ok(());
            }
        }
    }
}

/// A table is to be loaded beside the following.
pub(super) async fn is_any_unfinished(run: &Run<'_>) -> Result<bool> {
    relations::is_any_unfinished(&*run.target)
        .await
        .doing("reading the state of the tables")
}

async fn attempt(run: &Run<'_>) -> Result<()> {
    let source = run.endpoints.source_session(&run.migration.id, "tables").await?;
    let horizon = wal::assign_xid(&source)
        .await
        .doing("taking a transaction id on the source")?;
    // Later than the slot's: what was applied to the rows thrown away must have ended.
    let migration = Migration {
        slot_xid_horizon: Some(horizon),
        ..run.migration.clone()
    };
    let context = LoadContext {
        migration: &migration,
        ..run.load_context()
    };
    load::load(&context, None).await?;
    run.reporter.step("every table is loaded");
    Ok(())
}

/// Suspends what could not be loaded, and says why.
async fn set_aside(run: &Run<'_>, error: &EngineError) -> Result<()> {
    let target = run.endpoints.target_session(&run.migration.id, "tables").await?;
    let doing = "setting aside tables that cannot be loaded";
    let all = relations::all(&*target).await.doing(doing)?;
    let failed = all
        .into_iter()
        .filter(|relation| matches!(relation.state, RelationState::Planned | RelationState::Loading));
    for relation in failed {
        let table = relation.name.plain();
        let message = format!("it could not be loaded and is set aside: {error}");
        let remedy = format!("remedy the cause, then run \"transhume table reload {table}\"");
        let finding = Finding::warning(LOAD_FAILED, &table, message, remedy);
        relations::suspend(&*target, &[relation.source_oid])
            .await
            .doing(doing)?;
        finding::replace(&*target, ORIGIN, &finding).await.doing(doing)?;
        run.reporter.send(Report::Finding { finding });
    }
    Ok(())
}
