//! What the target knows of the write pause that a cutover will make.

use std::time::Duration;

use crate::connection::{error::PgError, session::Session};

#[derive(Debug, Clone)]
pub struct PauseFacts {
    pub tables: usize,
    /// All of the database's: which are selected is the source's to say.
    pub sequences: usize,
    /// Held until the cutover and made inside the pause.
    pub foreign_keys: usize,
    /// None before the stream has begun.
    pub bytes_per_second: Option<u64>,
    pub rehearsal: Option<Rehearsal>,
}

/// The last one.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// Name and milliseconds of each.
    pub steps: Vec<(String, f64)>,
    pub age: Duration,
}

#[derive(serde::Deserialize)]
struct Step {
    name: String,
    milliseconds: f64,
}

pub async fn facts(target: &Session) -> Result<PauseFacts, PgError> {
    let row = target
        .query_one(include_str!("sql/write_pause/facts.sql"), &[])
        .await?;
    let count = |name| usize::try_from(row.get::<_, i64>(name)).unwrap_or_default();
    let steps: Option<serde_json::Value> = row.get("steps");
    let age: Option<f64> = row.get("rehearsal_age");
    // One that an older version wrote otherwise is as good as none.
    let steps = steps.and_then(|steps| serde_json::from_value::<Vec<Step>>(steps).ok());
    Ok(PauseFacts {
        tables: count("tables"),
        sequences: count("sequences"),
        foreign_keys: count("foreign_keys"),
        bytes_per_second: row
            .get::<_, Option<i64>>("bytes_per_second")
            .and_then(|rate| u64::try_from(rate).ok()),
        rehearsal: steps.zip(age).map(|(steps, age)| Rehearsal {
            steps: steps
                .into_iter()
                .map(|step| (step.name, step.milliseconds))
                .collect(),
            age: Duration::try_from_secs_f64(age).unwrap_or_default(),
        }),
    })
}
