//! The tables of the migration with what they were like when they were loaded.

use serde::Serialize;
use tokio_postgres::{GenericClient, types::Json};
use transhume_core::guard::schema::{Baseline, Followed};
use transhume_wire::ident::QualifiedName;

use crate::connection::error::PgError;

pub async fn followed(target: &impl GenericClient) -> Result<Vec<Followed>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/followed.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            let unreadable = |reason: String| PgError::Protocol {
                endpoint: "transhume.relation".to_owned(),
                reason,
            };
            let state: &str = row.try_get("state")?;
            let baseline: Option<serde_json::Value> = row.try_get("baseline")?;
            Ok(Followed {
                oid: row.try_get("source_oid")?,
                name: QualifiedName::new(
                    row.try_get::<_, String>("schema_name")?,
                    row.try_get::<_, String>("table_name")?,
                ),
                partitions: row.try_get("partitions")?,
                state: state.parse().map_err(|error| unreadable(format!("{error}")))?,
                baseline: baseline
                    .map(serde_json::from_value)
                    .transpose()
                    .map_err(|error| unreadable(format!("{error}")))?,
            })
        })
        .collect()
}

/// Baselines in one statement: bounds what is held in memory twice, here and on the server.
const SET_AT_ONCE: usize = 1000;

/// What a table was like when it was looked at first.
#[derive(Debug, Serialize)]
pub struct Seen {
    pub source_oid: u32,
    pub baseline: Baseline,
}

/// Writes down what tables were like, unless that is written already. What is held by somebody else is left out.
pub async fn set_baselines(target: &impl GenericClient, seen: &[Seen]) -> Result<(), PgError> {
    for seen in seen.chunks(SET_AT_ONCE) {
        target
            .execute(include_str!("../sql/load/set_baselines.sql"), &[&Json(seen)])
            .await?;
    }
    Ok(())
}
