//! What is remembered of tables that were found equal, and what has changed since.

use std::collections::BTreeMap;

use tokio_postgres::Client;
use transhume_core::{
    sides::Sides,
    verify::rows::changed::{Clean, KnownTable, is_defined_alike},
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use crate::{
    catalog::qualified_name,
    connection::{error::PgError, session::Session},
};

/// Shapes of the tables of one side, by name.
pub type Shapes = BTreeMap<QualifiedName, String>;

/// A table of the migration as a frozen pair shows it. Both sessions hold the pair's snapshots.
pub async fn known(
    target: &Client,
    shapes: Sides<&Shapes>,
) -> Result<BTreeMap<QualifiedName, KnownTable>, PgError> {
    let rows = target
        .query(include_str!("../sql/verification/known.sql"), &[])
        .await?;
    let shape = |shapes: &Shapes, name: &QualifiedName| shapes.get(name).cloned().unwrap_or_default();
    Ok(rows
        .iter()
        .map(|row| {
            let name = QualifiedName::new(
                row.get::<_, String>("schema_name"),
                row.get::<_, String>("table_name"),
            );
            let clean = lsn(row.get("clean_at")).map(|at| Clean {
                at,
                loaded_under: row.get("clean_loaded_under"),
                shapes: Sides {
                    source: row.get("source_shape"),
                    target: row.get("target_shape"),
                },
            });
            let known = KnownTable {
                clean,
                changed: lsn(row.get("changed")),
                is_followed: row.get("is_followed"),
                loaded_under: row.get("loaded_under"),
                shapes: Sides {
                    source: shape(shapes.source, &name),
                    target: shape(shapes.target, &name),
                },
            };
            (name, known)
        })
        .collect())
}

/// Records what tables are compared as, so that the end can remember it.
pub async fn note_shapes(
    target: &Session,
    id: i64,
    tables: &BTreeMap<QualifiedName, KnownTable>,
) -> Result<(), PgError> {
    let schemas: Vec<&str> = tables.keys().map(|name| name.schema.as_str()).collect();
    let names: Vec<&str> = tables.keys().map(|name| name.name.as_str()).collect();
    let known = || tables.values();
    let loaded_under: Vec<Option<i32>> = known().map(|known| known.loaded_under).collect();
    let source: Vec<&str> = known().map(|known| known.shapes.source.as_str()).collect();
    let on_target: Vec<&str> = known().map(|known| known.shapes.target.as_str()).collect();
    target
        .execute(
            include_str!("../sql/verification/note_shapes.sql"),
            &[&id, &schemas, &names, &loaded_under, &source, &on_target],
        )
        .await?;
    Ok(())
}

/// These tables are as they were when they were found equal.
pub async fn carry(target: &Session, id: i64, tables: &[QualifiedName]) -> Result<(), PgError> {
    let schemas: Vec<&str> = tables.iter().map(|name| name.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|name| name.name.as_str()).collect();
    target
        .execute(
            include_str!("../sql/verification/carry.sql"),
            &[&id, &schemas, &names],
        )
        .await?;
    Ok(())
}

/// Remembers what a verification found equal under frozen pairs, and forgets what it found different.
pub async fn keep_clean(target: &Session, id: i64) -> Result<(), PgError> {
    target
        .execute(include_str!("../sql/verification/keep_clean.sql"), &[&id])
        .await?;
    Ok(())
}

/// Tables that the newest verification did not compare as they are now: altered, loaded anew or taken in since.
pub async fn altered_since(target: &Client, shapes: Sides<&Shapes>) -> Result<Vec<QualifiedName>, PgError> {
    let rows = target
        .query(include_str!("../sql/verification/compared_as.sql"), &[])
        .await?;
    let mut altered = Vec::new();
    for row in &rows {
        let name = qualified_name(row, "table_name")?;
        let is_other = |column: &str, shapes: &Shapes| -> Result<bool, PgError> {
            let before: Option<&str> = row.try_get(column)?;
            let now = shapes.get(&name);
            Ok(before
                .zip(now)
                .is_some_and(|(before, now)| !is_defined_alike(before, now)))
        };
        if row.try_get("is_other")?
            || is_other("source_shape", shapes.source)?
            || is_other("target_shape", shapes.target)?
        {
            altered.push(name);
        }
    }
    Ok(altered)
}

fn lsn(text: Option<&str>) -> Option<Lsn> {
    text.map(|text| text.parse().expect("the server prints pg_lsn as X/Y"))
}
