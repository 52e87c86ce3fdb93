//! Tables that are loaded anew, or suspended, while the rest goes on being followed.
//!
//! A request is taken up while nothing is applied: the table is emptied and planned in the transaction
//! that answers it. From then on apply holds before the table's next change until the load's snapshot is
//! known, skips what that snapshot shows, and holds again before the first change that it does not show
//! until the table is loaded (design §2.3).
//!
//! Exact because the snapshot is taken only once every transaction has ended that was running when
//! applying stopped: whatever of the table was applied to the rows thrown away is in the load.

use std::time::Duration;

use transhume_core::{
    command::Command, count::counted, disposition::Disposition, finding::Finding, load::RelationState, shell,
};
use transhume_pg::{
    catalog::{emptying, tables::tables},
    connection::session::Session,
    follow::wal,
    state::{
        command::{self, Answer, Pending},
        finding, history,
        load::{
            followed::follow_names,
            plan::{self, PlannedRelation},
            relations,
        },
        migration::Migration,
    },
};

use super::{Run, additions};
use crate::{
    error::{Doing, EngineError, Result},
    follow,
    load::{self, LOAD_FAILED, LoadContext, ORIGIN},
    prepare::publishing::Publishing,
    report::Report,
};

/// Code of the finding that says what could not be built.
const BUILD_FAILED: &str = "build-failed";
/// Between two attempts at what the operator must make possible.
const BUILD_AGAIN_AFTER: Duration = Duration::from_secs(10);
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
            Command::Add(oids) => additions::take_up(run, request, oids).await?,
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
    let mut planned = load::plan_anew(&run.load_context(), oids).await?;
    if planned.len() < oids.len() {
        let reason = "the source has one of these tables no more".to_owned();
        return answer(&run.target, request, Answer::Failed(reason)).await;
    }
    if let Some(reason) = not_there(run, oids).await? {
        return answer(&run.target, request, Answer::Failed(reason)).await;
    }
    match join_publication(run, oids).await {
        // The server's answer (a lock that was not had) is about these tables; a lost connection is about all.
        Err(EngineError::Server { doing, source }) if source.server().is_some() => {
            return answer(&run.target, request, Answer::Failed(format!("{doing}: {source}"))).await;
        }
        joined => joined?,
    }
    call_as_on_target(run, &mut planned).await?;
    let names: Vec<_> = planned.iter().map(|relation| relation.name.clone()).collect();
    let reloading = async {
        let transaction = run.target.transaction().await?;
        emptying::empty(&transaction, &names).await?;
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
    for name in &names {
        finding::clear_object(&*run.target, follow::ORIGIN, follow::SUSPENDED, &name.plain())
            .await
            .doing("clearing findings")?;
    }
    run.reporter.step(format!(
        "{} emptied, to be loaded anew",
        counted(names.len(), "table")
    ));
    Ok(())
}

/// The target may call them otherwise: whatever has become of their definitions is followed when they are loaded.
async fn call_as_on_target(run: &Run<'_>, planned: &mut [PlannedRelation]) -> Result<()> {
    let doing = "reading what the target calls its tables";
    follow_names(&*run.target).await.doing(doing)?;
    let relations = relations::all(&*run.target).await.doing(doing)?;
    for planned in planned {
        let known = relations
            .iter()
            .find(|relation| relation.source_oid == planned.source_oid);
        if let Some(relation) = known {
            planned.name = relation.name.clone();
        }
    }
    Ok(())
}

/// A table of these that is only being added has nothing to reload.
async fn not_there(run: &Run<'_>, oids: &[u32]) -> Result<Option<String>> {
    let all = relations::all(&*run.target)
        .await
        .doing("reading the state of the tables")?;
    let adding = all
        .iter()
        .find(|relation| relation.state == RelationState::Adding && oids.contains(&relation.source_oid));
    Ok(adding.map(|relation| format!("{} is still being added", relation.name.plain())))
}

/// A table that was unlogged when the migration began is no member yet: its changes would be missing from now on.
async fn join_publication(run: &mut Run<'_>, oids: &[u32]) -> Result<()> {
    let mut reloaded = tables(&run.source).await.doing("reading the source's tables")?;
    reloaded.retain(|table| oids.contains(&table.oid));
    Publishing {
        source: &mut run.source,
        target: &run.target,
        reporter: run.reporter,
        cancellation: run.cancellation,
    }
    .join(&run.migration.publication_name, &reloaded)
    .await
    .map(|_| ())
}

async fn suspend(run: &mut Run<'_>, request: &Pending, oids: &[u32]) -> Result<()> {
    relations::suspend(&*run.target, oids)
        .await
        .doing("setting tables aside")?;
    run.reporter.step(format!(
        "{} suspended: changes are skipped",
        counted(oids.len(), "table")
    ));
    answer(&run.target, request, Answer::Done(String::new())).await
}

async fn answer(target: &Session, request: &Pending, answer: Answer) -> Result<()> {
    command::answer(target, request.id, &answer)
        .await
        .doing("answering a request")
}

/// Does what is to be done for single tables beside the following: those that join, and every load and build
/// that is open. What cannot be loaded is suspended, so that the rest goes on. Returns when following must begin
/// anew, or nothing is left.
pub(super) async fn work(run: &Run<'_>) -> Result<()> {
    loop {
        match attempt(run).await {
            Ok(()) => return Ok(()),
            Err(EngineError::Interrupted) => return Err(EngineError::Interrupted),
            Err(EngineError::Server { doing, source }) if source.disposition() == Disposition::Retry => {
                run.reporter.waiting(format!("{doing}: {source}; trying again"));
                tokio::time::sleep(AGAIN_AFTER).await;
            }
            Err(error) => {
                suspend_unloaded(run, &error).await?;
                return Ok(());
            }
        }
    }
}

/// Something is to be done for single tables beside the following.
pub(super) async fn is_any_work(run: &Run<'_>) -> Result<bool> {
    Ok(is_any_unfinished(run).await? || additions::is_any_work(run).await?)
}

async fn is_any_unfinished(run: &Run<'_>) -> Result<bool> {
    relations::is_any_unfinished(&*run.target)
        .await
        .doing("reading the state of the tables")
}

async fn attempt(run: &Run<'_>) -> Result<()> {
    if additions::make(run).await? {
        return Ok(());
    }
    if is_any_unfinished(run).await? {
        load_unfinished(run).await?;
    }
    additions::complete(run).await
}

async fn load_unfinished(run: &Run<'_>) -> Result<()> {
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
    finding::clear(&*run.target, ORIGIN, BUILD_FAILED)
        .await
        .doing("clearing findings")?;
    run.reporter.step("every table is loaded");
    Ok(())
}

/// Suspends what could not be loaded, and says why.
async fn suspend_unloaded(run: &Run<'_>, error: &EngineError) -> Result<()> {
    let target = run.endpoints.target_session(&run.migration.id, "tables").await?;
    let doing = "suspending tables that cannot be loaded";
    let incomplete = relations::incomplete(&*target).await.doing(doing)?;
    if incomplete.is_empty() {
        return build_failed(run, &target, error).await;
    }
    let all = relations::all(&*target).await.doing(doing)?;
    for relation in all
        .into_iter()
        .filter(|relation| incomplete.contains(&relation.source_oid))
    {
        let table = relation.name.plain();
        let message = format!("it could not be loaded and is suspended: {error}");
        let remedy = format!(
            "remedy the cause, then run \"transhume table reload {}\"",
            shell::word(&table)
        );
        let finding = Finding::warning(LOAD_FAILED, &table, message, remedy);
        relations::suspend(&*target, &[relation.source_oid])
            .await
            .doing(doing)?;
        finding::replace(&*target, ORIGIN, &finding).await.doing(doing)?;
        run.reporter.send(Report::Finding { finding });
    }
    Ok(())
}

/// What belongs to no single table (a foreign key that its rows do not fulfil) keeps nothing from being followed: it is told,
/// and tried again after a while.
async fn build_failed(run: &Run<'_>, target: &Session, error: &EngineError) -> Result<()> {
    let finding = Finding::warning(
        BUILD_FAILED,
        "",
        error.to_string(),
        error
            .hint()
            .unwrap_or_else(|| "remedy the cause; it is tried again by itself".to_owned()),
    );
    finding::replace(&**target, ORIGIN, &finding)
        .await
        .doing("recording a finding")?;
    run.reporter.send(Report::Finding { finding });
    run.reporter
        .waiting(format!("what was refused to be possible: {error}"));
    tokio::time::sleep(BUILD_AGAIN_AFTER).await;
    Ok(())
}
