//! Renewing the load's snapshot once it is old, while the workers go on: as long as it is held, vacuum on the source keeps what
//! the application deletes and replaces.
//!
//! Only tables in ranges of a key have parts under several snapshots, so only they are moved (decision 0018). Every other table
//! is finished under the snapshot that it was begun with. A renewal that fails costs nothing but its age: it is tried again.

use std::{convert::Infallible, time::Duration};

use transhume_core::count::counted;
use transhume_pg::state::load::binding as state_binding;

use super::{
    LoadContext, binding,
    snapshot::{Holders, fresh_snapshot},
};
use crate::error::{Doing, Result};

/// Hours: long enough that the stream need not tell many snapshots apart, short enough that dead rows of a busy source are
/// removed several times a day.
const RENEWAL_AGE: Duration = Duration::from_secs(2 * 3600);

/// Between looks, which are one short statement each.
const SHORTEST_LOOK: Duration = Duration::from_secs(1);
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// Looks until it is dropped. Without a slot nothing tells what changed between two snapshots, so there it never renews.
pub(super) async fn renew_old(context: &LoadContext<'_>, holders: &mut Holders) -> Infallible {
    let age = context.options.snapshot_renewal.unwrap_or(RENEWAL_AGE);
    let look = age.clamp(SHORTEST_LOOK, LONGEST_LOOK);
    loop {
        tokio::time::sleep(look).await;
        if context.migration.slot_xid_horizon.is_some()
            && let Err(error) = renew(context, holders, age).await
        {
            tracing::debug!("renewing the load's snapshot failed: {error}");
        }
    }
}

async fn renew(context: &LoadContext<'_>, holders: &mut Holders, age: Duration) -> Result<()> {
    let mut target = context.target_session("renewal").await?;
    // Those of the look before: whoever had just claimed a part under one has begun to read by now.
    holders.keep_needed(&target).await?;
    let old = state_binding::ranges_under_old(&*target, age)
        .await
        .doing("asking which snapshots are old")?;
    if old.is_empty() {
        return Ok(());
    }
    let holder = holders.hold(fresh_snapshot(context).await?);
    let bound = binding::rebind_ranges(context, &mut target, holder, &old).await?;
    if bound > 0 {
        context.reporter.step(format!(
            "the load's snapshot was renewed: the parts left of {} are read under a fresh one",
            counted(bound, "table")
        ));
    }
    Ok(())
}
