//! `worker`: the way in for a process that helps a full load which a runner elsewhere has begun.
//!
//! Makes sure that the helper reads from the same source before it copies anything: rows of another
//! database would be taken for the source's own.

use transhume_pg::state::migration::Migration;

use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{EngineError, Result},
    load::{self, LoadContext, LoadOptions},
    prepare::identity,
    present::migration_on,
    report::Reporter,
};

/// Copies and builds beside the runner until nothing is left.
pub async fn join(
    endpoints: &Endpoints,
    options: &LoadOptions,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<()> {
    let migration = joined(endpoints).await?;
    load::work(&LoadContext {
        endpoints,
        migration: &migration,
        options,
        reporter,
        cancellation,
    })
    .await
}

/// The migration on the target, when it belongs to this source.
async fn joined(endpoints: &Endpoints) -> Result<Migration> {
    let target = endpoints.target_session("worker", "worker").await?;
    let migration = migration_on(&target).await?;
    let source = endpoints.source_session(&migration.id, "worker").await?;
    if identity::source_identity(endpoints, &source).await? != migration.identity {
        return Err(EngineError::refused(
            "the migration on the target belongs to another source",
            "check --source: a worker reads from the same database as the runner",
        ));
    }
    Ok(migration)
}
