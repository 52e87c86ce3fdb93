//! Two databases without a migration between them: nothing tells when both show the same commits, so both
//! must be quiet, or the caller names two snapshots that belong together.

use transhume_core::sides::Sides;
use transhume_pg::{
    connection::{error::PgError, session::Session, snapshot::SnapshotHolder},
    follow::wal,
};
use transhume_wire::lsn::Lsn;

use super::frozen::FrozenPair;
use crate::{
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    report::Reporter,
};

/// Stands for the migration's id in the names of sessions.
pub(super) const NO_MIGRATION: &str = "verify";

/// Snapshots of now, or those that were exported under these names.
pub(super) async fn freeze(
    endpoints: &Endpoints,
    source: &Session,
    snapshots: Option<&Sides<String>>,
    reporter: &Reporter,
) -> Result<FrozenPair> {
    let taken = if let Some(named) = snapshots {
        let source = SnapshotHolder::import(&endpoints.source, NO_MIGRATION, &named.source).await;
        let target = SnapshotHolder::import(&endpoints.target, NO_MIGRATION, &named.target).await;
        Sides {
            source: source.map_err(|error| unknown("source", &named.source, &error))?,
            target: target.map_err(|error| unknown("target", &named.target, &error))?,
        }
    } else {
        let source = SnapshotHolder::fresh(&endpoints.source, NO_MIGRATION)
            .await
            .doing("taking the source's snapshot")?;
        let target = SnapshotHolder::fresh(&endpoints.target, NO_MIGRATION)
            .await
            .doing("taking the target's snapshot")?;
        reporter.step("no migration between these databases: both must be quiet");
        Sides { source, target }
    };
    // A standby writes no WAL of its own.
    let consistent_point = if source.is_standby() {
        Lsn::default()
    } else {
        wal::flushed_end(source)
            .await
            .doing("reading the source's WAL position")?
    };
    Ok(FrozenPair {
        consistent_point,
        source: taken.source,
        target: taken.target,
    })
}

fn unknown(side: &str, name: &str, error: &PgError) -> EngineError {
    EngineError::stopped(
        format!("the snapshot {name} of the {side} cannot be used"),
        error.to_string(),
        "keep the transaction open that exported it (pg_export_snapshot), in the same database",
    )
}
