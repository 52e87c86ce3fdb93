//! What the runner looks for beside the following: cutovers whose process died, which it undoes, and tables of
//! the source that the selection takes and the migration has not.

use std::{collections::HashSet, time::Duration};

use transhume_core::{
    finding::{Finding, Remedy},
    phase::Phase,
    selection::Selector,
    shell,
};
use transhume_pg::{
    catalog::tables::{in_the_way, names_of_tables},
    connection::{error::PgError, session::Session},
    state::{finding, load::relations, migration, runner},
};
use transhume_wire::ident::QualifiedName;

use super::Run;
use crate::{
    cutover,
    endpoints::Sessions,
    error::{Doing, EngineError, Result},
    follow::ORIGIN,
    report::Report,
};

/// How often the runner looks for cutovers: the application waits this long after a cutover's sudden death.
const INTERVAL: Duration = Duration::from_millis(250);

/// How often the runner looks for new tables: nobody waits for it, and the cutover looks for itself.
const TABLES_INTERVAL: Duration = Duration::from_secs(10);
/// The first look comes when what following begins with is over: a run that only catches up is spared it.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// Code of the findings that name them.
pub(crate) const NOT_MIGRATED: &str = "table-not-migrated";

/// Names in findings what appeared on the source since the migration began. Failures to look are followed by
/// another look: the following itself says when a server is gone.
pub(super) async fn new_tables(run: &Run<'_>) -> std::convert::Infallible {
    let mut reported = None;
    tokio::time::sleep(FIRST_LOOK).await;
    loop {
        if let Ok(found) = look_for_tables(run, reported.as_ref()).await {
            reported = Some(found);
        }
        tokio::time::sleep(TABLES_INTERVAL).await;
    }
}

async fn look_for_tables(run: &Run<'_>, reported: Option<&Vec<Finding>>) -> Result<Vec<Finding>> {
    let source = run.endpoints.source_session(&run.migration.id, "tables").await?;
    let mut target = run.endpoints.target_session(&run.migration.id, "tables").await?;
    let found = not_migrated(&source, &target, &run.selector)
        .await
        .doing("looking for new tables on the source")?;
    if reported != Some(&found) {
        tell(&mut target, &found).await.doing("recording findings")?;
        for finding in &found {
            run.reporter.send(Report::Finding {
                finding: finding.clone(),
            });
        }
    }
    Ok(found)
}

/// Tables with rows that the selection takes and the migration has not.
async fn not_migrated(
    source: &Session,
    target: &Session,
    selector: &Selector,
) -> std::result::Result<Vec<Finding>, PgError> {
    let known: HashSet<u32> = relations::all(&**target)
        .await?
        .iter()
        .map(|relation| relation.source_oid)
        .collect();
    let present = names_of_tables(source).await?;
    let new = present
        .into_iter()
        .filter(|(oid, name)| selector.selects(name) && !known.contains(oid));
    let new: Vec<QualifiedName> = new.map(|(_, name)| name).collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let in_the_way = in_the_way(target, &new).await?;
    let is_of = |table: &QualifiedName| in_the_way.iter().find(|(name, _)| name == table);
    let findings = new
        .iter()
        .map(|table| finding_of(table, is_of(table).map(|(_, kind)| kind.as_str())));
    Ok(findings.collect())
}

/// `in_the_way`: what the target has under its name.
fn finding_of(table: &QualifiedName, in_the_way: Option<&str>) -> Finding {
    let plain = table.plain();
    let add = format!(
        "run \"transhume table add {}\", or leave it behind knowingly",
        shell::word(&plain)
    );
    let remedy = match in_the_way {
        Some(kind) => Remedy::on_target(format!("drop {kind} {table}")).then(format!("; then {add}")),
        None => Remedy::from(add),
    };
    Finding::warning(
        NOT_MIGRATED,
        &plain,
        "it is new on the source and the target does not get it",
        remedy,
    )
}

/// All of them or what was told before: status shows one moment.
async fn tell(target: &mut Session, found: &[Finding]) -> std::result::Result<(), PgError> {
    let transaction = target.transaction().await?;
    finding::clear(&transaction, ORIGIN, NOT_MIGRATED).await?;
    for finding in found {
        finding::replace(&transaction, ORIGIN, finding).await?;
    }
    Ok(transaction.commit().await?)
}

/// Watches until something fails; every interrupted cutover that it meets is undone.
pub(super) async fn interrupted_cutover(run: &Run<'_>) -> EngineError {
    loop {
        if let Err(error) = look(run).await {
            return error;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn phase(run: &Run<'_>) -> Result<Option<Phase>> {
    let migration = migration::read(&run.target)
        .await
        .doing("reading the migration")?;
    Ok(migration.map(|migration| migration.phase))
}

/// One look, to its end: whoever follows only until the target has caught up may be there before the cutover is undone.
pub(super) async fn look(run: &Run<'_>) -> Result<()> {
    if !matches!(phase(run).await?, Some(Phase::Cutover | Phase::Opening))
        || runner::is_cutover_alive(&run.target)
            .await
            .doing("looking for the cutover")?
    {
        return Ok(());
    }
    // It may have ended well between the two looks; now that it is gone, its phase is its last word.
    match phase(run).await? {
        Some(Phase::Cutover) => Box::pin(undo(run)).await,
        Some(Phase::Opening) => Err(cutover::half_open()),
        _ => Ok(()),
    }
}

/// Under the cutover's lock, so that neither a new cutover nor the one that has only lost its session does it too.
async fn undo(run: &Run<'_>) -> Result<()> {
    // Our own session may have begun when the source was closed already, and be read-only.
    let endpoints = run.endpoints.behind_fences();
    let target = endpoints.target_session(&run.migration.id, "undo").await?;
    let doing = "taking the cutover's lock";
    if !runner::try_cutover_lock(&target).await.doing(doing)? || phase(run).await? != Some(Phase::Cutover) {
        return Ok(());
    }
    let source = endpoints.source_session(&run.migration.id, "undo").await?;
    let pgbouncer = run.options.pgbouncer.as_ref();
    cutover::undo_interrupted(
        run.endpoints,
        pgbouncer,
        Sessions::of(&source, &target),
        run.reporter,
    )
    .await
}
