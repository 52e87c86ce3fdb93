//! The snapshot that a new slot exports, taken over once all that it shows can be seen.
//!
//! The server builds it from the commit records in its WAL. A transaction writes that record first, then notes that it
//! has committed, and is taken off the list of those that run at last. Read in between, its rows would pass for those
//! of a transaction that rolled back: missing in the copy, and marked so on the source for good (pgsql-hackers, "Race
//! conditions in logical decoding", January 2026). So nothing is read before each of them is off the list; commonly
//! none is on it (decision 0016).

use std::time::{Duration, Instant};

use transhume_pg::connection::snapshot::SnapshotHolder;

use crate::{
    endpoints::Endpoints,
    error::{Doing, Result},
    report::Reporter,
};

/// Between two looks; the end of a commit is a matter of microseconds.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Whoever takes longer waits for a synchronous standby, and is named.
const NAMED_AFTER: Duration = Duration::from_secs(2);

/// The snapshot of this name, held. The connection that made the slot must live until then.
pub(crate) async fn take_over(
    endpoints: &Endpoints,
    migration: &str,
    name: &str,
    reporter: &Reporter,
) -> Result<SnapshotHolder> {
    let holder = SnapshotHolder::import(&endpoints.source, migration, name)
        .await
        .doing("taking over the slot's snapshot")?;
    let started = Instant::now();
    loop {
        let unsettled = holder
            .unsettled()
            .await
            .doing("looking for commits that are not finished")?;
        if unsettled.is_empty() {
            return Ok(holder);
        }
        if started.elapsed() > NAMED_AFTER {
            reporter.waiting(waiting_for(&unsettled));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn waiting_for(unsettled: &[Option<i32>]) -> String {
    let name = |pid: &Option<i32>| {
        pid.map_or_else(
            || "a prepared transaction".to_owned(),
            |pid| format!("process {pid}"),
        )
    };
    let whom: Vec<String> = unsettled.iter().map(name).collect();
    format!(
        "commits that are in the source's WAL and not finished, as while a synchronous standby does not answer: {}",
        whom.join(", ")
    )
}
