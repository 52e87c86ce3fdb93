//! The tables of the migration with what they were like when they were loaded.

use tokio_postgres::GenericClient;
use transhume_core::schema_watch::{Baseline, Followed};
use transhume_wire::ident::QualifiedName;

use crate::error::PgError;

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

/// Writes down what a table was like, unless that is written already.
pub async fn set_baseline(
    target: &impl GenericClient,
    source_oid: u32,
    baseline: &Baseline,
) -> Result<(), PgError> {
    let baseline = serde_json::to_value(baseline).expect("invariant: a baseline is plain data");
    target
        .execute(
            include_str!("../sql/load/set_baseline.sql"),
            &[&source_oid, &baseline],
        )
        .await?;
    Ok(())
}
