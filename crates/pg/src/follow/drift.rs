//! The statement that makes the target fit again, from the source's catalogs; and whether it fits by now.
//!
//! Texts are for a person to read and run; nothing here is ever executed by us.

use std::{collections::HashMap, sync::Arc};

use transhume_core::{
    follow::{
        identity::{Identified, align, align_tree},
        portion::LoadedTable,
        row::{Drift, DriftKind},
    },
    guard::{
        schema::{self, ChangeKind, SchemaChange},
        user_types::needed_by,
    },
    shell,
};
use transhume_wire::{ident::quote_identifier, pgoutput::Relation};

use super::apply::{TargetTables, match_relation, prepare_table_query, read_tables, source_tables};
use crate::{
    catalog::table_facts::table_facts,
    connection::{error::PgError, session::Session},
    guard::{
        remedy::{SchemaRemedy, added_column},
        schema_change::{self, renamed},
        user_types as types,
    },
    state::{
        apply,
        load::followed::{self, followed},
    },
};

/// What is in the way now; none once the target fits.
pub async fn standing(source: &Session, target: &Session, drift: &Drift) -> Result<Option<Drift>, PgError> {
    if let DriftKind::TypeChanged(_) = &drift.kind {
        let changes = types::changes(&**source, &**target).await?;
        return Ok(changes.into_iter().next().map(|change| Drift {
            kind: DriftKind::TypeChanged(Box::new(change)),
            ..drift.clone()
        }));
    }
    followed::follow_names(&**target).await?;
    let loaded = apply::loaded_tables(target).await?;
    let is_suspended = |table: &LoadedTable| table.is_suspended;
    if loaded.get(&drift.relation.id).is_some_and(is_suspended) {
        return Ok(None);
    }
    if let DriftKind::PartitionEmptied { loaded_under, .. } = &drift.kind {
        let tree = loaded.get(&drift.relation.id);
        let is_as_it_was = tree.is_some_and(|tree| tree.is_complete && tree.snapshot == *loaded_under);
        return Ok(is_as_it_was.then(|| drift.clone()));
    }
    let table_query = prepare_table_query(target).await?;
    let relation = std::slice::from_ref(&drift.relation);
    let tables = read_tables(&loaded, target, &table_query, relation).await?;
    // A load under way is waited for elsewhere.
    let still = from_announced(source, &loaded, &tables, &drift.relation).await?;
    // A load under way is waited for elsewhere, and what must be loaded anew is seen to there.
    let is_elsewhere = |drift: &Drift| drift.kind == DriftKind::NotLoaded || drift.kind.needs_reload();
    Ok(still.filter(|drift| !is_elsewhere(drift)))
}

/// How the target's table differs from what the stream announced; none where it fits.
async fn from_announced(
    source: &Session,
    loaded: &HashMap<u32, LoadedTable>,
    tables: &TargetTables,
    relation: &Arc<Relation>,
) -> Result<Option<Drift>, PgError> {
    let former = loaded.get(&relation.id).and_then(|table| table.former.as_ref());
    let now = source_tables(source, &[relation.id]).await?.remove(&relation.id);
    let identified = former.zip(now).and_then(|(former, now)| {
        let is_tree = loaded.values().any(|table| table.tree == Some(relation.id));
        let align = if is_tree { align_tree } else { align };
        let numbers = align(&former.source, &now, &relation.columns).ok()?;
        Some(Identified { numbers, now })
    });
    Ok(match_relation(loaded, tables, relation, former.zip(identified.as_ref())).err())
}

/// What the catalogs of both sides say that it is, by what is remembered of the table; none where they do not show it.
pub async fn by_identity(
    source: &Session,
    target: &Session,
    publication: &str,
    drift: &Drift,
) -> Result<Option<(SchemaChange, SchemaRemedy)>, PgError> {
    let is_it = |oid: u32| oid == drift.relation.id;
    let mut known = followed(&**target).await?;
    known.retain(|table| is_it(table.oid));
    let mut on_source = table_facts(&**source, publication).await?;
    on_source.retain(|table| is_it(table.oid));
    let on_target = table_facts(&**target, publication).await?;
    let changes = schema::changes(&known, &on_source, &on_target);
    let Some(change) = changes.into_iter().find(|change| explains(change, &drift.kind)) else {
        return Ok(None);
    };
    let type_changes = types::all_changes(&**source, &**target).await?;
    let remedy = schema_change::remedy(source, &change).await?;
    let remedy = types::before(needed_by(&type_changes, &change), remedy);
    Ok(Some((change, remedy)))
}

fn explains(change: &SchemaChange, drift: &DriftKind) -> bool {
    match (&change.kind, drift) {
        (ChangeKind::ColumnRenamed { after, .. }, DriftKind::ColumnMissing { column }) => after == column,
        (ChangeKind::ColumnNew { column: new }, DriftKind::ColumnMissing { column }) => new.name == *column,
        (ChangeKind::ColumnRetyped { column: retyped, .. }, DriftKind::TypeDiffers { column, .. }) => {
            retyped == column
        }
        (ChangeKind::Renamed { .. }, DriftKind::Renamed { .. }) => true,
        _ => false,
    }
}

pub async fn remedy(source: &Session, drift: &Drift) -> Result<SchemaRemedy, PgError> {
    let table = drift.table();
    Ok(match &drift.kind {
        DriftKind::TableMissing => SchemaRemedy::by_hand(format!(
            "create the table {table} on the target as the source has it"
        )),
        DriftKind::NotSelected => SchemaRemedy::by_hand(format!(
            "take {table} out of the publication on the source, or take it into the migration: create it on the target, \
             then \"transhume table add {}\"",
            shell::word(&table.plain())
        )),
        DriftKind::NotLoaded => SchemaRemedy::by_hand("run the full load to its end"),
        DriftKind::Renamed { before } => SchemaRemedy::of(renamed(before, table, false)),
        DriftKind::ColumnMissing { column } => column_missing(source, drift, column).await?,
        DriftKind::TypeDiffers {
            column,
            type_oid,
            type_modifier,
        } => {
            let column = quote_identifier(column);
            let type_name = type_name(source, *type_oid, *type_modifier).await?;
            SchemaRemedy::of(format!(
                "alter table {table} alter column {column} type {type_name} using {column}::{type_name}"
            ))
        }
        DriftKind::TypeChanged(change) => SchemaRemedy::of(types::statement(change)),
        DriftKind::PartitionEmptied { .. } | DriftKind::ColumnReused { .. } | DriftKind::ReadInParts(_) => {
            SchemaRemedy::reload(table)
        }
        DriftKind::Computed { column } => SchemaRemedy::of(format!(
            "alter table {table} alter column {} drop expression",
            quote_identifier(column)
        )),
    })
}

async fn column_missing(source: &Session, drift: &Drift, column: &str) -> Result<SchemaRemedy, PgError> {
    let table = drift.table();
    if let Some(remedy) = added_column(source, table, drift.relation.id, column).await? {
        return Ok(remedy);
    }
    let quoted = quote_identifier(column);
    let type_name = announced_type(source, drift, column).await?;
    Ok(SchemaRemedy {
        afterwards: "the source has the column no more".into(),
        once_caught_up: format!("alter table {table} drop column {quoted}"),
        ..SchemaRemedy::of(format!("alter table {table} add column {quoted} {type_name}"))
    })
}

/// Of a column that the source has had for a while and has no more.
async fn announced_type(source: &Session, drift: &Drift, column: &str) -> Result<String, PgError> {
    let announced = drift
        .relation
        .columns
        .iter()
        .find(|announced| announced.name == column);
    match announced {
        Some(announced) => type_name(source, announced.type_oid, announced.type_modifier).await,
        None => Ok("text".to_owned()),
    }
}

async fn type_name(source: &Session, oid: u32, modifier: i32) -> Result<String, PgError> {
    let row = source
        .query_one(include_str!("sql/type_name.sql"), &[&oid, &modifier])
        .await?;
    Ok(row.get(0))
}
