//! Writing the plan of a full load, and taking it up again after a snapshot was lost.
//!
//! Every function runs inside the caller's transaction, so that a plan is there whole or not at all.

use serde::Serialize;
use tokio_postgres::GenericClient;
use transhume_core::{
    follow::visibility::Snapshot,
    guard::schema::TableFacts,
    load::format::FormatChoice,
    table::{Placement, Table},
};
use transhume_wire::ident::QualifiedName;

use crate::{
    catalog::emptying::empty,
    catalog::qualified_name,
    connection::{
        error::PgError,
        snapshot::{self, SnapshotHolder},
    },
    state::{
        build::{self, CopiedTable},
        exception,
        load::followed,
    },
};

/// A table to load.
#[derive(Debug, Clone)]
pub struct PlannedRelation {
    pub source_oid: u32,
    pub name: QualifiedName,
    pub columns: Vec<String>,
    pub format: FormatChoice,
    pub rows_estimate: i64,
    pub bytes: i64,
    /// The tables that hold its rows, where it is a tree that is moved as a whole.
    pub partitions: Vec<(u32, QualifiedName)>,
    /// The integer column by whose ranges the parts are cut, where each may be read under a snapshot of its own.
    pub range_column: Option<String>,
    /// At least one.
    pub parts: Vec<PlannedPart>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPart {
    /// OID of the partition whose rows these are, in a tree.
    pub partition: Option<u32>,
    pub predicate: String,
    /// First key of its range; none where it has no bound, or the table is not cut by ranges of a key.
    pub range_from: Option<i64>,
    pub bytes: i64,
}

/// A recorded snapshot that open parts still need.
#[derive(Debug, Clone)]
pub struct NeededSnapshot {
    pub id: i32,
    pub name: String,
    /// What it shows: after a restart the source gives the same names to others.
    pub shows: Snapshot,
    pub open_parts: i64,
}

/// What a reload under a new snapshot throws away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restarted {
    pub relations: u64,
    /// Tables that held finished parts and were emptied.
    pub emptied: Vec<QualifiedName>,
    /// Tables whose finished parts may stay: each key range may be read under a snapshot of its own.
    pub continued: u64,
}

#[derive(Serialize)]
struct RelationRow<'a> {
    source_oid: u32,
    schema_name: &'a str,
    table_name: &'a str,
    range_column: Option<&'a str>,
    columns: &'a [String],
    format: &'a str,
    format_reason: &'a str,
    rows_estimate: i64,
    bytes: i64,
}

#[derive(Serialize)]
struct PartitionRow<'a> {
    oid: u32,
    source_oid: u32,
    schema_name: &'a str,
    table_name: &'a str,
}

#[derive(Serialize)]
struct PartRow<'a> {
    source_oid: u32,
    number: usize,
    partition: Option<u32>,
    predicate: &'a str,
    range_from: Option<i64>,
    bytes: i64,
}

/// A table of a plan that was written, and how far it is.
#[derive(Debug, Clone)]
pub struct WrittenRelation {
    pub name: QualifiedName,
    pub format: String,
    pub format_reason: String,
    pub rows_estimate: i64,
    pub bytes: i64,
    pub parts: i64,
    pub parts_done: i64,
}

/// The plan that was written, largest table first.
pub async fn written(target: &impl GenericClient) -> Result<Vec<WrittenRelation>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/written_plan.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(WrittenRelation {
                name: qualified_name(row, "table_name")?,
                format: row.try_get("format")?,
                format_reason: row.try_get("format_reason")?,
                rows_estimate: row.try_get("rows_estimate")?,
                bytes: row.try_get("bytes")?,
                parts: row.try_get("parts")?,
                parts_done: row.try_get("parts_done")?,
            })
        })
        .collect()
}

/// A plan was written before.
pub async fn exists(target: &impl GenericClient) -> Result<bool, PgError> {
    let row = target
        .query_one(include_str!("../sql/load/plan_exists.sql"), &[])
        .await?;
    Ok(row.try_get(0)?)
}

/// Records a held snapshot and returns its number. `from_slot`: it is the slot's own, so that nothing
/// of the stream is visible in it.
pub async fn insert_snapshot(
    target: &impl GenericClient,
    holder: &SnapshotHolder,
    from_slot: bool,
) -> Result<i32, PgError> {
    let row = target
        .query_one(
            include_str!("../sql/load/insert_snapshot.sql"),
            &[
                &holder.name(),
                &holder.snapshot().to_string(),
                &from_slot,
                &holder.wal_end().to_string(),
            ],
        )
        .await?;
    Ok(row.try_get(0)?)
}

/// The same snapshot is now handed out under another name.
pub async fn rename_snapshot(target: &impl GenericClient, id: i32, name: &str) -> Result<(), PgError> {
    target
        .execute(include_str!("../sql/load/rename_snapshot.sql"), &[&id, &name])
        .await?;
    Ok(())
}

/// Writes relations with their parts, all to be read under one snapshot.
pub async fn insert(
    target: &impl GenericClient,
    snapshot_id: i32,
    relations: &[PlannedRelation],
    facts: &[TableFacts],
) -> Result<(), PgError> {
    let relation_rows: Vec<_> = relations.iter().map(relation_row).collect();
    target
        .execute(
            include_str!("../sql/load/insert_relations.sql"),
            &[&snapshot_id, &json(&relation_rows)],
        )
        .await?;
    insert_parts(target, relations).await?;
    followed::remember_facts(target, facts).await
}

async fn insert_parts(target: &impl GenericClient, relations: &[PlannedRelation]) -> Result<(), PgError> {
    let partitions: Vec<_> = relations.iter().flat_map(partition_rows).collect();
    write_partitions(target, &json(&partitions)).await?;
    let part_rows: Vec<_> = relations.iter().flat_map(part_rows).collect();
    target
        .execute(include_str!("../sql/load/insert_parts.sql"), &[&json(&part_rows)])
        .await?;
    Ok(())
}

/// Writes the plan of relations that are there already anew: as the source has them now, all parts
/// open, bound to no snapshot, their statistics to be made again.
pub async fn replace(target: &impl GenericClient, relations: &[PlannedRelation]) -> Result<(), PgError> {
    let relation_rows: Vec<_> = relations.iter().map(relation_row).collect();
    let oids: Vec<u32> = relations.iter().map(|relation| relation.source_oid).collect();
    target
        .execute(
            include_str!("../sql/load/replan_relations.sql"),
            &[&json(&relation_rows)],
        )
        .await?;
    let names: Vec<QualifiedName> = relations.iter().map(|relation| relation.name.clone()).collect();
    exception::forget(target, &names).await?;
    for forgetting in [
        include_str!("../sql/load/forget_parts.sql"),
        include_str!("../sql/load/forget_partitions.sql"),
    ] {
        target.execute(forgetting, &[&oids]).await?;
    }
    insert_parts(target, relations).await?;
    if build::are_planned(target).await? {
        analyze_again(target, relations, &oids).await?;
    }
    Ok(())
}

/// A partition's statistics were made with those of its tree; from now on it has a piece of its own.
async fn analyze_again(
    target: &impl GenericClient,
    relations: &[PlannedRelation],
    oids: &[u32],
) -> Result<(), PgError> {
    target
        .execute(include_str!("../sql/load/forget_analyze.sql"), &[&oids])
        .await?;
    let tables = relations.iter().map(|relation| {
        CopiedTable {
            oid: relation.source_oid,
            name: relation.name.clone(),
            bytes: relation.bytes,
            parts: 0,
        }
        .analyze()
    });
    build::add(target, &tables.collect::<Vec<_>>()).await
}

/// Writes which tables hold the rows of those trees among these that are moved as a whole.
pub async fn insert_partitions(target: &impl GenericClient, tables: &[&Table]) -> Result<(), PgError> {
    let row = |tree: u32, partition: &Table| {
        serde_json::json!({
            "oid": partition.oid,
            "source_oid": tree,
            "schema_name": partition.name.schema,
            "table_name": partition.name.name,
        })
    };
    let mut rows = Vec::new();
    for table in tables {
        if let Placement::Tree(partitions) = &table.placement {
            rows.extend(partitions.iter().map(|partition| row(table.oid, partition)));
        }
    }
    write_partitions(target, &rows.into()).await
}

async fn write_partitions(target: &impl GenericClient, rows: &serde_json::Value) -> Result<(), PgError> {
    if rows.as_array().is_some_and(|rows| !rows.is_empty()) {
        target
            .execute(include_str!("../sql/load/insert_partitions.sql"), &[rows])
            .await?;
    }
    Ok(())
}

fn relation_row(relation: &PlannedRelation) -> RelationRow<'_> {
    RelationRow {
        source_oid: relation.source_oid,
        schema_name: &relation.name.schema,
        table_name: &relation.name.name,
        range_column: relation.range_column.as_deref(),
        columns: &relation.columns,
        format: relation.format.format.name(),
        format_reason: &relation.format.reason,
        rows_estimate: relation.rows_estimate,
        bytes: relation.bytes,
    }
}

fn partition_rows(relation: &PlannedRelation) -> impl Iterator<Item = PartitionRow<'_>> {
    relation.partitions.iter().map(|(oid, name)| PartitionRow {
        oid: *oid,
        source_oid: relation.source_oid,
        schema_name: &name.schema,
        table_name: &name.name,
    })
}

fn part_rows(relation: &PlannedRelation) -> impl Iterator<Item = PartRow<'_>> {
    relation.parts.iter().enumerate().map(|(number, part)| PartRow {
        source_oid: relation.source_oid,
        number,
        partition: part.partition,
        predicate: &part.predicate,
        range_from: part.range_from,
        bytes: part.bytes,
    })
}

fn json<T: Serialize>(rows: &[T]) -> serde_json::Value {
    serde_json::to_value(rows).expect("invariant: rows of plain data become JSON")
}

/// Snapshots that open parts are to be read under.
pub async fn needed_snapshots(target: &impl GenericClient) -> Result<Vec<NeededSnapshot>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/needed_snapshots.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(NeededSnapshot {
                id: row.try_get("id")?,
                name: row.try_get("name")?,
                shows: snapshot::parse("transhume.snapshot", row.try_get("shows")?)?,
                open_parts: row.try_get("open_parts")?,
            })
        })
        .collect()
}

/// Takes the `lost` snapshots from every unfinished table. One whose parts are ranges of a key keeps those that are done; any
/// other is emptied where parts were done, and all its parts are open again. Finished tables are not touched.
///
/// Waits for every part that another process is copying: it may still finish under the old snapshot.
pub async fn restart_unfinished(target: &impl GenericClient, lost: &[i32]) -> Result<Restarted, PgError> {
    target
        .batch_execute(include_str!("../sql/load/lock_parts.sql"))
        .await?;
    let rows = target
        .query(include_str!("../sql/load/unfinished_relations.sql"), &[&lost])
        .await?;
    let mut oids: Vec<u32> = Vec::with_capacity(rows.len());
    let (mut anew, mut emptied) = (Vec::new(), Vec::new());
    for row in &rows {
        let oid = row.try_get("source_oid")?;
        oids.push(oid);
        if row.try_get("has_done_parts")? && !row.try_get::<_, bool>("is_in_ranges")? {
            anew.push(oid);
            emptied.push(qualified_name(row, "table_name")?);
        }
    }
    let continued = rows.iter().filter(|row| row.get("has_done_parts")).count() - emptied.len();
    empty(target, &emptied).await?;
    target
        .execute(include_str!("../sql/load/reopen_parts.sql"), &[&anew])
        .await?;
    target
        .execute(include_str!("../sql/load/unbind_relations.sql"), &[&oids])
        .await?;
    Ok(Restarted {
        relations: oids.len() as u64,
        emptied,
        continued: continued as u64,
    })
}
