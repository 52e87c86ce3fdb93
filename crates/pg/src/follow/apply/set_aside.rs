//! Triggers and rules that would act on what apply writes, as statements on the source make, alter and drop them.
//!
//! They are disabled on the target for as long as it is followed; how they come back at the cutover is a deviation, one for
//! each, written in the transaction that disables it. One that the load has set aside is forgotten here once the source has
//! altered it.

use transhume_core::guard::schema::{Fires, SchemaObject, SchemaObjectKind};
use transhume_wire::ident::QualifiedName;

use super::carrying_objects::objects;
use crate::{
    connection::{error::PgError, session::Session},
    state::{
        deviation::{self, NewDeviation, Side, TRIGGERS},
        undo::{FiringKind, FiringMode, Undo},
    },
};

/// Of a table's objects as the source's (`now`) were left, and as the target has them by now.
pub(super) async fn note(session: &Session, now: &[SchemaObject], target: u32) -> Result<(), PgError> {
    let touched: Vec<&SchemaObject> = now
        .iter()
        .filter(|object| object.acts_on_rows() && object.is_touched)
        .collect();
    if touched.is_empty() {
        return Ok(());
    }
    let there = objects(session, target).await?;
    for object in touched {
        forget(session, object).await?;
        let disabled = there.iter().find(|there| {
            there.kind == object.kind && there.name == object.name && there.fires == Fires::Never
        });
        if let Some(disabled) = disabled.filter(|_| object.fires.is_set_aside()) {
            intend(session, disabled, object.fires).await?;
        }
    }
    Ok(())
}

async fn intend(session: &Session, disabled: &SchemaObject, fires: Fires) -> Result<(), PgError> {
    let Some(table) = &disabled.table else {
        return Ok(());
    };
    let mode = match fires {
        Fires::Always => FiringMode::Always,
        Fires::Replica => FiringMode::Replica,
        Fires::Origin | Fires::Never => FiringMode::Origin,
    };
    let what = kind(disabled);
    let description = format!(
        "{} {} disabled while changes are applied",
        what.word().to_lowercase(),
        disabled.name
    );
    let new = NewDeviation {
        side: Side::Target,
        kind: TRIGGERS,
        object: &format!("{}.{}", table, disabled.name),
        description: &description,
        undo: &[Undo::Enable {
            table: table.clone(),
            what,
            name: disabled.name.clone(),
            mode,
        }],
    };
    let id = deviation::intend(&**session, &new).await?;
    deviation::made(&**session, id).await
}

/// What this was before is not brought back.
pub(super) async fn forget(session: &Session, object: &SchemaObject) -> Result<(), PgError> {
    if let Some(table) = object.table.as_ref().filter(|_| object.acts_on_rows()) {
        let kind = kind(object);
        forget_named(session, table, &object.name, |what| what == kind).await?;
    }
    Ok(())
}

/// Something of a table that was dropped, named as the source addresses it.
pub(super) async fn forget_dropped(session: &Session, names: &[String]) -> Result<(), PgError> {
    if let [schema, table, name] = names {
        let table = QualifiedName::new(schema.clone(), table.clone());
        forget_named(session, &table, name, |_| true).await?;
    }
    Ok(())
}

async fn forget_named(
    session: &Session,
    table: &QualifiedName,
    name: &str,
    is_of_kind: impl Fn(FiringKind) -> bool,
) -> Result<(), PgError> {
    for known in deviation::open(session, Side::Target).await? {
        let is_other = |undo: &Undo| {
            !matches!(undo, Undo::Enable { table: of, what, name: called, .. }
                if of == table && called == name && is_of_kind(*what))
        };
        let mut left = known.undo.clone();
        left.retain(is_other);
        if left.len() == known.undo.len() {
            continue;
        }
        if left.is_empty() {
            deviation::undone(session, &[known.id]).await?;
        } else {
            deviation::alter(session, known.id, &left).await?;
        }
    }
    Ok(())
}

fn kind(object: &SchemaObject) -> FiringKind {
    match object.kind {
        SchemaObjectKind::Rule => FiringKind::Rule,
        _ => FiringKind::Trigger,
    }
}
