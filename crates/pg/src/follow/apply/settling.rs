//! What a statement altered of a table that could not be altered then, done later.
//!
//! A table joins while statements go on: what they say of it comes before the target has it, or behind the moment whose schema
//! it got. Worded anew from both catalogs: no statement that the state holds is run.

use transhume_core::guard::schema::{
    DescribedTable, Followed, SchemaObject, SchemaObjectKind, details, object_steps,
};

use super::{
    carrying::{described, target_of, worded_step},
    carrying_objects::{is_set_off, objects, without_identity_of_ours},
    object_statement::{owning, statements},
};
use crate::{
    connection::{error::PgError, session::Session},
    state::history,
};

/// Makes what belongs to a table that has joined as the source has it now, and what is said of its columns. What needs more than
/// the stream has brought is refused, and comes with its own statement.
pub async fn settle(
    source: &Session,
    target: &Session,
    (table, now): (&Followed, &DescribedTable),
) -> Result<(), PgError> {
    let Some(identity) = table.remembered.as_ref().and_then(|it| it.target.as_ref()) else {
        return Ok(());
    };
    settle_objects(source, target, (table.oid, identity.oid)).await?;
    let there = described(target, &[identity.oid]).await?;
    let Some(there) = target_of(table, &there) else {
        return Ok(());
    };
    for step in details(table, now, there) {
        settle_by(target, &[worded_step(&step)]).await?;
    }
    Ok(())
}

async fn settle_objects(source: &Session, target: &Session, (oid, there): (u32, u32)) -> Result<(), PgError> {
    let mut now = objects(source, oid).await?;
    let mut there = objects(target, there).await?;
    now.retain(|object| !is_set_off(object.kind));
    for object in &mut now {
        object.is_touched = true;
    }
    without_identity_of_ours(target, &mut now, &mut there).await?;
    let is_owned =
        |sequence: &SchemaObject| there.iter().any(|there| there.index_says == sequence.index_says);
    let owners = now
        .iter()
        .filter(|object| object.kind == SchemaObjectKind::Sequence && !is_owned(object))
        .filter_map(owning);
    let steps = object_steps(&now, &there);
    let all = steps
        .iter()
        .map(statements)
        .chain(owners.map(|statement| vec![statement]));
    for statements in all {
        settle_by(target, &statements).await?;
    }
    Ok(())
}

async fn settle_by(target: &Session, statements: &[String]) -> Result<(), PgError> {
    match target
        .batch_execute(&statements.join(";\n"))
        .await
        .map_err(PgError::from)
    {
        Ok(()) => {
            let detail = serde_json::json!({ "statements": statements });
            history::add(&**target, "schema change replicated", &detail).await?;
        }
        Err(error) if error.server().is_none() => return Err(error),
        Err(error) => tracing::debug!(%error, "a change of a table that has joined is refused by now"),
    }
    Ok(())
}
