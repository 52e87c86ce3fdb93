//! What a statement altered of an object that could not be altered then, done later.
//!
//! A table joins while statements go on: what they say of it comes before the target has it, or behind the moment whose schema
//! it got. Worded anew from both catalogs: no statement that the state holds is run.

use transhume_core::guard::schema::{SchemaObject, SchemaObjectKind, object_steps};

use super::{
    carrying_objects::{is_set_off, objects, without_identity_of_ours},
    object_statement::{owning, statements},
};
use crate::{
    connection::{error::PgError, session::Session},
    state::history,
};

/// Makes what belongs to a table that has joined as the source has it now. What needs more than the stream has brought is
/// refused, and comes with its own statement.
pub async fn settle_objects(
    source: &Session,
    target: &Session,
    (oid, there): (u32, u32),
) -> Result<(), PgError> {
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
    }
    Ok(())
}
