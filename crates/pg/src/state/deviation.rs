//! `transhume.deviation`: everything changed on the source, or set aside on the target, that must be
//! undone at the end.
//!
//! Intended before it is made, so that a crash between the two leaves a row that says how to undo
//! what may or may not have happened; every undo statement is harmless when there is nothing to undo.

use tokio_postgres::types::Type;

use super::undo::Undo;
use crate::connection::{error::PgError, session::Session};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Source,
    Target,
    /// What stands between the application and its database, such as PgBouncer.
    Application,
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
            Self::Application => "application",
        }
    }
}

/// The kind of the deviation that a closed source is.
pub const FENCE: &str = "fence";

/// The kind of triggers and rules that are disabled on the target until the cutover.
pub const TRIGGERS: &str = "triggers";

/// One thing that differs from how we found it.
#[derive(Debug, Clone)]
pub struct Deviation {
    pub id: i64,
    /// Short word: `replica-identity`, `publication`, `slot`, `fence`, `triggers`.
    pub kind: String,
    pub object: String,
    pub description: String,
    pub undo: Vec<Undo>,
}

#[derive(Debug, Clone)]
pub struct NewDeviation<'a> {
    pub side: Side,
    pub kind: &'a str,
    pub object: &'a str,
    pub description: &'a str,
    pub undo: &'a [Undo],
}

/// Writes down what is about to be changed. The same intention twice is one row.
pub async fn intend(
    target: &impl tokio_postgres::GenericClient,
    new: &NewDeviation<'_>,
) -> Result<i64, PgError> {
    let row = target
        .query_one(
            include_str!("sql/deviation/intend.sql"),
            &[
                &new.side.name(),
                &new.kind,
                &new.object,
                &new.description,
                &serde_json::to_value(new.undo).expect("names are plain data"),
            ],
        )
        .await?;
    Ok(row.get(0))
}

/// The change is in force.
pub async fn made(target: &impl tokio_postgres::GenericClient, id: i64) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/deviation/made.sql"), &[&id])
        .await?;
    Ok(())
}

/// The former state of these is back. One statement, which is sent at once.
pub async fn undone(target: &Session, ids: &[i64]) -> Result<(), PgError> {
    target
        .execute_typed(
            include_str!("sql/deviation/undone.sql"),
            &[(&ids, Type::INT8_ARRAY)],
        )
        .await?;
    Ok(())
}

/// Something else brings the former state back by now.
pub async fn alter(target: &Session, id: i64, undo: &[Undo]) -> Result<(), PgError> {
    let undo = serde_json::to_value(undo).expect("names are plain data");
    target
        .execute(
            "update transhume.deviation set undo = $2 where id = $1",
            &[&id, &undo],
        )
        .await?;
    Ok(())
}

/// All of `side` that is not undone, newest first: the order to undo them in.
pub async fn open(target: &Session, side: Side) -> Result<Vec<Deviation>, PgError> {
    let rows = target
        .query(include_str!("sql/deviation/open.sql"), &[&side.name()])
        .await?;
    rows.iter()
        .map(|row| {
            let undo: serde_json::Value = row.get("undo");
            Ok(Deviation {
                id: row.get("id"),
                kind: row.get("kind"),
                object: row.get("object"),
                description: row.get("description"),
                undo: serde_json::from_value(undo).map_err(|error| PgError::Protocol {
                    endpoint: "transhume.deviation".to_owned(),
                    reason: error.to_string(),
                })?,
            })
        })
        .collect()
}
