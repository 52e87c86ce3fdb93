//! Statements that bring a change of the source's schema to the target: told to people, and run by us where
//! it is carried over.

use transhume_core::{
    finding::Remedy,
    guard::schema::{ChangeKind, SchemaChange},
    shell,
};
use transhume_wire::ident::{QualifiedName, quote_identifier};

use super::remedy::{SchemaRemedy, added_column};
use crate::connection::{error::PgError, session::Session};

/// What to run on the target, and what must follow.
pub async fn remedy(source: &Session, change: &SchemaChange) -> Result<SchemaRemedy, PgError> {
    if let Some(statement) = worded(change) {
        return Ok(SchemaRemedy::of(statement));
    }
    let table = &change.table;
    let plain = table.plain();
    Ok(match &change.kind {
        ChangeKind::NotPublished
        | ChangeKind::PublishedAnew
        | ChangeKind::Rewritten
        | ChangeKind::ColumnMadeAnew { .. } => SchemaRemedy::reload(table),
        ChangeKind::TableLost => SchemaRemedy::by_hand(format!(
            "create the table {table} on the target as the source has it, then \"transhume table reload {}\"",
            shell::word(&plain)
        )),
        ChangeKind::PartitionsChanged => SchemaRemedy::by_hand(format!(
            "make the partitions of {plain} on the target what they are on the source, then \
             \"transhume table reload {}\"",
            shell::word(&plain)
        )),
        ChangeKind::ColumnNew { column } => added_column(source, table, change.oid, &column.name)
            .await?
            .unwrap_or_else(|| SchemaRemedy::by_hand("nothing: the source has dropped it again")),
        _ => SchemaRemedy::by_hand(Remedy::run(format!(
            "transhume table add {}",
            shell::word(&plain)
        ))),
    })
}

/// The statement, where the change itself is all that it needs.
pub(crate) fn worded(change: &SchemaChange) -> Option<String> {
    let table = &change.table;
    Some(match &change.kind {
        ChangeKind::TableGone { on_target } => format!("drop table {on_target}"),
        ChangeKind::Renamed { before, is_occupied } => renamed(before, table, *is_occupied),
        ChangeKind::Moved { before, after } => moved(table, before.as_ref(), after.as_ref()),
        ChangeKind::ColumnGone { column, .. } => {
            format!("alter table {table} drop column {}", quote_identifier(column))
        }
        ChangeKind::ColumnRenamed {
            before,
            after,
            is_occupied,
        } => {
            let rename = |before: &str, after: &str| {
                format!(
                    "alter table {table} rename column {} to {}",
                    quote_identifier(before),
                    quote_identifier(after)
                )
            };
            let aside = is_occupied.then(|| rename(after, &aside(after)));
            joined(aside.into_iter().chain([rename(before, after)]))
        }
        ChangeKind::ColumnRetyped { column, type_name } => {
            let column = quote_identifier(column);
            format!("alter table {table} alter column {column} type {type_name} using {column}::{type_name}")
        }
        ChangeKind::TableNew { .. }
        | ChangeKind::TableLost
        | ChangeKind::NotPublished
        | ChangeKind::PublishedAnew
        | ChangeKind::ColumnNew { .. }
        | ChangeKind::ColumnMadeAnew { .. }
        | ChangeKind::PartitionsChanged
        | ChangeKind::Rewritten => return None,
    })
}

/// Another name for what stands in the way of one; it has a change of its own that gives it its right one.
fn aside(name: &str) -> String {
    /// Bytes of a name (`NAMEDATALEN - 1`).
    const LONGEST: usize = 63;
    const SUFFIX: &str = "__aside";
    let most = LONGEST - SUFFIX.len();
    let cut = name
        .char_indices()
        .map(|(place, letter)| place + letter.len_utf8());
    let end = cut.take_while(|end| *end <= most).last().unwrap_or_default();
    format!("{}{SUFFIX}", &name[..end])
}

/// What a table is called on the target is what it must be called as on the source.
pub fn renamed(before: &QualifiedName, after: &QualifiedName, is_occupied: bool) -> String {
    let mut steps = Vec::new();
    if is_occupied {
        let aside = quote_identifier(&aside(&after.name));
        steps.push(format!("alter table {after} rename to {aside}"));
    }
    let mut now = before.clone();
    if before.schema != after.schema {
        let schema = quote_identifier(&after.schema);
        steps.push(format!("create schema if not exists {schema}"));
        steps.push(format!("alter table {now} set schema {schema}"));
        now.schema.clone_from(&after.schema);
    }
    if before.name != after.name {
        steps.push(format!(
            "alter table {now} rename to {}",
            quote_identifier(&after.name)
        ));
    }
    joined(steps)
}

fn joined(steps: impl IntoIterator<Item = String>) -> String {
    steps.into_iter().collect::<Vec<_>>().join("; ")
}

fn moved(
    table: &QualifiedName,
    before: Option<&QualifiedName>,
    after: Option<&(QualifiedName, String)>,
) -> String {
    let detach = before.map(|parent| format!("alter table {parent} detach partition {table}"));
    let attach =
        after.map(|(parent, bound)| format!("alter table {parent} attach partition {table} {bound}"));
    joined([detach, attach].into_iter().flatten())
}

/// A change that must wait for a lock makes the target's readers and apply itself wait behind it.
pub async fn limit_locks(target: &Session) -> Result<(), PgError> {
    Ok(target.batch_execute("set lock_timeout = '2s'").await?)
}

/// Runs a statement of [`remedy`].
pub async fn run(target: &Session, statement: &str) -> Result<(), PgError> {
    Ok(target.batch_execute(statement).await?)
}
