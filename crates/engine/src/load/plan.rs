//! Planning the full load: which tables, in which parts, in which format, under which snapshot.

use std::collections::{BTreeMap, HashMap, HashSet};

use transhume_core::{
    count::counted,
    guard::schema::TableFacts,
    load::{
        PageRange, PartSize,
        format::{self, Ends, TypeFacts},
        key_ranges::{IntegerKey, KeyRange, split_by_key},
        split_by_ctid,
    },
    table::{Persistence, Placement, Table},
};
use transhume_pg::{
    catalog::{
        integer_keys::{integer_keys, key_extremes},
        table_facts::table_facts,
        tables::tables,
        type_facts::{encoding, type_facts},
    },
    connection::{
        error::PgError,
        session::Session,
        snapshot::{self, SnapshotHolder, SnapshotOrigin},
    },
    follow::publication,
    guard::user_types::user_types,
    load::copy_statement::{key_predicate, page_predicate},
    state::{
        finding, known_type,
        load::{
            large_objects as pieces,
            plan::{self as state, PlannedPart, PlannedRelation},
        },
    },
};
use transhume_wire::ident::QualifiedName;

use super::{LoadContext, LoadOptions, ORIGIN, large_objects, worker_counts};
use crate::{
    error::{Doing, Result},
    report::Report,
    selection::selector,
};

/// First major version whose scans can be confined to a range of pages.
const PAGE_RANGES_SINCE: u32 = 14;
/// What the plan of every table depends on.
struct Basis {
    types: BTreeMap<u32, TypeFacts>,
    ends: Ends,
    part_size: PartSize,
    keys: HashMap<u32, IntegerKey>,
}

/// Writes the plan of the full load in one transaction, to be read under the holder's snapshot.
/// Where a plan was written before, it stays.
pub async fn plan(context: &LoadContext<'_>, holder: &SnapshotHolder) -> Result<()> {
    let mut target = context.target_session("plan").await?;
    if state::exists(&*target).await.doing("looking for a plan")? {
        return Ok(());
    }
    let source = context.source_session("plan").await?;
    let selector = selector(&context.migration.selection)?;
    // As the snapshot shows them: what is altered later is a change to be followed.
    snapshot::import_held(&source, holder)
        .await
        .doing("reading the source's tables under the load's snapshot")?;
    let mut selected = tables(&source).await.doing("reading the source's tables")?;
    selected.retain(|table| table.moves_rows() && selector.selects(&table.name));
    leave_unpublished(context, &source, &mut selected).await?;
    let mut facts = table_facts(&*source, &context.migration.publication_name)
        .await
        .doing("reading what the source's tables are")?;
    let types = user_types(&*source)
        .await
        .doing("reading what the source's types are")?;
    let oids: HashSet<u32> = selected.iter().map(|table| table.oid).collect();
    facts.retain(|facts| oids.contains(&facts.oid));
    let relations = relations(context.options, &source, &target, &selected).await?;
    snapshot::end(&source)
        .await
        .doing("reading the source's tables under the load's snapshot")?;
    let large_objects = large_objects::pieces(&source).await?;
    let findings = large_objects::findings(&source, &target).await?;
    known_type::remember(&*target, &types)
        .await
        .doing("noting what the source's types are")?;
    write(&mut target, holder, (&relations, &facts), &large_objects)
        .await
        .doing("writing the plan of the full load")?;
    for finding in findings {
        finding::replace(&*target, ORIGIN, &finding)
            .await
            .doing("recording a finding")?;
        context.reporter.send(Report::Finding { finding });
    }
    report(context, &relations, large_objects.iter().map(Vec::len).sum());
    Ok(())
}

/// A table that was made after the publication would be loaded and never followed: it is left to `table add`, and
/// named by a finding once the rest is followed.
async fn leave_unpublished(
    context: &LoadContext<'_>,
    source: &Session,
    selected: &mut Vec<Table>,
) -> Result<()> {
    let members = publication::tables(source, &context.migration.publication_name)
        .await
        .doing("reading the publication's tables")?;
    let Some(members) = members else {
        return Ok(());
    };
    let members: HashSet<_> = members.into_iter().collect();
    let is_member =
        |table: &Table| table.persistence == Persistence::Unlogged || members.contains(&table.name);
    for table in selected.iter_mut() {
        if let Placement::Tree(partitions) = &mut table.placement {
            partitions.retain(is_member);
        }
    }
    selected.retain(|table| matches!(table.placement, Placement::Tree(_)) || is_member(table));
    Ok(())
}

/// The plan of tables that are to be loaded anew, as the source has them now; one that is gone there is
/// left out.
pub async fn plan_anew(context: &LoadContext<'_>, oids: &[u32]) -> Result<Vec<PlannedRelation>> {
    let source = context.source_session("plan").await?;
    let target = context.target_session("plan").await?;
    let mut wanted = tables(&source).await.doing("reading the source's tables")?;
    wanted.retain(|table| table.moves_rows() && oids.contains(&table.oid));
    relations(context.options, &source, &target, &wanted).await
}

/// The plan of these tables. Writes nothing.
pub(crate) async fn relations(
    options: &LoadOptions,
    source: &Session,
    target: &Session,
    selected: &[Table],
) -> Result<Vec<PlannedRelation>> {
    let basis = basis(options, source, target, selected).await?;
    let mut relations = Vec::with_capacity(selected.len());
    for table in selected {
        relations.push(
            planned(source, table, &basis)
                .await
                .doing("planning the full load")?,
        );
    }
    Ok(relations)
}

async fn basis(
    options: &LoadOptions,
    source: &Session,
    target: &Session,
    selected: &[Table],
) -> Result<Basis> {
    let (counts, _) = worker_counts(options, source, target).await?;
    let total: u64 = selected.iter().map(bytes).sum();
    let part_size = options
        .part_bytes
        .map_or_else(|| PartSize::of_load(total, counts.loaders), PartSize::of);
    let doing = "reading what the choice of format needs";
    let source_encoding = encoding(source).await.doing(doing)?;
    let target_encoding = encoding(target).await.doing(doing)?;
    Ok(Basis {
        types: type_facts(source).await.doing(doing)?,
        ends: Ends {
            source_major: source.server_version().major(),
            target_major: target.server_version().major(),
            same_encoding: source_encoding == target_encoding,
        },
        part_size,
        keys: keys(source, selected, part_size)
            .await
            .doing("reading the keys of large tables")?,
    })
}

/// Integer keys of the tables that may be split by them.
async fn keys(
    source: &Session,
    selected: &[Table],
    part_size: PartSize,
) -> std::result::Result<HashMap<u32, IntegerKey>, PgError> {
    let large: Vec<u32> = selected
        .iter()
        .flat_map(Table::stores)
        .filter(|table| part_size.parts(bytes(table)) > 1)
        .map(|table| table.oid)
        .collect();
    integer_keys(source, &large).await
}

async fn planned(
    source: &Session,
    table: &Table,
    basis: &Basis,
) -> std::result::Result<PlannedRelation, PgError> {
    let columns = table
        .written_columns()
        .map(|column| (column.name.as_str(), column.type_oid));
    let (parts, range_column) = parts(source, table, basis).await?;
    Ok(PlannedRelation {
        source_oid: table.oid,
        name: table.name.clone(),
        columns: table
            .written_columns()
            .map(|column| column.name.clone())
            .collect(),
        format: format::choose(columns, &basis.types, basis.ends),
        rows_estimate: table.rows_estimate,
        bytes: table.bytes,
        partitions: partitions(table),
        range_column,
        parts,
    })
}

fn partitions(table: &Table) -> Vec<(u32, QualifiedName)> {
    let Placement::Tree(partitions) = &table.placement else {
        return Vec::new();
    };
    partitions
        .iter()
        .map(|partition| (partition.oid, partition.name.clone()))
        .collect()
}

/// The parts of a table, and the column whose ranges they are where each may be read under a snapshot of its own.
async fn parts(
    source: &Session,
    table: &Table,
    basis: &Basis,
) -> std::result::Result<(Vec<PlannedPart>, Option<String>), PgError> {
    let Placement::Tree(partitions) = &table.placement else {
        return parts_of(source, table, basis, None).await;
    };
    let mut parts = Vec::with_capacity(partitions.len());
    for partition in partitions {
        let (of_partition, _) = parts_of(source, partition, basis, Some(partition.oid)).await?;
        // Ranges of one partition are none of the tree, whose rows move between partitions.
        parts.extend(of_partition.into_iter().map(|part| PlannedPart {
            range_from: None,
            ..part
        }));
    }
    if parts.is_empty() {
        // A tree without partitions has no rows, and is loaded once its one part is done.
        parts.push(PlannedPart {
            partition: None,
            predicate: "false".to_owned(),
            range_from: None,
            bytes: 0,
        });
    }
    Ok((parts, None))
}

async fn parts_of(
    source: &Session,
    table: &Table,
    basis: &Basis,
    partition: Option<u32>,
) -> std::result::Result<(Vec<PlannedPart>, Option<String>), PgError> {
    let reads_pages = basis.ends.source_major >= PAGE_RANGES_SINCE;
    let key = basis.keys.get(&table.oid).filter(|key| {
        let must_be_key = !reads_pages && key.is_whole_key;
        must_be_key || key.is_worth_ranges()
    });
    // What cannot be copied by rows is counted and filled at once.
    let pieces: Vec<(String, Option<i64>)> = if table.written_columns().next().is_none() {
        vec![(String::new(), None)]
    } else if let Some(key) = key {
        let ranges = key_ranges(source, table, key, basis.part_size).await?.into_iter();
        let piece = |range: KeyRange| (key_predicate(&key.column, range.from, range.to), range.from);
        ranges.map(piece).collect()
    } else if reads_pages {
        page_ranges(table, basis.part_size)
            .iter()
            .map(|range| (page_predicate(range.from, range.to), None))
            .collect()
    } else {
        vec![(String::new(), None)]
    };
    let is_apart = |key: &&IntegerKey| key.keeps_ranges_apart && pieces.len() > 1;
    let range_column = key.filter(is_apart).map(|key| key.column.clone());
    let share = table.bytes / i64::try_from(pieces.len()).unwrap_or(i64::MAX).max(1);
    let part = |(predicate, range_from)| PlannedPart {
        partition,
        predicate,
        range_from,
        bytes: share,
    };
    Ok((pieces.into_iter().map(part).collect(), range_column))
}

fn page_ranges(table: &Table, part_size: PartSize) -> Vec<PageRange> {
    let pages = u32::try_from(table.pages.max(0)).unwrap_or(u32::MAX);
    split_by_ctid(pages, part_size.parts(bytes(table)))
}

async fn key_ranges(
    source: &Session,
    table: &Table,
    key: &IntegerKey,
    part_size: PartSize,
) -> std::result::Result<Vec<KeyRange>, PgError> {
    let pieces = usize::try_from(part_size.ranges(bytes(table))).unwrap_or(usize::MAX);
    let bounds = if key.bounds.len() < 2 {
        key_extremes(source, &table.name, &key.column).await?
    } else {
        key.bounds.clone()
    };
    Ok(split_by_key(&bounds, pieces))
}

async fn write(
    target: &mut Session,
    holder: &SnapshotHolder,
    (relations, facts): (&[PlannedRelation], &[TableFacts]),
    large_objects: &[Vec<u32>],
) -> std::result::Result<(), PgError> {
    let transaction = target.transaction().await?;
    let snapshot =
        state::insert_snapshot(&transaction, holder, holder.origin() == SnapshotOrigin::Imported).await?;
    state::insert(&transaction, snapshot, relations, facts).await?;
    pieces::insert(&transaction, large_objects).await?;
    Ok(transaction.commit().await?)
}

fn report(context: &LoadContext<'_>, relations: &[PlannedRelation], large_objects: usize) {
    let parts: usize = relations.iter().map(|relation| relation.parts.len()).sum();
    let as_text = relations
        .iter()
        .filter(|relation| relation.format.format == format::Format::Text)
        .count();
    let large_objects = match large_objects {
        0 => String::new(),
        count => format!(", {}", counted(count, "large object")),
    };
    context.reporter.step(format!(
        "planned {} in {}, {as_text} of them as text{large_objects}",
        counted(relations.len(), "table"),
        counted(parts, "part")
    ));
}

fn bytes(table: &Table) -> u64 {
    u64::try_from(table.bytes).unwrap_or_default()
}
