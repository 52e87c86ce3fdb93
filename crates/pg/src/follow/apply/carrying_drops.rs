//! What a statement on the source dropped by itself, dropped on the target.
//!
//! Tables with rows are known by identity and go elsewhere; what is here is known by its name alone.

use transhume_core::{guard::schema::ObjectAddress, selection::Selector};
use transhume_wire::ident::QualifiedName;

use super::{
    carrying_objects::{carry, clear, is_selected},
    object_statement::{COLUMN, TABLE, dropping},
    refusal::refusal,
    set_aside,
};
use crate::{
    catalog::tables::in_the_way,
    connection::{error::PgError, session::Session},
};

/// Names, and the statement.
pub(super) type DropStatement = (Vec<String>, String);

/// What was dropped by itself, and not with its table, in whatever order it goes. Gives back what does not go yet.
pub(super) async fn drop_objects(
    session: &Session,
    gone: &[ObjectAddress],
    selector: &Selector,
) -> Result<Vec<DropStatement>, PgError> {
    let mut left = Vec::new();
    for object in gone.iter().filter(|object| is_selected(object, selector)) {
        if object.kind == COLUMN && !is_computed(session, &object.names).await? {
            continue;
        }
        left.extend(dropping(object).map(|statement| (object.names.clone(), statement)));
    }
    loop {
        let before = left.len();
        let mut still = Vec::new();
        for (names, statement) in left {
            match refusal(session, std::slice::from_ref(&statement)).await? {
                None => {
                    set_aside::forget_dropped(session, &names).await?;
                    clear(session, &names).await?;
                }
                Some(_) => still.push((names, statement)),
            }
        }
        if still.is_empty() || still.len() == before {
            return Ok(still);
        }
        left = still;
    }
}

/// What may have waited for tables to go.
pub(super) async fn drop_left(session: &Session, left: Vec<DropStatement>) -> Result<(), PgError> {
    for (names, statement) in left {
        carry(session, &names, &[statement]).await?;
    }
    Ok(())
}

/// Other columns go by their numbers.
async fn is_computed(session: &Session, names: &[String]) -> Result<bool, PgError> {
    let [schema, table, column] = names else {
        return Ok(false);
    };
    let row = session
        .query_one(
            "select exists (select from pg_catalog.pg_attribute a \
             join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where n.nspname = $1 and c.relname = $2 and a.attname = $3 and a.attgenerated <> '')",
            &[schema, table, column],
        )
        .await?;
    Ok(row.try_get(0)?)
}

/// Roots of partitions that were dropped, which have no rows and so are nobody's by identity. Behind their partitions: one that
/// the target still has rows below stays.
pub(super) async fn drop_roots(
    session: &Session,
    gone: &[ObjectAddress],
    selector: &Selector,
) -> Result<(), PgError> {
    let tables = gone.iter().filter(|object| object.kind == TABLE);
    let names: Vec<QualifiedName> = tables
        .filter(|object| is_selected(object, selector))
        .filter_map(|object| match object.names.as_slice() {
            [schema, name] => Some(QualifiedName::new(schema.clone(), name.clone())),
            _ => None,
        })
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let found = in_the_way(session, &names).await?;
    for (root, _) in found.into_iter().filter(|(_, kind)| kind == TABLE) {
        // One goes with another that it is below.
        let statement = format!("drop table if exists {root}");
        carry(session, &[root.schema, root.name], &[statement]).await?;
    }
    Ok(())
}
