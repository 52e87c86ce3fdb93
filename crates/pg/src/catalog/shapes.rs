//! Tables as far as a change of the schema shows, of either side.

use std::collections::HashMap;

use tokio_postgres::{Client, Row};
use transhume_core::guard::schema::{Shape, ShapeColumn};
use transhume_wire::ident::QualifiedName;

use super::partition_trees::scattered;
use crate::connection::error::PgError;

const SHAPES: &str = include_str!("sql/shapes.sql");

/// All user tables that rows are moved under, selected or not.
pub async fn shapes(client: &Client, publication: &str) -> Result<Vec<Shape>, PgError> {
    let query = async { Ok(client.query(SHAPES, &[&publication]).await?) };
    let (rows, tree_of) = tokio::try_join!(query, scattered(client))?;
    let mut moved = Vec::with_capacity(rows.len());
    let mut within: HashMap<u32, Vec<Shape>> = HashMap::new();
    for row in &rows {
        let shape = shape(row)?;
        let is_partitioned: bool = row.try_get("is_partitioned")?;
        match tree_of.get(&shape.oid) {
            Some(tree) if !is_partitioned => within.entry(*tree).or_default().push(shape),
            None if !is_partitioned || tree_of.values().any(|tree| *tree == shape.oid) => moved.push(shape),
            _ => {}
        }
    }
    for (oid, partitions) in &within {
        if let Some(tree) = moved.iter_mut().find(|shape| shape.oid == *oid) {
            gather(tree, partitions);
        }
    }
    Ok(moved)
}

/// A tree is what its partitions are: rewritten where one of them is, published where all are.
fn gather(tree: &mut Shape, partitions: &[Shape]) {
    tree.partitions = partitions.iter().map(|partition| partition.oid).collect();
    tree.partitions.sort_unstable();
    tree.is_published = partitions.iter().all(|partition| partition.is_published);
    tree.filenode = partitions
        .iter()
        .fold(0, |sum: u32, partition| sum.wrapping_add(partition.filenode));
}

fn shape(row: &Row) -> Result<Shape, PgError> {
    let parent_schema: Option<String> = row.try_get("parent_schema")?;
    let parent_name: Option<String> = row.try_get("parent_name")?;
    Ok(Shape {
        oid: row.try_get("oid")?,
        name: QualifiedName::new(
            row.try_get::<_, String>("schema_name")?,
            row.try_get::<_, String>("table_name")?,
        ),
        is_logged: row.try_get("is_logged")?,
        is_published: row.try_get("is_published")?,
        filenode: row.try_get("filenode")?,
        partition_of: parent_schema
            .zip(parent_name)
            .map(|(schema, name)| QualifiedName::new(schema, name)),
        bound: row.try_get("bound")?,
        partitions: Vec::new(),
        columns: columns(row)?,
    })
}

fn columns(row: &Row) -> Result<Vec<ShapeColumn>, PgError> {
    let numbers: Vec<i16> = row.try_get("column_numbers")?;
    let named: Vec<String> = row.try_get("column_names")?;
    let of_types: Vec<String> = row.try_get("column_type_names")?;
    let not_nulls: Vec<bool> = row.try_get("column_not_nulls")?;
    let defaults: Vec<bool> = row.try_get("column_defaults")?;
    let remembered: Vec<bool> = row.try_get("column_remembered")?;
    let zipped = numbers.into_iter().zip(named).zip(of_types);
    Ok(zipped
        .zip(not_nulls)
        .zip(defaults)
        .zip(remembered)
        .map(
            |(((((number, name), type_name), not_null), has_default), has_remembered_value)| ShapeColumn {
                number,
                name,
                type_name,
                not_null,
                has_default,
                has_remembered_value,
            },
        )
        .collect())
}
