//! `transhume.addition`: tables that join the migration, and how far they are.
//!
//! Every move is made from the step that the caller believed in, inside the transaction that does the work.

use tokio_postgres::GenericClient;
use transhume_core::{
    schema::addition::{AddedTable, AdditionStep},
    selection::Selection,
};
use transhume_wire::ident::QualifiedName;

use crate::connection::error::PgError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Of the addition and of its schema archive.
    pub number: i32,
    pub tables: Vec<AddedTable>,
    pub step: AdditionStep,
    /// Why it was refused, if it was.
    pub message: String,
}

impl Addition {
    /// OIDs on the source of those that rows are moved under.
    pub fn oids(&self) -> Vec<u32> {
        let holding = self.tables.iter().filter(|table| table.holds_rows);
        holding.map(|table| table.oid).collect()
    }

    pub fn names(&self) -> impl Iterator<Item = &QualifiedName> {
        self.tables.iter().map(|table| &table.name)
    }

    /// For people.
    pub fn title(&self) -> String {
        let names: Vec<_> = self.names().map(QualifiedName::plain).collect();
        names.join(", ")
    }
}

/// Writes an addition down, its tables as being added and the selection that has them; returns its number.
pub async fn begin(
    transaction: &impl GenericClient,
    tables: &[AddedTable],
    selection: &Selection,
) -> Result<i32, PgError> {
    let tables = serde_json::to_value(tables).expect("invariant: plain data becomes JSON");
    let row = transaction
        .query_one(
            include_str!("sql/addition/begin.sql"),
            &[&tables, &AdditionStep::Schema.name()],
        )
        .await?;
    transaction
        .execute(include_str!("sql/addition/add_relations.sql"), &[&tables])
        .await?;
    transaction
        .execute(include_str!("sql/addition/add_partitions.sql"), &[&tables])
        .await?;
    set_selection(transaction, selection).await?;
    Ok(row.try_get(0)?)
}

/// All there ever were, oldest first.
pub async fn all(target: &impl GenericClient) -> Result<Vec<Addition>, PgError> {
    let rows = target.query(include_str!("sql/addition/all.sql"), &[]).await?;
    let unreadable = |reason: String| PgError::Protocol {
        endpoint: "transhume.addition".to_owned(),
        reason,
    };
    rows.iter()
        .map(|row| {
            let step: &str = row.try_get("step")?;
            Ok(Addition {
                number: row.try_get("number")?,
                tables: serde_json::from_value(row.try_get("tables")?)
                    .map_err(|error| unreadable(error.to_string()))?,
                step: step.parse().map_err(|error| unreadable(format!("{error}")))?,
                message: row.try_get("message")?,
            })
        })
        .collect()
}

/// Moves it from the step that the caller knows; false when it is elsewhere.
pub async fn advance(
    target: &impl GenericClient,
    addition: &Addition,
    next: AdditionStep,
    message: &str,
) -> Result<bool, PgError> {
    let moved = target
        .execute(
            include_str!("sql/addition/move.sql"),
            &[&addition.number, &addition.step.name(), &next.name(), &message],
        )
        .await?;
    Ok(moved == 1)
}

/// Its tables are no part of the migration after all.
pub async fn forget_relations(target: &impl GenericClient, addition: &Addition) -> Result<(), PgError> {
    target
        .execute(
            include_str!("sql/addition/forget_relations.sql"),
            &[&addition.oids()],
        )
        .await?;
    Ok(())
}

/// Its tables stay part of the migration, since the stream has changes of them, but nothing is done with them.
pub async fn suspend_relations(target: &impl GenericClient, addition: &Addition) -> Result<(), PgError> {
    target
        .execute(
            include_str!("sql/addition/suspend_relations.sql"),
            &[&addition.oids()],
        )
        .await?;
    Ok(())
}

/// All its tables have their rows and indexes.
pub async fn is_loaded(target: &impl GenericClient, addition: &Addition) -> Result<bool, PgError> {
    let row = target
        .query_one(include_str!("sql/addition/are_loaded.sql"), &[&addition.oids()])
        .await?;
    Ok(row.try_get(0)?)
}

/// What the migration takes from now on.
pub async fn set_selection(target: &impl GenericClient, selection: &Selection) -> Result<(), PgError> {
    let selection = serde_json::to_value(selection).expect("invariant: a selection is plain data");
    target
        .execute(include_str!("sql/addition/set_selection.sql"), &[&selection])
        .await?;
    Ok(())
}
