//! The target fails over to a physical standby, as a managed service does it: the standby has all that was acknowledged,
//! and serves under the same address.
//!
//! The standby is made for each fail-over and becomes a synchronous one while the tool writes: what the tool believed of the
//! target's commits before is not true any more. Refuses the source: before 17 its slot does not survive that.

use std::time::{Duration, Instant};

use transhume_demo::cluster::ClusterError;

use super::{
    reading::Outcome,
    site::{DEADLINE, Site},
};
use crate::pair::Side;

/// The tool writes so long with a standby that must confirm.
const BEFORE_PROMOTION: Duration = Duration::from_millis(700);

const IS_SYNCHRONOUS: &str = "SELECT 1 FROM pg_catalog.pg_stat_replication WHERE sync_state = 'sync'";

impl Site {
    /// Over once the standby serves.
    pub(super) async fn fail_over(&mut self) -> Outcome {
        let target = self.server(Side::Target);
        let standby = tokio::task::block_in_place(|| in_words(target.synchronous_standby()))?;
        let end = Instant::now() + DEADLINE;
        while self
            .ask_until_done(Side::Target, IS_SYNCHRONOUS)
            .await?
            .is_empty()
        {
            if Instant::now() > end {
                return Err("the target's standby does not become synchronous".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(BEFORE_PROMOTION).await;
        let target = self.server(Side::Target);
        tokio::task::block_in_place(|| in_words(target.fail_over_to(standby)))
    }
}

fn in_words<T>(outcome: Result<T, ClusterError>) -> Outcome<T> {
    outcome.map_err(|error| error.to_string())
}
