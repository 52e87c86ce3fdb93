//! `transhume.archive` and `transhume.archive_item`: the schema archives and what became of their entries.
//!
//! Invariant: once the archive is stored, every entry that is left out or replaced has its row; an
//! entry without a row is still to be restored. `restored` rows commit with what they restored.

use std::collections::HashMap;

use tokio_postgres::GenericClient;
use transhume_core::follow::visibility::Snapshot;

use crate::connection::{error::PgError, session::Session, snapshot};

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    LeftOut,
    /// Made by build work instead.
    Replaced,
    /// The target refused it, and it may be missing.
    Failed,
    Restored,
}

const NAMES: [(Disposition, &str); 4] = [
    (Disposition::LeftOut, "left_out"),
    (Disposition::Replaced, "replaced"),
    (Disposition::Failed, "failed"),
    (Disposition::Restored, "restored"),
];

impl Disposition {
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find_map(|(disposition, name)| (*disposition == self).then_some(*name))
            .expect("every disposition has a name")
    }

    fn parse(name: &str) -> Result<Self, PgError> {
        NAMES
            .iter()
            .find_map(|(disposition, known)| (*known == name).then_some(*disposition))
            .ok_or_else(|| PgError::Protocol {
                endpoint: "transhume.archive_item".to_owned(),
                reason: format!("unknown disposition \"{name}\""),
            })
    }
}

/// Number of the archive that the migration began with; additions have others.
pub const FIRST: i32 = 0;

/// A dump of the source's schema.
#[derive(Debug, Clone, Copy)]
pub struct NewArchive<'a> {
    pub number: i32,
    pub content: &'a [u8],
    pub tool_version: &'a str,
    /// Statements of transactions that this sees are in it.
    pub shows: &'a Snapshot,
}

/// One entry with its reason.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    pub dump_id: i32,
    pub description: &'a str,
    pub reason: &'a str,
    /// Of an object that is missing on the target since the operator leaves something out.
    pub identity: Option<&'a str>,
}

/// Numbers of all archives, oldest first.
pub async fn numbers(target: &impl GenericClient) -> Result<Vec<i32>, PgError> {
    let rows = target.query(include_str!("sql/archive/numbers.sql"), &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Removes an archive with what is known of its entries.
pub async fn forget(target: &impl GenericClient, number: i32) -> Result<(), PgError> {
    target
        .execute(include_str!("sql/archive/forget.sql"), &[&number])
        .await?;
    Ok(())
}

/// Removes the archive that the migration began with, and all that was planned by it.
pub async fn forget_all(target: &impl GenericClient) -> Result<(), PgError> {
    Ok(target
        .batch_execute(include_str!("sql/archive/forget_all.sql"))
        .await?)
}

pub async fn is_stored(target: &impl GenericClient, number: i32) -> Result<bool, PgError> {
    let row = target
        .query_one(include_str!("sql/archive/exists.sql"), &[&number])
        .await?;
    Ok(row.try_get(0)?)
}

pub async fn store(target: &impl GenericClient, new: &NewArchive<'_>) -> Result<(), PgError> {
    let shows = new.shows.to_string();
    target
        .execute(
            include_str!("sql/archive/store.sql"),
            &[&new.number, &new.content, &new.tool_version, &shows],
        )
        .await?;
    Ok(())
}

/// What the schema that the migration began with was dumped under; none before.
pub async fn first_shows(target: &Session) -> Result<Option<Snapshot>, PgError> {
    let row = target
        .query_opt(include_str!("sql/archive/shows.sql"), &[&FIRST])
        .await?;
    row.map(|row| snapshot::parse("transhume.archive", row.try_get("shows")?))
        .transpose()
}

/// The archive's bytes.
pub async fn read(target: &impl GenericClient, number: i32) -> Result<Vec<u8>, PgError> {
    let row = target
        .query_one(include_str!("sql/archive/read.sql"), &[&number])
        .await?;
    Ok(row.try_get("content")?)
}

pub async fn record(
    target: &impl GenericClient,
    number: i32,
    disposition: Disposition,
    items: &[Item<'_>],
) -> Result<(), PgError> {
    let dump_ids: Vec<i32> = items.iter().map(|item| item.dump_id).collect();
    let descriptions: Vec<&str> = items.iter().map(|item| item.description).collect();
    let reasons: Vec<&str> = items.iter().map(|item| item.reason).collect();
    let identities: Vec<Option<&str>> = items.iter().map(|item| item.identity).collect();
    target
        .execute(
            include_str!("sql/archive/record_items.sql"),
            &[
                &dump_ids,
                &descriptions,
                &disposition.name(),
                &reasons,
                &number,
                &identities,
            ],
        )
        .await?;
    Ok(())
}

/// All entries that something became of, by dump id.
pub async fn items(target: &impl GenericClient, number: i32) -> Result<HashMap<i32, Disposition>, PgError> {
    let rows = target
        .query(include_str!("sql/archive/items.sql"), &[&number])
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, Disposition::parse(row.try_get(1)?)?)))
        .collect()
}

/// What was left out, each with its reason, in the archive's order.
pub async fn left_out(target: &impl GenericClient) -> Result<Vec<(String, String)>, PgError> {
    let rows = target
        .query(include_str!("sql/archive/left_out.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect()
}

/// Identities of what the target does not have since the operator leaves something out.
pub async fn absent_by_choice(target: &impl GenericClient) -> Result<Vec<String>, PgError> {
    let rows = target
        .query(
            "select distinct identity from transhume.archive_item where identity is not null",
            &[],
        )
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Schemas that the target has now.
pub async fn schemas(target: &impl GenericClient) -> Result<Vec<String>, PgError> {
    let rows = target.query(include_str!("sql/archive/schemas.sql"), &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
