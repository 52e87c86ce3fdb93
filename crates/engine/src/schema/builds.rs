//! Planning the build work: indexes, keys, foreign keys, refreshes, from the source's catalog.

use std::collections::HashSet;
use transhume_core::{count::counted, direction::Direction, guard::anew::anew};

use transhume_core::schema::archive::{CatalogObject, Decision, Entry, EntryKind};
use transhume_pg::{
    catalog::build_definitions::{self, ForeignKeyDefinition, IndexDefinition},
    connection::session::Session,
    schema::{
        build,
        restore::{self, Content},
    },
    state::{
        archive::Disposition,
        build::{self as state, CopiedTable, NewBuild},
        history,
    },
};

use super::{SchemaWork, contents::Contents};
use crate::error::{Doing, EngineError, Result};

/// Adds all build work in one transaction; called again, it does nothing. The load must have planned
/// its tables: the builds of a table wait for its rows.
pub async fn plan_builds(work: &SchemaWork<'_>) -> Result<()> {
    let mut target = work.target().await?;
    if state::are_planned(&**target)
        .await
        .doing("looking for planned build work")?
    {
        return Ok(());
    }
    let loaded = state::loaded_tables(&**target)
        .await
        .doing("reading the tables of the load")?;
    let planned = planned(work, &target, &loaded).await?;
    store(&mut target, &planned).await?;
    work.reporter.step(format!(
        "{} planned (indexes, constraints and the like)",
        counted(planned.len(), "build")
    ));
    Ok(())
}

/// The build work of an addition, whose tables are planned to be loaded so. Writes nothing.
pub(crate) async fn added_builds(work: &SchemaWork<'_>, loaded: &[CopiedTable]) -> Result<Vec<NewBuild>> {
    let target = work.target().await?;
    planned(work, &target, loaded).await
}

async fn planned(work: &SchemaWork<'_>, target: &Session, loaded: &[CopiedTable]) -> Result<Vec<NewBuild>> {
    let source = work.source().await?;
    let contents = Contents::stored(work, source.server_version().major(), target).await?;
    let (builds, replaced): (Vec<_>, Vec<_>) = contents
        .with(Disposition::Replaced)
        .map(|(entry, _)| entry)
        .partition(|entry| is_build(entry));
    let relations = relations(&contents);
    let trees = build_definitions::partition_trees(&source, &relations)
        .await
        .doing("reading the partitioned tables")?;
    // As the dump does: the source does not quote what is a word of the language only in a later version.
    let quoted = source.server_version().major() != target.server_version().major();
    if quoted {
        build_definitions::begin_quoting(&source)
            .await
            .doing("asking for quoted names")?;
    }
    let mut planned = of_source(work, &source, &relations, &builds).await?;
    if quoted {
        build_definitions::end_quoting(&source)
            .await
            .doing("asking for names as they are")?;
    }
    let script = restore::script(
        &contents.archive.programs,
        &contents.archive.file,
        &replaced,
        (Content::Definitions, &work.migration.selection.roles),
    )
    .await
    .doing("reading the schema archive")?;
    planned.extend(build::definitions(&script));
    planned.extend(build::analyze(loaded, &trees));
    planned.extend(build::analyze_trees(&trees));
    planned.extend(build::vacuums(loaded));
    Ok(planned)
}

fn is_build(entry: &Entry) -> bool {
    matches!(
        entry.kind,
        EntryKind::Index | EntryKind::IndexAttach | EntryKind::Constraint | EntryKind::ForeignKey
    )
}

async fn of_source(
    work: &SchemaWork<'_>,
    source: &Session,
    relations: &[u32],
    entries: &[&Entry],
) -> Result<Vec<NewBuild>> {
    let oids = |kind: EntryKind| -> Vec<u32> {
        let of_kind = entries.iter().filter(|entry| entry.kind == kind);
        of_kind.map(|entry| entry.object.oid).collect()
    };
    let reading = "reading the definitions of indexes and keys";
    let indexes = build_definitions::indexes(source, &oids(EntryKind::Index), &oids(EntryKind::Constraint))
        .await
        .doing(reading)?;
    let keys = build_definitions::foreign_keys(source, &oids(EntryKind::ForeignKey))
        .await
        .doing(reading)?;
    all_found(entries, &indexes, &keys)?;
    let views = build_definitions::materialized_views(source, relations)
        .await
        .doing("reading the materialized views")?;
    let mut planned = build::indexes(&indexes);
    planned.extend(build::foreign_keys(&keys, !work.options.replica_role));
    planned.extend(build::refreshes(&views));
    Ok(planned)
}

/// Relations that the target has or will have.
fn relations(contents: &Contents) -> Vec<u32> {
    let restored = contents.with(Disposition::Restored);
    restored
        .chain(contents.with(Disposition::Replaced))
        .map(|(entry, _)| entry)
        .chain(contents.open(&Decision::BeforeData))
        .filter(|entry| entry.kind == EntryKind::Relation)
        .map(|entry| entry.object.oid)
        .collect()
}

/// An index that was dropped or rebuilt since the dump would be missing on the target without a word.
fn all_found(entries: &[&Entry], indexes: &[IndexDefinition], keys: &[ForeignKeyDefinition]) -> Result<()> {
    let constraints = indexes.iter().filter_map(|index| index.constraint.as_ref());
    let found: HashSet<(EntryKind, u32)> = indexes
        .iter()
        .map(|index| (EntryKind::Index, index.oid))
        .chain(constraints.map(|key| (EntryKind::Constraint, key.oid)))
        .chain(keys.iter().map(|key| (EntryKind::ForeignKey, key.oid)))
        .collect();
    let found = |object: CatalogObject, kind: EntryKind| {
        kind == EntryKind::IndexAttach || found.contains(&(kind, object.oid))
    };
    match entries.iter().find(|entry| !found(entry.object, entry.kind)) {
        None => Ok(()),
        Some(entry) => Err(EngineError::stopped(
            format!("{} is no longer on the source", entry.description.escape_debug()),
            "It was dropped or rebuilt after the schema was dumped.",
            format!(
                "{}; leave the schema as it is while the full load runs",
                anew(Direction::Forward)
            ),
        )),
    }
}

async fn store(target: &mut Session, planned: &[NewBuild]) -> Result<()> {
    let storing = async {
        let transaction = target.transaction().await?;
        state::add(&transaction, planned).await?;
        state::analyze(&transaction).await?;
        let detail = serde_json::json!({ "builds": planned.len() });
        history::add(&transaction, state::PLANNED, &detail).await?;
        Ok(transaction.commit().await?)
    };
    storing.await.doing("storing the planned build work")
}

/// Why an entry of the archive is left to the load.
pub(super) fn reason(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::ForeignKey => "it is made after all rows and validated by itself",
        EntryKind::IndexAttach => "it is attached together with its whole tree",
        _ => "it is built when its table is loaded",
    }
}
