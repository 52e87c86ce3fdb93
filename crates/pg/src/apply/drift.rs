//! The statement that makes the target fit again, from the source's catalogs.
//!
//! Texts are for a person to read and run; nothing here is ever executed by us.

use transhume_core::apply_plan::{Drift, DriftKind};
use transhume_wire::ident::quote_identifier;

use crate::{error::PgError, session::Session};

/// The exact statement to run on the target, or what to do where there is none.
pub async fn remedy(source: &Session, drift: &Drift) -> Result<String, PgError> {
    let table = &drift.table;
    Ok(match &drift.kind {
        DriftKind::TableMissing => format!("create the table {table} on the target as the source has it"),
        DriftKind::NotSelected => format!("take {table} out of the publication on the source"),
        DriftKind::NotLoaded => "run the full load to its end".to_owned(),
        DriftKind::Renamed { before } if before.schema == table.schema => {
            format!("alter table {before} rename to {}", quote_identifier(&table.name))
        }
        DriftKind::Renamed { before } => {
            format!(
                "alter table {before} set schema {}",
                quote_identifier(&table.schema)
            )
        }
        DriftKind::ColumnMissing { column } => match definition(source, drift.relation_id, column).await? {
            Some(definition) => format!("alter table {table} add column {definition}"),
            None => format!(
                "the source has no column {} any more either; add it to {table} on the target, go on, then drop it",
                quote_identifier(column)
            ),
        },
        DriftKind::TypeDiffers {
            column,
            type_oid,
            type_modifier,
        } => {
            let column = quote_identifier(column);
            let type_name = type_name(source, *type_oid, *type_modifier).await?;
            format!("alter table {table} alter column {column} type {type_name} using {column}::{type_name}")
        }
        DriftKind::Computed { column } => {
            format!(
                "alter table {table} alter column {} drop expression",
                quote_identifier(column)
            )
        }
    })
}

async fn definition(source: &Session, relation_id: u32, column: &str) -> Result<Option<String>, PgError> {
    let row = source
        .query_opt(
            include_str!("sql/column_definition.sql"),
            &[&relation_id, &column],
        )
        .await?;
    Ok(row.map(|row| row.get(0)))
}

async fn type_name(source: &Session, oid: u32, modifier: i32) -> Result<String, PgError> {
    let row = source
        .query_one(include_str!("sql/type_name.sql"), &[&oid, &modifier])
        .await?;
    Ok(row.get(0))
}
