//! The gate: conditions that must hold before the fence is tried, all shown at once.

use std::time::{Duration, Instant};

use transhume_core::{finding::Finding, load::RelationState, phase::Phase};
use transhume_pg::{
    catalog::activity,
    state::{finding, frontier, load::relations},
    wal,
};

use super::Cutover;
use crate::{
    error::{Doing, EngineError, Result},
    follow, guard,
};

/// How long a lag may take to come down before the gate refuses: a follower that has just been
/// started needs a moment.
const LAG_PATIENCE: Duration = Duration::from_secs(10);

const LAG_POLL: Duration = Duration::from_millis(200);

pub(super) async fn pass(cutover: &Cutover<'_>) -> Result<()> {
    if cutover.migration.phase != Phase::Follow {
        return Err(EngineError::refused(
            format!("the migration is in phase {}", cutover.migration.phase),
            "cut over while it is in phase follow (see \"transhume status\")",
        ));
    }
    let mut blockers = Vec::new();
    blockers.extend(lag(cutover).await?);
    blockers.extend(prepared_transactions(cutover).await?);
    blockers.extend(tables_not_loaded(cutover).await?);
    blockers.extend(standing(cutover).await?);
    if blockers.is_empty() {
        Ok(())
    } else {
        Err(EngineError::Blocked(blockers))
    }
}

async fn lag(cutover: &Cutover<'_>) -> Result<Option<Finding>> {
    let limit = cutover.options.lag_limit_bytes;
    let deadline = Instant::now() + LAG_PATIENCE;
    loop {
        let end = wal::flushed_end(&cutover.source)
            .await
            .doing("reading the source's WAL end")?;
        let applied = frontier::read(&cutover.target)
            .await
            .doing("reading the frontier")?;
        let lag = end.bytes_since(applied);
        if lag <= limit {
            return Ok(None);
        }
        if Instant::now() >= deadline {
            return Ok(Some(Finding::blocker(
                "lag",
                "",
                format!("the target is {lag} bytes behind the source, the limit is {limit}"),
                "wait until \"transhume status\" shows less, or raise --max-lag",
            )));
        }
        cutover
            .reporter
            .waiting(format!("the lag of {lag} bytes to fall below {limit}"));
        tokio::time::sleep(LAG_POLL).await;
    }
}

/// A prepared transaction holds its locks until somebody commits it: the fence would wait in vain.
async fn prepared_transactions(cutover: &Cutover<'_>) -> Result<Vec<Finding>> {
    let prepared = activity::prepared_transactions(&cutover.source)
        .await
        .doing("looking for prepared transactions")?;
    let database = &cutover.migration.identity.database;
    Ok(prepared
        .into_iter()
        .filter(|transaction| transaction.database == *database)
        .map(|transaction| {
            Finding::blocker(
                "prepared-transaction",
                &transaction.gid,
                format!(
                    "prepared {} seconds ago by {}, neither committed nor rolled back",
                    transaction.age_seconds, transaction.owner
                ),
                "run COMMIT PREPARED or ROLLBACK PREPARED for it on the source",
            )
        })
        .collect())
}

/// What the stream or the guard found and nobody has remedied yet.
async fn standing(cutover: &Cutover<'_>) -> Result<Vec<Finding>> {
    let mut standing = Vec::new();
    for origin in [follow::ORIGIN, guard::ORIGIN] {
        standing.extend(
            finding::blockers(&*cutover.target, origin)
                .await
                .doing("reading the findings")?,
        );
    }
    Ok(standing)
}

/// A table whose rows are not those of the source must not be what the application finds.
async fn tables_not_loaded(cutover: &Cutover<'_>) -> Result<Vec<Finding>> {
    let all = relations::all(&*cutover.target)
        .await
        .doing("reading the state of the tables")?;
    let finding = |relation: relations::Relation| {
        let table = relation.name.plain();
        let (message, remedy) = match relation.state {
            RelationState::Loaded => return None,
            RelationState::Suspended => (
                "it is suspended: its rows are older than those of the source",
                format!("run \"transhume table resume {table}\""),
            ),
            RelationState::Planned | RelationState::Loading => (
                "it is being loaded anew",
                "wait until \"transhume status\" shows it no more".to_owned(),
            ),
        };
        Some(Finding::blocker("table-not-loaded", &table, message, remedy))
    };
    Ok(all.into_iter().filter_map(finding).collect())
}
