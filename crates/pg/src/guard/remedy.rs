//! What an operator does about a difference of the schemas.
//!
//! Words only: whoever carries a change over runs the statement (`schema_change`), everything else is for a person.

use transhume_core::{finding::Remedy, shell};
use transhume_wire::ident::{QualifiedName, quote_identifier};

use crate::connection::{error::PgError, session::Session};

/// What to do about a difference of the schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaRemedy {
    /// The exact statement to run on the target; empty where there is none.
    pub statement: String,
    /// What no statement does, and what must follow for the rows that are there already.
    pub afterwards: Remedy,
}

impl SchemaRemedy {
    pub(crate) fn of(statement: impl Into<String>) -> Self {
        Self {
            statement: statement.into(),
            afterwards: Remedy::default(),
        }
    }

    pub(crate) fn by_hand(remedy: impl Into<Remedy>) -> Self {
        Self {
            statement: String::new(),
            afterwards: remedy.into(),
        }
    }

    pub(crate) fn reload(table: &QualifiedName) -> Self {
        let table = table.plain();
        Self::by_hand(Remedy::run(format!(
            "transhume table reload {}",
            shell::word(&table)
        )))
    }

    /// As an operator reads it.
    pub fn in_words(&self) -> Remedy {
        let statement = Some(&self.statement).filter(|statement| !statement.is_empty());
        let afterwards = Some(self.afterwards.clone()).filter(|afterwards| !afterwards.is_empty());
        Remedy::joined(
            statement.map(Remedy::on_target).into_iter().chain(afterwards),
            "; ",
        )
    }
}

/// How the target gets a column that the source's table (by its OID) has; none where it has it no more.
pub async fn added_column(
    source: &Session,
    table: &QualifiedName,
    oid: u32,
    column: &str,
) -> Result<Option<SchemaRemedy>, PgError> {
    let quoted = quote_identifier(column);
    let row = source
        .query_opt(include_str!("sql/column_definition.sql"), &[&oid, &column])
        .await?;
    let Some(row) = row else { return Ok(None) };
    let later = row
        .get::<_, Option<&str>>("later_default")
        .map_or_else(String::new, |default| {
            format!("; alter table {table} alter column {quoted} {default}")
        });
    let definition: &str = row.get("definition");
    let statement = format!("alter table {table} add column {definition}{later}");
    let afterwards = if row.get("may_be_rewritten") {
        Remedy::from(format!(
            "rows that are there already may have got other values on the source, which are not in the stream: \
             \"transhume table reload {}\"",
            shell::word(&table.plain())
        ))
    } else if row.get("not_null_later") {
        Remedy::from("once the target has caught up: ").then(Remedy::run(format!(
            "alter table {table} alter column {quoted} set not null"
        )))
    } else {
        Remedy::default()
    };
    Ok(Some(SchemaRemedy {
        statement,
        afterwards,
    }))
}
