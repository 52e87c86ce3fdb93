//! What an operator does about a difference of the schemas.
//!
//! Words only: whoever carries a change over runs the statement (`schema_change`), everything else is for a person.

use transhume_core::{
    finding::{Remedy, WrittenSide},
    shell,
};
use transhume_wire::ident::{QualifiedName, quote_identifier};

use crate::connection::{error::PgError, session::Session};

/// What to do about a difference of the schemas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemaRemedy {
    /// The exact statement to run on the side that is written; empty where there is none.
    pub statement: String,
    /// What no statement does, and what must follow for the rows that are there already.
    pub afterwards: Remedy,
    /// The exact statement that must wait until all that was written before is there; empty where there is none.
    pub once_caught_up: String,
    /// Its rows themselves must come anew.
    pub(crate) reload: Option<QualifiedName>,
}

impl SchemaRemedy {
    pub(crate) fn of(statement: impl Into<String>) -> Self {
        Self {
            statement: statement.into(),
            ..Self::default()
        }
    }

    pub fn by_hand(remedy: impl Into<Remedy>) -> Self {
        Self {
            afterwards: remedy.into(),
            ..Self::default()
        }
    }

    pub(crate) fn reload(table: &QualifiedName) -> Self {
        Self {
            reload: Some(table.clone()),
            ..Self::default()
        }
    }

    /// As an operator reads it.
    pub fn in_words(&self, side: &WrittenSide) -> Remedy {
        let given = |text: &str| !text.is_empty();
        let statement = Some(&self.statement).filter(|statement| given(statement));
        let afterwards = Some(self.afterwards.clone()).filter(|afterwards| given(afterwards));
        let later = Some(&self.once_caught_up).filter(|later| given(later));
        let later = later.map(|later| {
            let words = format!("once the {} has caught up: ", side.name());
            Remedy::from(words).then(Remedy::run(side.statement(later)))
        });
        let statement = statement.map(|statement| side.run(statement));
        let reload = self.reload.as_ref().map(|table| reload(side, table));
        let all = statement.into_iter().chain(afterwards).chain(later).chain(reload);
        Remedy::joined(all, "; ")
    }
}

fn reload(side: &WrittenSide, table: &QualifiedName) -> Remedy {
    match side {
        WrittenSide::Target => {
            let table = shell::word(&table.plain());
            Remedy::run(format!("transhume table reload {table}"))
        }
        WrittenSide::OldSource { .. } => {
            "reverse replication loads no table anew: \"transhume finish\" gives the fallback up".into()
        }
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
    } else {
        Remedy::default()
    };
    let is_later = afterwards.is_empty() && row.get("not_null_later");
    let not_null = || format!("alter table {table} alter column {quoted} set not null");
    Ok(Some(SchemaRemedy {
        statement,
        afterwards,
        once_caught_up: is_later.then(not_null).unwrap_or_default(),
        reload: None,
    }))
}
