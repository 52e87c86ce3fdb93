//! Tables as far as a change of the schema shows, of either side.

use tokio_postgres::{Client, Row};
use transhume_core::schema_watch::{Shape, ShapeColumn};
use transhume_wire::ident::QualifiedName;

use crate::error::PgError;

const SHAPES: &str = include_str!("sql/shapes.sql");

/// All user tables with rows of their own, selected or not.
pub async fn shapes(client: &Client, publication: &str) -> Result<Vec<Shape>, PgError> {
    let rows = client.query(SHAPES, &[&publication]).await?;
    rows.iter().map(shape).collect()
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
