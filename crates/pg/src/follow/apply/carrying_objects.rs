//! What belongs to tables, and what stands by itself, as a statement on the source left it, made so on the target.
//!
//! Each is a matter of its own: what the target refuses is taken back and a finding with the statement; that it is missing bars
//! the cutover by the comparison of definitions. Triggers, rules and foreign keys come only where what apply writes does not set
//! them off.

use std::collections::HashSet;

use tokio_postgres::types::Json;
use transhume_core::{
    finding::{Finding, Remedy},
    guard::{
        ORIGIN,
        schema::{
            AnnouncedSchema, CommentFacts, Followed, ObjectAddress, ObjectStep, RenamedObject, SchemaObject,
            SchemaObjectKind, object_steps,
        },
    },
    selection::Selector,
};
use transhume_wire::ident::QualifiedName;

use super::{
    object_statement::{commenting, giving_names, own, owning, statements},
    refusal::refusal,
    set_aside,
};
use crate::{
    connection::{error::PgError, session::Session},
    follow::announcing::OBJECTS,
    state::finding,
};

/// The name of that setting.
const REPLICA_IDENTITY: &str = "replica identity";

/// Code of the finding of what the target has refused.
pub const REFUSED: &str = "schema-change-refused";

/// What columns and types may need.
const FIRST: [SchemaObjectKind; 3] = [
    SchemaObjectKind::Schema,
    SchemaObjectKind::Extension,
    SchemaObjectKind::Sequence,
];

/// What has another name is given it before anything is said of it.
pub(super) async fn carry_renames(
    session: &Session,
    renamed: &[RenamedObject],
    selector: &Selector,
) -> Result<(), PgError> {
    for object in renamed {
        if is_selected(&object.before, selector) {
            carry(session, &object.after, &giving_names(object)).await?;
        }
    }
    Ok(())
}

/// Schemas, extensions and sequences; one that belongs to a table which is new comes with that.
pub(super) async fn carry_first(
    session: &Session,
    announced: &AnnouncedSchema,
    tables: &[Followed],
    selector: &Selector,
) -> Result<(), PgError> {
    for object in of_kinds(announced, &FIRST) {
        let selected = match object.kind {
            SchemaObjectKind::Schema => QualifiedName::new(object.name.clone(), ""),
            _ => own(object),
        };
        let waits = object.table_oid.is_some() && target_table(session, object, tables).await?.is_none();
        if selector.selects(&selected) && !waits {
            carry(session, &names(object), &statements(&ObjectStep::Make(object))).await?;
        }
    }
    Ok(())
}

/// Which columns sequences belong to, once the columns are there.
pub(super) async fn carry_owners(
    session: &Session,
    announced: &AnnouncedSchema,
    tables: &[Followed],
    selector: &Selector,
) -> Result<(), PgError> {
    for sequence in of_kinds(announced, &[SchemaObjectKind::Sequence]) {
        let name = own(sequence);
        // Its column may come only once the table is loaded anew.
        let waits = !is_there(session, &name).await?
            || sequence.table_oid.is_some() && target_table(session, sequence, tables).await?.is_none()
            || !has_column(session, sequence).await?;
        if let Some(statement) = owning(sequence).filter(|_| selector.selects(&name) && !waits) {
            carry(session, &names(sequence), &[statement]).await?;
        }
    }
    Ok(())
}

/// What is to own it is there, or nothing is.
async fn has_column(session: &Session, sequence: &SchemaObject) -> Result<bool, PgError> {
    let [table @ .., column] = sequence.columns.as_deref().unwrap_or_default() else {
        return Ok(true);
    };
    let row = session
        .query_one(
            "select exists (select from pg_catalog.pg_attribute a \
             join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where array[n.nspname::text, c.relname::text] = $1 and a.attname = $2 and not a.attisdropped)",
            &[&table, &column],
        )
        .await?;
    Ok(row.try_get(0)?)
}

async fn is_there(session: &Session, relation: &QualifiedName) -> Result<bool, PgError> {
    let row = session
        .query_one(
            "select pg_catalog.to_regclass($1) is not null",
            &[&relation.to_string()],
        )
        .await?;
    Ok(row.try_get(0)?)
}

fn of_kinds<'a>(
    announced: &'a AnnouncedSchema,
    kinds: &'a [SchemaObjectKind],
) -> impl Iterator<Item = &'a SchemaObject> {
    announced
        .objects
        .iter()
        .filter(|object| kinds.contains(&object.kind) && object.is_touched)
}

/// Of tables only those that are followed, and what is said of them only where their columns are in step (not `behind`); of
/// all else what is selected.
pub(super) async fn carry_objects(
    session: &Session,
    announced: &AnnouncedSchema,
    (tables, behind): (&[Followed], &HashSet<u32>),
    selector: &Selector,
) -> Result<(), PgError> {
    let role = session.query_one("show session_replication_role", &[]).await?;
    let is_quiet = role.try_get::<_, &str>(0)? == "replica";
    let (alone, owned): (Vec<_>, Vec<_>) = announced
        .objects
        .iter()
        .filter(|object| is_quiet || !is_set_off(object.kind))
        .filter(|object| !FIRST.contains(&object.kind))
        .filter(|object| {
            let is_of_columns = object.is_trait() || object.kind == SchemaObjectKind::GeneratedColumn;
            !is_of_columns || object.table_oid.is_none_or(|table| !behind.contains(&table))
        })
        .cloned()
        .partition(|object| object.table_oid.is_none());
    let mut seen = HashSet::new();
    for table in owned.iter().filter_map(|object| object.table_oid) {
        if !seen.insert(table) {
            continue;
        }
        let of_it = owned.iter().filter(|object| object.table_oid == Some(table));
        let mut now: Vec<SchemaObject> = of_it.cloned().collect();
        let target = target_table(session, &now[0], tables).await?;
        if let Some(target) = target.filter(|_| is_owner_selected(&now[0], selector)) {
            let mut there = objects(session, target).await?;
            without_identity_of_ours(session, &mut now, &mut there).await?;
            run(session, &object_steps(&now, &there)).await?;
            set_aside::note(session, &now, target).await?;
        }
    }
    let mut alone = alone;
    alone.retain(|object| selector.selects(&own(object)));
    let there = views(session, &alone).await?;
    run(session, &object_steps(&alone, &there)).await
}

/// The target's that are called as these.
async fn views(session: &Session, wanted: &[SchemaObject]) -> Result<Vec<SchemaObject>, PgError> {
    let is_view = |object: &&SchemaObject| {
        matches!(
            object.kind,
            SchemaObjectKind::View | SchemaObjectKind::MaterializedView
        )
    };
    let names: Vec<String> = wanted
        .iter()
        .filter(is_view)
        .map(|view| own(view).to_string())
        .collect();
    let rows = session
        .query(
            "select pg_catalog.to_regclass(name)::pg_catalog.oid from pg_catalog.unnest($1::text[]) name \
             where pg_catalog.to_regclass(name) is not null",
            &[&names],
        )
        .await?;
    let oids: Vec<u32> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let mut found = described(session, &[], &oids).await?;
    found.retain(|object| is_view(&object));
    Ok(found)
}

/// Leaves out the replica identity of a table that the source has of this program, for as long as it is followed.
pub(super) async fn without_identity_of_ours(
    target: &Session,
    now: &mut Vec<SchemaObject>,
    there: &mut Vec<SchemaObject>,
) -> Result<(), PgError> {
    let Some(table) = now.first().and_then(|first| first.table.as_ref()) else {
        return Ok(());
    };
    if has_identity_of_ours(target, table).await? {
        let is_other = |object: &SchemaObject| {
            object.kind != SchemaObjectKind::Setting || object.name != REPLICA_IDENTITY
        };
        now.retain(is_other);
        there.retain(is_other);
    }
    Ok(())
}

async fn has_identity_of_ours(target: &Session, table: &QualifiedName) -> Result<bool, PgError> {
    let row = target
        .query_one(
            "select exists (select from transhume.deviation where side = 'source' and kind = 'replica-identity' \
             and object = $1 and state <> 'undone')",
            &[&table.plain()],
        )
        .await?;
    Ok(row.try_get(0)?)
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
        if let ObjectStep::Rename { before, .. } = step {
            set_aside::forget(session, before).await?;
        }
    }
    Ok(())
}

/// As the source addresses it, so that what is dropped is known as what was made.
fn names(object: &SchemaObject) -> Vec<String> {
    let own = own(object);
    match (&object.table, object.kind) {
        (_, SchemaObjectKind::Schema) => vec![own.name],
        (None, _)
        | (_, SchemaObjectKind::Index | SchemaObjectKind::Sequence | SchemaObjectKind::Statistics) => {
            vec![own.schema, own.name]
        }
        (Some(table), _) => vec![table.schema.clone(), table.name.clone(), own.name],
    }
}

/// What is refused stands as a finding until the same object is carried, or the definitions are compared.
pub(super) async fn carry(session: &Session, names: &[String], statements: &[String]) -> Result<(), PgError> {
    match refusal(session, statements).await? {
        None => clear(session, names).await,
        Some(error) => tell_of_refusal(session, names, statements, &error.to_string()).await,
    }
}

pub(super) async fn tell_of_refusal(
    session: &Session,
    names: &[String],
    statements: &[String],
    reason: &str,
) -> Result<(), PgError> {
    let finding = Finding::warning(
        REFUSED,
        &names.join("."),
        format!("the source has altered it, and the target refused that: {reason}"),
        Remedy::on_target(statements.join("; ")),
    );
    finding::replace(&**session, ORIGIN, &finding).await
}

pub(super) async fn clear(session: &Session, names: &[String]) -> Result<(), PgError> {
    finding::clear_object(&**session, ORIGIN, REFUSED, &names.join(".")).await
}

/// It acts on what is written, unless by a replica.
pub(super) fn is_set_off(kind: SchemaObjectKind) -> bool {
    matches!(
        kind,
        SchemaObjectKind::Trigger | SchemaObjectKind::ForeignKey | SchemaObjectKind::Rule
    )
}

/// Names of what belongs to a table begin with the table's, but an index has a name of its own.
pub(super) fn is_selected(object: &ObjectAddress, selector: &Selector) -> bool {
    match object.names.as_slice() {
        [schema, name, ..] => selector.selects(&QualifiedName::new(schema.clone(), name.clone())),
        // A schema or extension, or a type as the server prints it.
        [printed] => {
            let (schema, name) = printed.split_once('.').unwrap_or((printed.as_str(), ""));
            selector.selects(&QualifiedName::new(
                schema.trim_matches('"'),
                name.trim_matches('"'),
            ))
        }
        [] => false,
    }
}

fn is_owner_selected(object: &SchemaObject, selector: &Selector) -> bool {
    object.table.as_ref().is_some_and(|table| selector.selects(table))
}

/// The target's table that this belongs to; of what has no rows of its own, a view or the root of partitions, by its name.
async fn target_table(
    session: &Session,
    object: &SchemaObject,
    tables: &[Followed],
) -> Result<Option<u32>, PgError> {
    if let Some(table) = tables.iter().find(|table| Some(table.oid) == object.table_oid) {
        let target = table.remembered.as_ref().and_then(|it| it.target.as_ref());
        return Ok(target.map(|target| target.oid));
    }
    let name = object.table.as_ref().map(ToString::to_string);
    let row = session
        .query_opt(
            "select c.oid from pg_catalog.pg_class c \
             where c.oid = pg_catalog.to_regclass($1)::pg_catalog.oid and c.relkind in ('p', 'v', 'm')",
            &[&name],
        )
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

pub(super) async fn objects(session: &Session, table: u32) -> Result<Vec<SchemaObject>, PgError> {
    described(session, &[table], &[]).await
}

/// What belongs to these tables, and what stands by itself among these.
async fn described(session: &Session, tables: &[u32], alone: &[u32]) -> Result<Vec<SchemaObject>, PgError> {
    if tables.is_empty() && alone.is_empty() {
        return Ok(Vec::new());
    }
    let rows = session.query(OBJECTS, &[&tables, &alone]).await?;
    rows.iter()
        .map(|row| {
            let Json(described): Json<SchemaObject> = row.try_get("described")?;
            Ok(described)
        })
        .collect()
}
