//! Tables that wait for a snapshot: planned as it shows them, with the target's tables made to fit, and bound to it.
//!
//! Such a table has no rows on the target, so whatever has become of it on the source can be followed exactly: renamed,
//! altered, moved. One that the source has no more is left out from here on; one that cannot be made to fit is
//! suspended with the reason, so that nothing holds up the rest.

use std::collections::HashMap;

use transhume_core::{
    finding::{Finding, Remedy},
    guard::{
        schema::{self, Followed, SchemaChange, TableFacts, as_planned::is_read_alike},
        user_types::needed_by,
    },
    load::format::{Format, FormatChoice},
    shell,
};
use transhume_pg::{
    catalog::{build_definitions, emptying, table_facts::table_facts, tables::tables},
    connection::{
        error::PgError,
        session::Session,
        snapshot::{self, SnapshotHolder},
    },
    guard::{schema_change, user_types},
    schema::build,
    state::{
        finding,
        load::{
            binding as state_binding,
            followed::{follow_names, followed},
            plan::{self, PlannedRelation},
            relations,
        },
    },
};

use super::{LOAD_FAILED, LoadContext, ORIGIN, plan::relations as planned_relations};
use crate::{
    error::{Doing, Result},
    report::Report,
};

/// What the snapshot shows of tables, by their OIDs.
struct Seen {
    facts: HashMap<u32, TableFacts>,
    planned: HashMap<u32, PlannedRelation>,
}

/// A table that is not on the target as the snapshot shows it.
struct Altered {
    table: Followed,
    changes: Vec<SchemaChange>,
}

/// Binds all of these tables, or says what became of those that cannot be.
pub(super) async fn bind(
    context: &LoadContext<'_>,
    target: &mut Session,
    holder: &SnapshotHolder,
    unbound: &[u32],
) -> Result<()> {
    let doing = "binding tables to a snapshot";
    let seen = read(context, target, holder, unbound).await?;
    let mut known = followed(&**target).await.doing(doing)?;
    known.retain(|table| unbound.contains(&table.oid));
    let on_target = target_facts(target).await.doing(doing)?;
    let snapshot = plan::insert_snapshot(&**target, holder, false)
        .await
        .doing(doing)?;
    let continued = keep_finished_parts(context, target, (&known, &seen, &on_target), snapshot).await?;
    known.retain(|table| !continued.contains(&table.oid));
    let (mut fitting, mut altered, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for table in known {
        let Some(facts) = seen.facts.get(&table.oid) else {
            gone.push(table);
            continue;
        };
        let changes = schema::differences(&table, facts, &on_target);
        if changes.is_empty() {
            fitting.push(table.oid);
        } else {
            altered.push(Altered { table, changes });
        }
    }
    leave_out(context, target, &gone).await?;
    let (planned, facts) = fitting_plan(&seen, &fitting, &on_target);
    let binding = async {
        let transaction = target.transaction().await?;
        state_binding::replace_bound(&transaction, &planned, &facts, snapshot).await?;
        Ok(transaction.commit().await?)
    };
    binding.await.doing(doing)?;
    for altered in altered {
        fit(context, target, &seen, altered, snapshot).await?;
    }
    Ok(())
}

/// Binds tables whose finished parts stay, and says which; other tables that have finished parts lose them. Those parts may stay
/// where nothing but rows has changed since they were read: not the file, which TRUNCATE and a rewrite exchange, not a
/// column in whatever way, not what is published.
async fn keep_finished_parts(
    context: &LoadContext<'_>,
    target: &mut Session,
    (known, seen, on_target): (&[Followed], &Seen, &[TableFacts]),
    snapshot: i32,
) -> Result<Vec<u32>> {
    let oids: Vec<u32> = known.iter().map(|table| table.oid).collect();
    let is_as_it_was = |table: &&Followed| is_as_it_was(table, &seen.facts, on_target);
    let binding = async {
        let transaction = target.transaction().await?;
        let begun = state_binding::begun(&transaction, &oids).await?;
        let begun = known.iter().filter(|table| begun.contains(&table.oid));
        let (stay, lost): (Vec<&Followed>, Vec<&Followed>) = begun.partition(is_as_it_was);
        let stay: Vec<u32> = stay.iter().map(|table| table.oid).collect();
        let lost: Vec<_> = lost.iter().map(|table| (table.oid, table.name.clone())).collect();
        state_binding::begin_anew(&transaction, &lost).await?;
        state_binding::bind(&transaction, &stay, snapshot).await?;
        transaction.commit().await?;
        Ok((stay, lost))
    };
    let (stay, lost) = binding
        .await
        .doing("binding the parts that are left to a snapshot")?;
    for (_, table) in &lost {
        context.reporter.step(format!(
            "{} was truncated, rewritten or altered on the source since some of it was read: all of it is read again",
            table.plain()
        ));
    }
    Ok(stay)
}

/// Binds tables that are cut into ranges to a newer snapshot while they are loaded: gives how many. One that the snapshot does not
/// show as it was stays with the one before, where whoever claims a part of it finds that out.
///
/// Nobody is waited for: a part under way is finished under the snapshot that it was claimed with, and recorded so.
pub(super) async fn rebind_ranges(
    context: &LoadContext<'_>,
    target: &mut Session,
    holder: &SnapshotHolder,
    oids: &[u32],
) -> Result<u64> {
    let doing = "binding the parts that are left to a newer snapshot";
    let source = context.source_session("plan").await?;
    let facts = facts_under(context, &source, holder, oids).await.doing(doing)?;
    let mut known = followed(&**target).await.doing(doing)?;
    let on_target = target_facts(target).await.doing(doing)?;
    known.retain(|table| oids.contains(&table.oid) && is_as_it_was(table, &facts, &on_target));
    let stay: Vec<u32> = known.iter().map(|table| table.oid).collect();
    if stay.is_empty() {
        return Ok(0);
    }
    let binding = async {
        let transaction = target.transaction().await?;
        let snapshot = plan::insert_snapshot(&transaction, holder, false).await?;
        let bound = state_binding::rebind_ranges(&transaction, &stay, snapshot).await?;
        transaction.commit().await?;
        Ok(bound)
    };
    binding.await.doing(doing)
}

/// Nothing but rows has changed on the source since this was remembered, and the target fits.
fn is_as_it_was(table: &Followed, facts: &HashMap<u32, TableFacts>, on_target: &[TableFacts]) -> bool {
    let remembered = table.remembered.as_ref().map(|remembered| &remembered.facts);
    let facts = facts.get(&table.oid);
    remembered.is_some()
        && remembered == facts
        && facts.is_some_and(|facts| schema::differences(table, facts, on_target).is_empty())
}

/// What the snapshot shows of these tables; the session is in its transaction afterwards.
async fn facts_under(
    context: &LoadContext<'_>,
    source: &Session,
    holder: &SnapshotHolder,
    oids: &[u32],
) -> std::result::Result<HashMap<u32, TableFacts>, PgError> {
    snapshot::import_held(source, holder).await?;
    let facts = table_facts(&**source, &context.migration.publication_name).await?;
    let wanted = facts.into_iter().filter(|table| oids.contains(&table.oid));
    Ok(wanted.map(|table| (table.oid, table)).collect())
}

/// Under the snapshot, in a session of its own: the holder's would keep its locks for as long as the load lasts.
async fn read(
    context: &LoadContext<'_>,
    target: &Session,
    holder: &SnapshotHolder,
    oids: &[u32],
) -> Result<Seen> {
    let source = context.source_session("plan").await?;
    let doing = "reading tables under their snapshot";
    let facts = facts_under(context, &source, holder, oids).await.doing(doing)?;
    let mut wanted = tables(&source).await.doing(doing)?;
    wanted.retain(|table| table.moves_rows() && oids.contains(&table.oid));
    let planned = planned_relations(context.options, &source, target, &wanted).await?;
    Ok(Seen {
        facts,
        planned: planned
            .into_iter()
            .map(|relation| (relation.source_oid, relation))
            .collect(),
    })
}

async fn target_facts(target: &Session) -> std::result::Result<Vec<TableFacts>, PgError> {
    // The target's tables are in no publication of ours.
    table_facts(&**target, "").await
}

/// The plan of these tables, which the target has as the snapshot shows them, and their facts.
fn fitting_plan(
    seen: &Seen,
    oids: &[u32],
    on_target: &[TableFacts],
) -> (Vec<PlannedRelation>, Vec<TableFacts>) {
    let planned = oids.iter().filter_map(|oid| seen.planned.get(oid).cloned());
    let planned = planned.map(|relation| readable(relation, seen, on_target));
    let facts = oids.iter().filter_map(|oid| seen.facts.get(oid).cloned());
    (planned.collect(), facts.collect())
}

/// As text where the target's columns would read the same bytes as other values.
fn readable(mut relation: PlannedRelation, seen: &Seen, on_target: &[TableFacts]) -> PlannedRelation {
    let source = seen.facts.get(&relation.source_oid);
    let target = on_target.iter().find(|table| table.name == relation.name);
    let other = source.zip(target).and_then(|(source, target)| {
        source.columns.iter().find(|column| {
            let there = target.column_called(&column.name);
            there.is_some_and(|there| !is_read_alike(column.type_oid, there.type_oid))
        })
    });
    if let Some(column) = other {
        relation.format = FormatChoice {
            format: Format::Text,
            reason: format!(
                "column {}: the target has another type",
                column.name.escape_debug()
            ),
        };
    }
    relation
}

/// Makes the target's table fit, in the transaction that plans and binds it; suspends it where that is refused.
async fn fit(
    context: &LoadContext<'_>,
    target: &mut Session,
    seen: &Seen,
    altered: Altered,
    snapshot: i32,
) -> Result<()> {
    let source = context.source_session("plan").await?;
    let doing = "making the target's table fit its source";
    let oid = altered.table.oid;
    // Another table may have got out of its way meanwhile.
    let on_target = target_facts(target).await.doing(doing)?;
    let changes = seen.facts.get(&oid).map_or_else(
        || altered.changes.clone(),
        |facts| schema::differences(&altered.table, facts, &on_target),
    );
    let types = user_types::all_changes(&*source, &**target).await.doing(doing)?;
    let mut statements = Vec::new();
    for change in &changes {
        let remedy = schema_change::remedy(&source, change).await.doing(doing)?;
        let new_type = needed_by(&types, change).map(user_types::statement);
        statements.extend(new_type.filter(|new| !statements.contains(new)));
        statements.extend(Some(remedy.statement).filter(|statement| !statement.is_empty()));
    }
    let done = if changes
        .iter()
        .any(|change| change.kind == schema::ChangeKind::TableLost)
    {
        Fitting::Refused("the target's table is gone".to_owned())
    } else {
        attempt(&source, target, (seen, &altered.table), &statements, snapshot)
            .await
            .doing(doing)?
    };
    let table = altered.table.name.plain();
    match done {
        Fitting::Done => context.reporter.step(format!(
            "{table} was altered on the source before it was copied; done on the target: {}",
            statements.join("; ")
        )),
        Fitting::Refused(refusal) => suspend(context, target, &altered.table, &refusal, &statements).await?,
    }
    Ok(())
}

/// Whether the target's table could be made to fit.
enum Fitting {
    Done,
    /// By the server, with its message.
    Refused(String),
}

async fn attempt(
    source: &Session,
    target: &mut Session,
    (seen, table): (&Seen, &Followed),
    statements: &[String],
    snapshot: i32,
) -> std::result::Result<Fitting, PgError> {
    let oid = table.oid;
    let indexes = build_definitions::indexes_of(source, oid).await?;
    let transaction = target.transaction().await?;
    for statement in statements {
        match transaction.batch_execute(statement).await.map_err(PgError::from) {
            Ok(()) => {}
            Err(PgError::Server(error)) => return Ok(Fitting::Refused(error.message)),
            Err(error) => return Err(error),
        }
    }
    follow_names(&transaction).await?;
    let on_target = table_facts(&transaction, "").await?;
    let (planned, facts) = fitting_plan(seen, &[oid], &on_target);
    state_binding::replace_bound(&transaction, &planned, &facts, snapshot).await?;
    state_binding::replace_builds(&transaction, oid, &table.name, &build::indexes(&indexes)).await?;
    transaction.commit().await?;
    Ok(Fitting::Done)
}

async fn suspend(
    context: &LoadContext<'_>,
    target: &Session,
    table: &Followed,
    refusal: &str,
    statements: &[String],
) -> Result<()> {
    let doing = "suspending a table that cannot be loaded";
    relations::suspend(&**target, &[table.oid]).await.doing(doing)?;
    let name = table.name.plain();
    let message = format!(
        "it was altered on the source before it was copied, and the target refuses the same: {refusal}; it is suspended"
    );
    let remedy = Remedy::from("make it fit on the target: ")
        .then(Remedy::run(statements.join("; ")))
        .then(format!(
            "; then \"transhume table reload {}\"",
            shell::word(&name)
        ));
    let finding = Finding::warning(LOAD_FAILED, &name, message, remedy);
    finding::replace(&**target, ORIGIN, &finding).await.doing(doing)?;
    context.reporter.send(Report::Finding { finding });
    Ok(())
}

async fn leave_out(context: &LoadContext<'_>, target: &mut Session, gone: &[Followed]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let oids: Vec<u32> = gone.iter().map(|table| table.oid).collect();
    relations::drop(&**target, &oids)
        .await
        .doing("leaving out tables that the source has no more")?;
    for table in gone {
        // Made by the migration, and never filled.
        let is_dropped = emptying::drop_empty(target, &table.name)
            .await
            .doing("dropping a table that the source has no more")?;
        let there = if is_dropped {
            ""
        } else {
            "; the target keeps it, since others rest on it"
        };
        context.reporter.step(format!(
            "{} was dropped on the source before it was copied: the load continues without it{there}",
            table.name.plain()
        ));
    }
    Ok(())
}
