//! Definitions of indexes, keys, foreign keys and materialized views, as the source's catalogs print them.
//!
//! The texts are schema-qualified, since our sessions run with an empty search_path.

use tokio_postgres::{Client, Row};
use transhume_wire::ident::QualifiedName;

use crate::connection::error::PgError;

/// From here on definitions come with all names quoted; in a transaction, so that no later reader of the session sees it.
pub async fn begin_quoting(source: &Client) -> Result<(), PgError> {
    let quoting = "begin read only; set local quote_all_identifiers = on";
    Ok(source.batch_execute(quoting).await?)
}

pub async fn end_quoting(source: &Client) -> Result<(), PgError> {
    Ok(source.batch_execute("commit").await?)
}

/// An index with the key constraint that it backs.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for a column of the catalogs"
)]
#[derive(Debug, Clone)]
pub struct IndexDefinition {
    pub oid: u32,
    pub table_oid: u32,
    pub table: QualifiedName,
    pub name: String,
    /// It is on a materialized view.
    pub on_materialized_view: bool,
    /// It is on a partitioned table: only the frame that the indexes of partitions are attached to.
    pub partitioned: bool,
    /// The index of the parent table that it is attached to.
    pub parent_oid: Option<u32>,
    /// `CREATE INDEX …`; `ON ONLY` for a partitioned one.
    pub definition: String,
    pub constraint: Option<KeyDefinition>,
    pub clustered: bool,
    pub replica_identity: bool,
    /// Size on the source.
    pub bytes: i64,
    /// `number SET STATISTICS value` for expression columns with a target of their own.
    pub statistics_targets: Vec<String>,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for a column of the catalogs"
)]
#[derive(Debug, Clone)]
pub struct KeyDefinition {
    pub oid: u32,
    pub name: String,
    pub primary: bool,
    pub deferrable: bool,
    pub deferred: bool,
    /// As `ALTER TABLE … ADD CONSTRAINT` takes it.
    pub definition: String,
    /// An exclusion constraint or a key WITHOUT OVERLAPS: cannot be made from a finished index.
    pub exclusion: bool,
}

#[derive(Debug, Clone)]
pub struct ForeignKeyDefinition {
    pub oid: u32,
    pub name: String,
    pub table: QualifiedName,
    /// The table, or the one that it refers to, is partitioned.
    pub of_partitions: bool,
    pub validated: bool,
    pub definition: String,
    /// Size of the referring table.
    pub bytes: i64,
}

#[derive(Debug, Clone)]
pub struct MaterializedView {
    pub oid: u32,
    pub name: QualifiedName,
    /// Levels of materialized views below it: a view is refreshed after those that it reads.
    pub level: u16,
    pub bytes: i64,
}

/// Indexes by their own OIDs or by those of the constraints that they back.
pub async fn indexes(
    source: &Client,
    index_oids: &[u32],
    constraint_oids: &[u32],
) -> Result<Vec<IndexDefinition>, PgError> {
    let rows = source
        .query(
            include_str!("sql/build_indexes.sql"),
            &[&index_oids, &constraint_oids],
        )
        .await?;
    rows.iter().map(index).collect()
}

/// All indexes of a table, those left aside that a failed CREATE INDEX CONCURRENTLY has left behind.
pub async fn indexes_of(source: &Client, table_oid: u32) -> Result<Vec<IndexDefinition>, PgError> {
    let row = source
        .query_one(
            "select array(select indexrelid from pg_catalog.pg_index where indrelid = $1 and indisvalid)",
            &[&table_oid],
        )
        .await?;
    let oids: Vec<u32> = row.try_get(0)?;
    indexes(source, &oids, &[]).await
}

pub async fn foreign_keys(source: &Client, oids: &[u32]) -> Result<Vec<ForeignKeyDefinition>, PgError> {
    let rows = source
        .query(include_str!("sql/build_foreign_keys.sql"), &[&oids])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(ForeignKeyDefinition {
                oid: row.try_get("oid")?,
                name: row.try_get("constraint_name")?,
                table: name(row, "table_name")?,
                of_partitions: row.try_get("is_of_partitions")?,
                validated: row.try_get("is_validated")?,
                definition: row.try_get("definition")?,
                bytes: row.try_get("bytes")?,
            })
        })
        .collect()
}

/// Those that hold rows, in the order of their levels.
pub async fn materialized_views(source: &Client, oids: &[u32]) -> Result<Vec<MaterializedView>, PgError> {
    let rows = source
        .query(include_str!("sql/build_materialized_views.sql"), &[&oids])
        .await?;
    rows.iter()
        .map(|row| {
            let level: i32 = row.try_get("level")?;
            Ok(MaterializedView {
                oid: row.try_get("oid")?,
                name: name(row, "view_name")?,
                level: u16::try_from(level).unwrap_or(u16::MAX),
                bytes: row.try_get("bytes")?,
            })
        })
        .collect()
}

/// A whole partition tree.
#[derive(Debug, Clone)]
pub struct PartitionTree {
    pub root: QualifiedName,
    /// OIDs of the root and of all that lies below.
    pub members: Vec<u32>,
    /// Of an index below it: ANALYZE makes statistics of these only where the index is there.
    pub has_expressions: bool,
}

/// The trees whose roots are among these OIDs.
pub async fn partition_trees(source: &Client, oids: &[u32]) -> Result<Vec<PartitionTree>, PgError> {
    let rows = source
        .query(include_str!("sql/build_partition_trees.sql"), &[&oids])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(PartitionTree {
                root: name(row, "table_name")?,
                members: row.try_get("members")?,
                has_expressions: row.try_get("has_expressions")?,
            })
        })
        .collect()
}

fn name(row: &Row, column: &str) -> Result<QualifiedName, PgError> {
    Ok(QualifiedName {
        schema: row.try_get("schema_name")?,
        name: row.try_get(column)?,
    })
}

fn index(row: &Row) -> Result<IndexDefinition, PgError> {
    let table_kind: String = row.try_get("table_kind")?;
    Ok(IndexDefinition {
        oid: row.try_get("oid")?,
        table_oid: row.try_get("table_oid")?,
        table: name(row, "table_name")?,
        name: row.try_get("index_name")?,
        on_materialized_view: table_kind == "m",
        partitioned: row.try_get("is_partitioned")?,
        parent_oid: row.try_get("parent_oid")?,
        definition: row.try_get("definition")?,
        constraint: key(row)?,
        clustered: row.try_get("is_clustered")?,
        replica_identity: row.try_get("is_replica_identity")?,
        bytes: row.try_get("bytes")?,
        statistics_targets: row.try_get("statistics_targets")?,
    })
}

fn key(row: &Row) -> Result<Option<KeyDefinition>, PgError> {
    let Some(oid) = row.try_get("constraint_oid")? else {
        return Ok(None);
    };
    let kind: String = row.try_get("constraint_type")?;
    Ok(Some(KeyDefinition {
        oid,
        name: row.try_get("constraint_name")?,
        primary: kind == "p",
        deferrable: row.try_get("is_deferrable")?,
        deferred: row.try_get("is_deferred")?,
        definition: row.try_get("constraint_definition")?,
        exclusion: row.try_get("is_exclusion")?,
    }))
}
