//! Statements that bring a change of the source's schema to the target: told to people, and run by us where
//! it is carried over.

use transhume_core::guard::schema::{ChangeKind, SchemaChange};
use transhume_wire::ident::{QualifiedName, quote_identifier};

use crate::{
    connection::{error::PgError, session::Session},
    follow::apply::{Remedy, added_column},
};

/// What to run on the target, and what must follow.
pub async fn remedy(source: &Session, change: &SchemaChange) -> Result<Remedy, PgError> {
    let table = &change.table;
    let plain = table.plain();
    Ok(match &change.kind {
        ChangeKind::TableNew { .. } => Remedy {
            statement: String::new(),
            afterwards: Some(format!("transhume table add {plain}")),
        },
        ChangeKind::TableGone => Remedy::of(format!("drop table {table}")),
        ChangeKind::NotPublished | ChangeKind::Rewritten | ChangeKind::ColumnMadeAnew { .. } => {
            reload(&plain)
        }
        ChangeKind::PartitionsChanged => Remedy {
            statement: String::new(),
            afterwards: Some(format!(
                "make the partitions of {plain} on the target what they are on the source, then transhume table reload \
                 {plain}"
            )),
        },
        ChangeKind::Renamed { before } if before.schema == table.schema => Remedy::of(format!(
            "alter table {before} rename to {}",
            quote_identifier(&table.name)
        )),
        ChangeKind::Renamed { before } => Remedy::of(format!(
            "alter table {before} set schema {}",
            quote_identifier(&table.schema)
        )),
        ChangeKind::Moved { before, after } => Remedy::of(moved(table, before.as_ref(), after.as_ref())),
        ChangeKind::ColumnNew { column } => added_column(source, table, change.oid, &column.name)
            .await?
            .unwrap_or_else(|| Remedy::of("nothing: the source has dropped it again")),
        ChangeKind::ColumnGone { column, .. } => Remedy::of(format!(
            "alter table {table} drop column {}",
            quote_identifier(column)
        )),
        ChangeKind::ColumnRenamed { before, after } => Remedy::of(format!(
            "alter table {table} rename column {} to {}",
            quote_identifier(before),
            quote_identifier(after)
        )),
        ChangeKind::ColumnRetyped { column, type_name } => {
            let column = quote_identifier(column);
            Remedy::of(format!(
                "alter table {table} alter column {column} type {type_name} using {column}::{type_name}"
            ))
        }
    })
}

fn reload(table: &str) -> Remedy {
    Remedy {
        statement: String::new(),
        afterwards: Some(format!("transhume table reload {table}")),
    }
}

fn moved(
    table: &QualifiedName,
    before: Option<&QualifiedName>,
    after: Option<&(QualifiedName, String)>,
) -> String {
    let detach = before.map(|parent| format!("alter table {parent} detach partition {table}"));
    let attach =
        after.map(|(parent, bound)| format!("alter table {parent} attach partition {table} {bound}"));
    [detach, attach]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ")
}

/// A change that must wait for a lock makes the target's readers and apply itself wait behind it.
pub async fn limit_locks(target: &Session) -> Result<(), PgError> {
    Ok(target.batch_execute("set lock_timeout = '2s'").await?)
}

/// Runs a statement of [`remedy`].
pub async fn run(target: &Session, statement: &str) -> Result<(), PgError> {
    Ok(target.batch_execute(statement).await?)
}
