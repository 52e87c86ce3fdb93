//! `worker`: the way in for a process that helps a full load which a runner elsewhere has begun.
//!
//! Makes sure that the helper reads from the same source before it copies anything: rows of another
//! database would be taken for the source's own.

use crate::{
    cancel::Cancellation,
    door::{self, Past},
    endpoints::Endpoints,
    error::Result,
    load::{self, LoadContext, LoadOptions},
    report::Reporter,
};

/// Copies and builds beside the runner until nothing is left.
pub async fn join(
    endpoints: &Endpoints,
    options: &LoadOptions,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<()> {
    let migration = door::enter(endpoints, Past::Compared).await?;
    load::work(&LoadContext {
        endpoints,
        migration: &migration,
        options,
        reporter,
        cancellation,
    })
    .await
}
