//! The tables of the migration with what is remembered of each: the source's facts when its rows were read, and which table
//! of the target has them.

use serde::Serialize;
use tokio_postgres::{GenericClient, types::Json};
use transhume_core::guard::schema::{Followed, Remembered, TableFacts, TargetIdentity};

use crate::{catalog::qualified_name, connection::error::PgError};

pub async fn followed(target: &impl GenericClient) -> Result<Vec<Followed>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/followed.sql"), &[])
        .await?;
    rows.iter().map(table).collect()
}

fn table(row: &tokio_postgres::Row) -> Result<Followed, PgError> {
    let state: &str = row.try_get("state")?;
    let facts: Option<Json<TableFacts>> = row.try_get("facts")?;
    let columns: Option<Json<_>> = row.try_get("target_columns")?;
    let target: Option<u32> = row.try_get("target_oid")?;
    let target = target
        .zip(columns)
        .map(|(oid, Json(columns))| TargetIdentity { oid, columns });
    Ok(Followed {
        oid: row.try_get("source_oid")?,
        name: qualified_name(row, "table_name")?,
        partitions: row.try_get("partitions")?,
        state: state.parse().map_err(|error| PgError::Protocol {
            endpoint: "transhume.relation".to_owned(),
            reason: format!("{error}"),
        })?,
        remembered: facts.map(|Json(facts)| Remembered { facts, target }),
    })
}

/// Facts in one statement: bounds what is held in memory twice, here and on the server.
const WRITTEN_AT_ONCE: usize = 1000;

#[derive(Debug, Serialize)]
struct Row<'a> {
    source_oid: u32,
    facts: &'a TableFacts,
    target_oid: Option<u32>,
    target_columns: Option<&'a std::collections::BTreeMap<String, i16>>,
}

/// Writes down loaded tables whose two sides were just seen in step. What is held by somebody else is left out.
pub async fn remember(target: &impl GenericClient, news: &[(u32, Remembered)]) -> Result<(), PgError> {
    for news in news.chunks(WRITTEN_AT_ONCE) {
        let rows = news.iter().map(|(oid, remembered)| Row {
            source_oid: *oid,
            facts: &remembered.facts,
            target_oid: remembered.target.as_ref().map(|target| target.oid),
            target_columns: remembered.target.as_ref().map(|target| &target.columns),
        });
        let rows = Json(rows.collect::<Vec<_>>());
        target
            .execute(include_str!("../sql/load/remember.sql"), &[&rows])
            .await?;
    }
    Ok(())
}

/// Writes down what these tables are under the snapshot that their rows are read under; in the transaction that binds them.
pub async fn remember_facts(target: &impl GenericClient, facts: &[TableFacts]) -> Result<(), PgError> {
    for facts in facts.chunks(WRITTEN_AT_ONCE) {
        let rows = facts.iter().map(|facts| Row {
            source_oid: facts.oid,
            facts,
            target_oid: None,
            target_columns: None,
        });
        let rows = Json(rows.collect::<Vec<_>>());
        target
            .execute(include_str!("../sql/load/remember_facts.sql"), &[&rows])
            .await?;
    }
    Ok(())
}

/// Writes down which tables of the target have the rows: of all of which that is not known yet, and of `again`, whose names
/// and columns are as remembered.
pub async fn identify_targets(target: &impl GenericClient, again: &[u32]) -> Result<(), PgError> {
    target
        .execute(include_str!("../sql/load/identify_targets.sql"), &[&again])
        .await?;
    Ok(())
}

/// Takes up what the target's tables are called by now.
pub async fn follow_names(target: &impl GenericClient) -> Result<(), PgError> {
    target
        .execute(include_str!("../sql/load/follow_names.sql"), &[])
        .await?;
    Ok(())
}
