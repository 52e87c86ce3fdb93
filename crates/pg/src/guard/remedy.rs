//! What an operator does about a difference of the schemas.
//!
//! Texts are for a person to read and run; nothing here is ever executed by us.

use transhume_core::shell;
use transhume_wire::ident::{QualifiedName, quote_identifier};

use crate::connection::{error::PgError, session::Session};

/// What to do about a drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// The exact statement to run on the target, or words where there is none.
    pub statement: String,
    /// What else must follow for the rows that are there already.
    pub afterwards: Option<String>,
}

impl Remedy {
    pub(crate) fn of(statement: impl Into<String>) -> Self {
        Self {
            statement: statement.into(),
            afterwards: None,
        }
    }
}

/// How the target gets a column that the source's table (by its OID) has; none where it has it no more.
pub async fn added_column(
    source: &Session,
    table: &QualifiedName,
    oid: u32,
    column: &str,
) -> Result<Option<Remedy>, PgError> {
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
        Some(format!(
            "rows that are there already may have got other values on the source, which are not in the stream: \
             \"transhume table reload {}\"",
            shell::word(&table.plain())
        ))
    } else if row.get("not_null_later") {
        Some(format!(
            "once the target has caught up: alter table {table} alter column {quoted} set not null"
        ))
    } else {
        None
    };
    Ok(Some(Remedy {
        statement,
        afterwards,
    }))
}
