//! Tables that join the migration while the rest is followed (`table add`).
//!
//! An addition is taken up while nothing is applied: from then on its tables belong to the migration and
//! their changes are skipped. Beside the following they get their definitions and become members of the
//! publication. Then, while nothing is applied again, their load is planned, and the way of a reload makes
//! it exact: the snapshot is taken once every transaction has ended that was running then (design §2.3).
//!
//! What cannot be done before the tables are published is taken back whole, and the reason is kept.

mod request;
mod withdrawal;

use std::time::Duration;

pub(super) use self::request::take_up;
use self::withdrawal::{refuse, tell, withdraw};

use transhume_core::{count::counted, disposition::Disposition, schema::addition::AdditionStep};
use transhume_pg::{
    catalog::tables::tables,
    connection::snapshot::SnapshotHolder,
    state::{
        addition::{self, Addition},
        build::{self, CopiedTable},
        finding, history,
        load::plan::{self, PlannedRelation},
    },
};
use transhume_wire::ident::QualifiedName;

use super::Run;
use crate::{
    error::{Doing, EngineError, Result},
    load,
    prepare::publishing::Publishing,
    schema::{self, GrantMoment, SchemaOptions, SchemaWork},
};

/// Origin of our findings in `transhume.finding`.
const ORIGIN: &str = "load";
/// Code of the finding that says why tables could not be added.
const REFUSED: &str = "table-not-added";
/// Code of the finding that says what an added table still lacks.
const INCOMPLETE: &str = "table-add-incomplete";
/// Between two attempts at what the operator must make possible.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

async fn all(run: &Run<'_>) -> Result<Vec<Addition>> {
    addition::all(&*run.target).await.doing("reading the additions")
}

async fn at(run: &Run<'_>, steps: &[AdditionStep]) -> Result<Vec<Addition>> {
    let mut additions = all(run).await?;
    additions.retain(|addition| steps.contains(&addition.step));
    Ok(additions)
}

/// Something can be done for tables that join, beside the following.
pub(super) async fn is_any_work(run: &Run<'_>) -> Result<bool> {
    let making = [AdditionStep::Schema, AdditionStep::Withdrawing];
    Ok(!at(run, &making).await?.is_empty() || !loaded(run).await?.is_empty())
}

async fn loaded(run: &Run<'_>) -> Result<Vec<Addition>> {
    let mut loaded = Vec::new();
    for addition in at(run, &[AdditionStep::Load]).await? {
        if addition::is_loaded(&*run.target, &addition)
            .await
            .doing("reading the state of the tables")?
        {
            loaded.push(addition);
        }
    }
    Ok(loaded)
}

/// Definitions and membership for all that wait for them; true when tables are ready to be planned.
pub(super) async fn make(run: &Run<'_>) -> Result<bool> {
    for addition in at(run, &[AdditionStep::Withdrawing]).await? {
        withdraw(run, &addition).await?;
    }
    let mut is_any_published = false;
    for addition in at(run, &[AdditionStep::Schema]).await? {
        match publish(run, &addition).await {
            Ok(()) => is_any_published = true,
            Err(error) if passes(&error) => return Err(error),
            Err(error) => refuse(run, &addition, &error).await?,
        }
    }
    Ok(is_any_published)
}

fn passes(error: &EngineError) -> bool {
    match error {
        EngineError::Interrupted => true,
        EngineError::Server { source, .. } => source.disposition() == Disposition::Retry,
        _ => false,
    }
}

async fn publish(run: &Run<'_>, addition: &Addition) -> Result<()> {
    let options = SchemaOptions::new(run.options.programs.clone(), run.replica_role);
    let work = work(run, addition, &options);
    let holder = SnapshotHolder::fresh(&run.endpoints.source, &run.migration.id)
        .await
        .doing("taking a snapshot of the source")?;
    schema::dump(&work, &holder).await?;
    drop(holder);
    schema::pre_data(&work).await?;
    schema::owners_and_grants(&work, GrantMoment::BeforeData).await?;
    let mut source = run.endpoints.source_session(&run.migration.id, "tables").await?;
    let target = run.endpoints.target_session(&run.migration.id, "tables").await?;
    let mut joining = tables(&source).await.doing("reading the source's tables")?;
    joining.retain(|table| addition.oids().contains(&table.oid));
    Publishing {
        source: &mut source,
        target: &target,
        reporter: run.reporter,
        cancellation: run.cancellation,
    }
    .join(&run.migration.publication_name, &joining)
    .await?;
    addition::advance(&*target, addition, AdditionStep::Published, "")
        .await
        .doing("recording that tables are published")?;
    Ok(())
}

fn work<'a>(run: &'a Run<'_>, addition: &'a Addition, options: &'a SchemaOptions) -> SchemaWork<'a> {
    SchemaWork {
        options,
        addition: Some(addition),
        ..run.schema_work()
    }
}

/// Plans the load of what is published. Nothing may be applying.
pub(super) async fn plan_published(run: &mut Run<'_>) -> Result<()> {
    for addition in at(run, &[AdditionStep::Published]).await? {
        match planned(run, &addition).await {
            Ok(()) => {}
            Err(error) if passes(&error) => return Err(error),
            Err(error) => refuse(run, &addition, &error).await?,
        }
    }
    Ok(())
}

async fn planned(run: &mut Run<'_>, addition: &Addition) -> Result<()> {
    let planned = load::plan_anew(&run.load_context(), &addition.oids()).await?;
    if planned.len() < addition.oids().len() {
        return Err(EngineError::stopped(
            "the source has one of these tables no more",
            "",
            "add the others again",
        ));
    }
    let options = SchemaOptions::new(run.options.programs.clone(), run.replica_role);
    let loaded: Vec<CopiedTable> = planned.iter().map(loaded_table).collect();
    let builds = schema::added_builds(&work(run, addition, &options), &loaded).await?;
    let writing = async {
        let transaction = run.target.transaction().await?;
        plan::replace(&transaction, &planned).await?;
        build::add(&transaction, &builds).await?;
        addition::advance(&transaction, addition, AdditionStep::Load, "").await?;
        Ok(transaction.commit().await?)
    };
    writing.await.doing("planning the load of added tables")?;
    run.reporter.step(format!(
        "planned {} and {}",
        counted(planned.len(), "added table"),
        counted(builds.len(), "build")
    ));
    Ok(())
}

fn loaded_table(relation: &PlannedRelation) -> CopiedTable {
    CopiedTable {
        oid: relation.source_oid,
        name: relation.name.clone(),
        bytes: relation.bytes,
        parts: i64::try_from(relation.parts.len()).unwrap_or(i64::MAX),
    }
}

/// What comes after the data, for additions whose tables are loaded and built. What the target refuses is
/// told, and tried again until it is possible.
pub(super) async fn complete(run: &Run<'_>) -> Result<()> {
    for addition in loaded(run).await? {
        while let Err(error) = post_data(run, &addition).await {
            if passes(&error) {
                return Err(error);
            }
            tell(
                run,
                INCOMPLETE,
                &addition.title(),
                &error,
                "remedy the cause; it is tried again by itself",
            )
            .await?;
            run.reporter
                .waiting(format!("what {} still lacks: {error}", addition.title()));
            tokio::time::sleep(AGAIN_AFTER).await;
        }
        run.reporter
            .step(format!("{} joined the migration", addition.title()));
    }
    Ok(())
}

async fn post_data(run: &Run<'_>, addition: &Addition) -> Result<()> {
    let options = SchemaOptions::new(run.options.programs.clone(), run.replica_role);
    let work = work(run, addition, &options);
    schema::post_data(&work).await?;
    schema::owners_and_grants(&work, GrantMoment::AfterData).await?;
    schema::forget_met(&work).await?;
    let source = run.endpoints.source_session(&run.migration.id, "tables").await?;
    let mut target = run.endpoints.target_session(&run.migration.id, "tables").await?;
    load::copy_sequences(&source, &target, &run.selector, 0).await?;
    let ending = async {
        let transaction = target.transaction().await?;
        addition::advance(&transaction, addition, AdditionStep::Done, "").await?;
        finding::clear_object(&transaction, ORIGIN, INCOMPLETE, &addition.title()).await?;
        let plain: Vec<_> = addition.names().map(QualifiedName::plain).collect();
        history::add(
            &transaction,
            "tables joined the migration",
            &serde_json::json!({ "tables": plain }),
        )
        .await?;
        Ok(transaction.commit().await?)
    };
    ending.await.doing("recording that tables joined")
}
