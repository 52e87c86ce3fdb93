//! What belongs to tables, and views and functions, as a statement on the source left them, made so on the target.
//!
//! Each is a matter of its own: what the target refuses is taken back and a finding with the statement; that it is missing bars
//! the cutover by the comparison of definitions. Triggers and
//! foreign keys come only where what apply writes does not set them off.

use std::collections::HashSet;

use tokio_postgres::types::Json;
use transhume_core::{
    finding::{Finding, Remedy},
    guard::{
        ORIGIN,
        schema::{
            AnnouncedSchema, CommentFacts, Followed, ObjectAddress, ObjectStep, SchemaObject,
            SchemaObjectKind, object_steps,
        },
    },
    schema::reserved_options::without_reserved_options,
    selection::Selector,
};
use transhume_wire::ident::{QualifiedName, quote_identifier, quote_literal};

use super::carrying::refusal;
use crate::{
    catalog::tables::in_the_way,
    connection::{error::PgError, session::Session},
    follow::announcing::OBJECTS,
    state::finding,
};

/// Code of the finding of what the target has refused.
pub const REFUSED: &str = "schema-change-refused";

/// What the source calls plain tables and roots of partitions once they are dropped.
const TABLE: &str = "table";

/// Of tables only those that are followed; of views and functions those that are selected.
pub(super) async fn carry_objects(
    session: &Session,
    announced: &AnnouncedSchema,
    tables: &[Followed],
    selector: &Selector,
) -> Result<(), PgError> {
    let role = session.query_one("show session_replication_role", &[]).await?;
    let is_quiet = role.try_get::<_, &str>(0)? == "replica";
    let (alone, owned): (Vec<_>, Vec<_>) = announced
        .objects
        .iter()
        .filter(|object| is_quiet || !is_set_off(object.kind))
        .cloned()
        .partition(|object| object.table_oid.is_none());
    let mut seen = HashSet::new();
    for table in owned.iter().filter_map(|object| object.table_oid) {
        if !seen.insert(table) {
            continue;
        }
        let of_it = owned.iter().filter(|object| object.table_oid == Some(table));
        let now: Vec<SchemaObject> = of_it.cloned().collect();
        if let Some(target) = target_table(session, &now[0], tables).await? {
            let there = objects(session, target).await?;
            run(session, &object_steps(&now, &there)).await?;
        }
    }
    let mut alone = alone;
    alone.retain(|object| selector.selects(&QualifiedName::new(object.schema.clone(), object.name.clone())));
    run(session, &object_steps(&alone, &[])).await
}

/// What was dropped by itself, and not with its table.
pub(super) async fn drop_objects(
    session: &Session,
    gone: &[ObjectAddress],
    selector: &Selector,
) -> Result<(), PgError> {
    for object in gone {
        if let Some(statement) = dropping(object).filter(|_| is_selected(object, selector)) {
            carry(session, &object.names, &[statement]).await?;
        }
    }
    Ok(())
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

pub(super) async fn carry_comments(
    session: &Session,
    comments: &[CommentFacts],
    selector: &Selector,
) -> Result<(), PgError> {
    for comment in comments {
        if let Some(statement) = commenting(comment).filter(|_| is_selected(&comment.on, selector)) {
            carry(session, &comment.on.names, &[statement]).await?;
        }
    }
    Ok(())
}

async fn run(session: &Session, steps: &[ObjectStep<'_>]) -> Result<(), PgError> {
    for step in steps {
        carry(session, &names(step.object()), &statements(step)).await?;
    }
    Ok(())
}

/// As the source addresses it, so that what is dropped is known as what was made.
fn names(object: &SchemaObject) -> Vec<String> {
    let own = QualifiedName::new(object.schema.clone(), object.name.clone());
    match (&object.table, object.kind) {
        (None, _) | (_, SchemaObjectKind::Index) => vec![own.schema, own.name],
        (Some(table), _) => vec![table.schema.clone(), table.name.clone(), own.name],
    }
}

/// What is refused stands as a finding until the same object is carried, or the definitions are compared.
async fn carry(session: &Session, names: &[String], statements: &[String]) -> Result<(), PgError> {
    let object = names.join(".");
    match refusal(session, statements).await? {
        None => finding::clear_object(&**session, ORIGIN, REFUSED, &object).await,
        Some(error) => {
            let finding = Finding::warning(
                REFUSED,
                &object,
                format!("the source has altered it, and the target refused that: {error}"),
                Remedy::on_target(statements.join("; ")),
            );
            finding::replace(&**session, ORIGIN, &finding).await
        }
    }
}

/// It acts on what is written, unless by a replica.
fn is_set_off(kind: SchemaObjectKind) -> bool {
    matches!(kind, SchemaObjectKind::Trigger | SchemaObjectKind::ForeignKey)
}

/// Names of what belongs to a table begin with the table's, but an index has a name of its own.
fn is_selected(object: &ObjectAddress, selector: &Selector) -> bool {
    match object.names.as_slice() {
        [schema, name, ..] => selector.selects(&QualifiedName::new(schema.clone(), name.clone())),
        _ => false,
    }
}

/// The target's table that this belongs to; of the root of partitions, which has no rows of its own, by its name.
async fn target_table(
    session: &Session,
    object: &SchemaObject,
    tables: &[Followed],
) -> Result<Option<u32>, PgError> {
    if let Some(table) = tables.iter().find(|table| Some(table.oid) == object.table_oid) {
        let target = table.remembered.as_ref().and_then(|it| it.target.as_ref());
        return Ok(target.map(|target| target.oid));
    }
    let is_root_of = |table: &&Followed| {
        let remembered = table.remembered.as_ref();
        remembered.is_some_and(|it| it.facts.root.is_some() && it.facts.root == object.table)
    };
    if !tables.iter().any(|table| is_root_of(&table)) {
        return Ok(None);
    }
    let name = object.table.as_ref().map(ToString::to_string);
    let row = session
        .query_one("select pg_catalog.to_regclass($1)::pg_catalog.oid", &[&name])
        .await?;
    Ok(row.try_get(0)?)
}

async fn objects(session: &Session, table: u32) -> Result<Vec<SchemaObject>, PgError> {
    let nothing: Vec<u32> = Vec::new();
    let rows = session.query(OBJECTS, &[&vec![table], &nothing]).await?;
    rows.iter()
        .map(|row| {
            let Json(described): Json<SchemaObject> = row.try_get("described")?;
            Ok(described)
        })
        .collect()
}

fn statements(step: &ObjectStep<'_>) -> Vec<String> {
    match step {
        ObjectStep::Make(object) => making(object),
        ObjectStep::MakeAnew(object) => {
            let drop = of_table(object, |name, table| match object.kind {
                SchemaObjectKind::Policy => format!("drop policy {name} on {table}"),
                _ => format!("drop trigger {name} on {table}"),
            });
            drop.into_iter().chain(making(object)).collect()
        }
        ObjectStep::Rename { before, after } => renaming(before, after),
        ObjectStep::TakeIndex { key, index } => {
            // Behind the columns stands only when it is checked.
            let (what, when) = key.definition.rsplit_once(')').unwrap_or((&key.definition, ""));
            let kind = if what.starts_with("PRIMARY") {
                "primary key"
            } else {
                "unique"
            };
            let index = quote_identifier(&index.name);
            of_table(key, |name, table| {
                format!("alter table {table} add constraint {name} {kind} using index {index}{when}")
            })
        }
        ObjectStep::Check(object) => of_table(object, |name, table| {
            format!("alter table {table} validate constraint {name}")
        }),
        ObjectStep::Enable(object) => of_table(object, |name, table| switching(object, name, table)),
    }
}

fn switching(trigger: &SchemaObject, name: &str, table: &QualifiedName) -> String {
    let word = if trigger.is_enabled { "enable" } else { "disable" };
    format!("alter table {table} {word} trigger {name}")
}

fn of_table(object: &SchemaObject, worded: impl FnOnce(&str, &QualifiedName) -> String) -> Vec<String> {
    let table = object.table.as_ref();
    table
        .map(|table| worded(&quote_identifier(&object.name), table))
        .into_iter()
        .collect()
}

fn making(object: &SchemaObject) -> Vec<String> {
    let says = &object.definition;
    let own = QualifiedName::new(object.schema.clone(), object.name.clone());
    match object.kind {
        SchemaObjectKind::Index => {
            let statement = format!("CREATE {says}");
            vec![without_reserved_options(&statement).into_owned()]
        }
        SchemaObjectKind::Constraint | SchemaObjectKind::ForeignKey => of_table(object, |name, table| {
            let later = if object.is_checked { "" } else { " not valid" };
            format!("alter table {table} add constraint {name} {says}{later}")
        }),
        SchemaObjectKind::RowSecurity => of_table(object, |_, table| format!("alter table {table} {says}")),
        SchemaObjectKind::Policy => of_table(object, |name, table| {
            format!("create policy {name} on {table} {says}")
        }),
        SchemaObjectKind::Trigger => {
            let kind = object.index_says.as_deref().unwrap_or_default();
            let mut statements = of_table(object, |name, _| format!("create {kind}trigger {name} {says}"));
            if !object.is_enabled {
                statements.extend(of_table(object, |name, table| switching(object, name, table)));
            }
            statements
        }
        SchemaObjectKind::View => vec![format!("create or replace view {own} {says}")],
        SchemaObjectKind::MaterializedView => vec![format!("create materialized view {own} {says}")],
        SchemaObjectKind::Function => vec![says.clone()],
    }
}

fn renaming(before: &SchemaObject, after: &SchemaObject) -> Vec<String> {
    let to = quote_identifier(&after.name);
    match before.kind {
        SchemaObjectKind::Index => {
            let own = QualifiedName::new(before.schema.clone(), before.name.clone());
            vec![format!("alter index {own} rename to {to}")]
        }
        SchemaObjectKind::Policy => of_table(before, |name, table| {
            format!("alter policy {name} on {table} rename to {to}")
        }),
        SchemaObjectKind::Trigger => of_table(before, |name, table| {
            format!("alter trigger {name} on {table} rename to {to}")
        }),
        _ => of_table(before, |name, table| {
            format!("alter table {table} rename constraint {name} to {to}")
        }),
    }
}

fn dropping(object: &ObjectAddress) -> Option<String> {
    let on = named(object)?;
    Some(match object.kind.as_str() {
        "table constraint" => {
            let [schema, table, name] = object.names.as_slice() else {
                return None;
            };
            let table = QualifiedName::new(schema.clone(), table.clone());
            let name = quote_identifier(name);
            format!("alter table if exists {table} drop constraint if exists {name}")
        }
        // Known by identity, and of those that are not `drop_roots`.
        TABLE => return None,
        kind => format!("drop {kind} if exists {on}"),
    })
}

fn commenting(comment: &CommentFacts) -> Option<String> {
    let on = named(&comment.on)?;
    let kind = match comment.on.kind.as_str() {
        "table column" | "view column" | "materialized view column" => "column",
        "table constraint" => "constraint",
        kind => kind,
    };
    let text = comment
        .text
        .as_ref()
        .map_or_else(|| "null".to_owned(), |text| quote_literal(text));
    Some(format!("comment on {kind} {on} is {text}"))
}

/// As DROP and COMMENT name it; none of kinds that are not known here.
fn named(object: &ObjectAddress) -> Option<String> {
    let dotted = |names: &[String]| {
        let quoted: Vec<String> = names.iter().map(|name| quote_identifier(name)).collect();
        quoted.join(".")
    };
    let names = object.names.as_slice();
    Some(match object.kind.as_str() {
        "table"
        | "index"
        | "view"
        | "materialized view"
        | "sequence"
        | "table column"
        | "view column"
        | "materialized view column" => dotted(names),
        "trigger" | "policy" | "table constraint" => {
            let (own, table) = names.split_last()?;
            format!("{} on {}", quote_identifier(own), dotted(table))
        }
        "function" | "procedure" => {
            let arguments = object.arguments.as_deref().unwrap_or_default();
            format!("{}({})", dotted(names), arguments.join(", "))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(kind: &str, names: &[&str]) -> ObjectAddress {
        ObjectAddress {
            kind: kind.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            arguments: None,
        }
    }

    #[test]
    fn what_is_dropped_and_commented_is_quoted_throughout() {
        let key = address("table constraint", &["s", "a b", "k\"k"]);
        assert_eq!(
            dropping(&key).as_deref(),
            Some("alter table if exists \"s\".\"a b\" drop constraint if exists \"k\"\"k\"")
        );
        let function = ObjectAddress {
            arguments: Some(vec!["integer".to_owned(), "public.mood".to_owned()]),
            ..address("function", &["s", "f"])
        };
        assert_eq!(
            dropping(&function).as_deref(),
            Some("drop function if exists \"s\".\"f\"(integer, public.mood)")
        );
        let comment = CommentFacts {
            on: address("table column", &["s", "t", "c"]),
            text: Some("it's".to_owned()),
        };
        assert_eq!(
            commenting(&comment).as_deref(),
            Some("comment on column \"s\".\"t\".\"c\" is 'it''s'")
        );
        assert_eq!(dropping(&address("tablespace", &["s", "t"])), None);
        assert_eq!(
            dropping(&address("table", &["s", "t"])),
            None,
            "known by identity"
        );
    }
}
