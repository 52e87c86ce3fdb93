//! Rows that extensions keep for the user: read, digested, and put in the place of those that the target has.
//!
//! Invariants: what one extension keeps is replaced in one transaction, in the order in which the extension names it, and
//! never beyond the condition that the extension gives for it. That condition is text of the source: it reaches a server
//! only as the end of one prepared statement, and nothing is put behind it that was not prepared without it.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio_postgres::Client;
use transhume_wire::ident::{QualifiedName, quote_identifier};

use crate::{
    catalog::qualified_name,
    connection::{error::PgError, session::Session},
};

/// A table or sequence of an extension whose rows are the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredTable {
    pub extension: String,
    pub name: QualifiedName,
    is_sequence: bool,
    /// Empty, or begins with WHERE.
    condition: String,
    columns: Vec<String>,
}

/// Which side refused, and what it said.
#[derive(Debug)]
pub enum CarryError {
    Source(PgError),
    Target(PgError),
}

/// In the order in which they can be filled.
pub async fn configured(client: &Client) -> Result<Vec<ConfiguredTable>, PgError> {
    let rows = client.query(include_str!("sql/configured.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(ConfiguredTable {
                extension: row.try_get("extension")?,
                name: qualified_name(row, "table_name")?,
                is_sequence: row.try_get("is_sequence")?,
                condition: row.try_get("condition")?,
                columns: row.try_get("columns")?,
            })
        })
        .collect()
}

impl ConfiguredTable {
    fn columns(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|name| quote_identifier(name)).collect();
        names.join(", ")
    }

    /// One text, equal where the rows that count are.
    fn digesting(&self) -> String {
        if self.is_sequence {
            return format!(
                "select row(last_value, is_called)::pg_catalog.text from {}",
                self.name
            );
        }
        // A hash of text under the collation "C" is the same on every server.
        format!(
            "select pg_catalog.count(*) || ' ' || coalesce(pg_catalog.sum(pg_catalog.hashtextextended(\
             row({})::pg_catalog.text collate \"C\", 0)), 0) from {} {}",
            self.columns(),
            self.name,
            self.condition
        )
    }
}

/// What the table holds of the rows that count, as a digest.
pub async fn digest(client: &Client, table: &ConfiguredTable) -> Result<String, PgError> {
    Ok(client.query_one(&table.digesting(), &[]).await?.try_get(0)?)
}

/// Puts the source's rows in the place of the target's: all of one extension. With `replica_role` neither triggers nor
/// foreign keys act meanwhile.
pub async fn carry(
    source: &Session,
    target: &Session,
    tables: &[ConfiguredTable],
    replica_role: bool,
) -> Result<(), CarryError> {
    let begin = if replica_role {
        "begin; set local session_replication_role = replica"
    } else {
        "begin"
    };
    on_target(target, begin).await?;
    let carried = replace(source, target, tables).await;
    let end = if carried.is_ok() { "commit" } else { "rollback" };
    let ended = on_target(target, end).await;
    carried.and(ended)
}

async fn replace(source: &Session, target: &Session, tables: &[ConfiguredTable]) -> Result<(), CarryError> {
    for table in tables.iter().rev().filter(|table| !table.is_sequence) {
        delete(target, table).await?;
    }
    for table in tables {
        if table.is_sequence {
            set(source, target, table).await?;
        } else {
            copy(source, target, table).await?;
            on_target(target, &format!("analyze {}", table.name)).await?;
        }
    }
    Ok(())
}

async fn on_target(target: &Session, statement: &str) -> Result<(), CarryError> {
    let done = target.batch_execute(statement).await;
    done.map_err(|error| CarryError::Target(error.into()))
}

/// As a prepared statement, which is one: what a condition has behind a semicolon is refused.
async fn delete(target: &Session, table: &ConfiguredTable) -> Result<(), CarryError> {
    let statement = format!("delete from {} {}", table.name, table.condition);
    let done = target.execute(&statement, &[]).await;
    done.map(drop).map_err(|error| CarryError::Target(error.into()))
}

async fn set(source: &Session, target: &Session, table: &ConfiguredTable) -> Result<(), CarryError> {
    let query = format!("select last_value, is_called from {}", table.name);
    let row = source.query_one(&query, &[]).await;
    let row = row.map_err(|error| CarryError::Source(error.into()))?;
    let read = || Ok::<(i64, bool), tokio_postgres::Error>((row.try_get(0)?, row.try_get(1)?));
    let (value, is_called) = read().map_err(|error| CarryError::Source(error.into()))?;
    let setting = format!(
        "select pg_catalog.setval({}, {value}, {is_called})",
        transhume_wire::ident::quote_literal(&table.name.to_string())
    );
    on_target(target, &setting).await
}

async fn copy(source: &Session, target: &Session, table: &ConfiguredTable) -> Result<(), CarryError> {
    let at_source = |error: tokio_postgres::Error| CarryError::Source(error.into());
    let at_target = |error: tokio_postgres::Error| CarryError::Target(error.into());
    let (name, columns) = (&table.name, table.columns());
    let chosen = format!("select {columns} from {name} {}", table.condition);
    // What is a query by itself ends none of the parentheses below; a comment at its end ends with the line.
    source.prepare(&chosen).await.map_err(at_source)?;
    let out = format!("copy ({chosen}\n) to stdout");
    let rows = source.copy_out(&out).await.map_err(at_source)?;
    let into = format!("copy {name} ({columns}) from stdin");
    let sink = target.copy_in(&into).await.map_err(at_target)?;
    let (mut rows, mut sink) = (Box::pin(rows), Box::pin(sink));
    while let Some(bytes) = rows.next().await {
        sink.send(bytes.map_err(at_source)?).await.map_err(at_target)?;
    }
    sink.as_mut().finish().await.map(drop).map_err(at_target)
}
