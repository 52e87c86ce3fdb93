//! A server fails over to a physical standby, as a managed service does it: the standby has all that was acknowledged, and
//! serves under the same address.
//!
//! The standby is made for each fail-over and becomes a synchronous one while the tool writes: what the tool believed of the
//! server's commits before is not true any more. Invariant: no commit that anybody has heard of is lost with the primary. From 17 on
//! the source's standby keeps the slots too, and no reader of one is ever ahead of it (`synchronized_standby_slots`); before,
//! it has none, and the migration must be refused.

use std::time::{Duration, Instant};

use transhume_demo::cluster::{Cluster, ClusterError};

use super::{
    invariants::Judge,
    reading::{self, Outcome},
    site::{DEADLINE, Site},
    writer,
};
use crate::pair::Side;

/// First version whose standbys keep logical slots.
const SLOTS_SURVIVE_SINCE: u32 = 17;
/// The tool writes so long with a standby that must confirm.
const BEFORE_PROMOTION: Duration = Duration::from_millis(700);
const POLL: Duration = Duration::from_millis(20);

/// The physical slot that keeps readers of the others behind the standby.
const STANDBY_SLOT: &str = "torture_standby";
const IS_SYNCHRONOUS: &str = "SELECT 1 FROM pg_catalog.pg_stat_replication WHERE sync_state = 'sync'";
const HAS_OUR_SLOT: &str = "SELECT 1 FROM pg_catalog.pg_replication_slots \
                            WHERE slot_name LIKE 'transhume%' AND NOT temporary AND failover";

impl Site {
    pub(super) fn slots_survive(&self) -> bool {
        self.major >= SLOTS_SURVIVE_SINCE
    }

    /// Over once the standby serves.
    pub(super) async fn fail_over_target(&mut self) -> Outcome {
        let target = self.server(Side::Target);
        let standby = tokio::task::block_in_place(|| in_words(target.synchronous_standby(&[])))?;
        self.until_synchronous(Side::Target).await?;
        tokio::time::sleep(BEFORE_PROMOTION).await;
        let target = self.server(Side::Target);
        tokio::task::block_in_place(|| in_words(target.fail_over_to(standby)))
    }

    /// With the slots. A source whose slot is not made yet is restarted instead.
    pub(super) async fn fail_over_source(&mut self, judge: &mut Judge) -> Outcome {
        if self.ask_until_done(Side::Source, HAS_OUR_SLOT).await?.is_empty() {
            let source = self.server(Side::Source);
            return tokio::task::block_in_place(|| in_words(source.restart()));
        }
        // What a crash left prepared holds the slots back on the primary, and no standby takes them over then.
        writer::finish_prepared(self.url(Side::Source)).await;
        self.keep_readers_behind_the_standby().await?;
        let settings = [
            ("primary_slot_name", STANDBY_SLOT),
            ("sync_replication_slots", "on"),
            ("hot_standby_feedback", "on"),
            // Once it is the primary it has no standby to wait for.
            ("synchronized_standby_slots", ""),
        ];
        let source = self.server(Side::Source);
        let standby = tokio::task::block_in_place(|| in_words(source.synchronous_standby(&settings)))?;
        self.until_synchronous(Side::Source).await?;
        self.until_it_has_both_slots(&standby, judge).await?;
        self.promote_source(standby).await
    }

    /// Before 17: the slot is gone with the primary.
    pub(super) async fn fail_over_source_without_slot(&mut self) -> Outcome {
        let source = self.server(Side::Source);
        let standby = tokio::task::block_in_place(|| in_words(source.synchronous_standby(&[])))?;
        self.until_synchronous(Side::Source).await?;
        self.promote_source(standby).await
    }

    async fn promote_source(&mut self, standby: Cluster) -> Outcome {
        tokio::time::sleep(BEFORE_PROMOTION).await;
        let source = self.server(Side::Source);
        tokio::task::block_in_place(|| in_words(source.fail_over_to(standby)))
    }

    /// A standby takes a slot over once its reader is past what the standby began with: the judge goes on reading, and a snapshot
    /// is logged, which the server does by itself each 15 s only.
    async fn until_it_has_both_slots(&mut self, standby: &Cluster, judge: &mut Judge) -> Outcome {
        let both = format!(
            "SELECT 1 FROM pg_catalog.pg_replication_slots WHERE synced AND NOT temporary \
             AND (slot_name LIKE 'transhume%' OR slot_name = '{}') OFFSET 1",
            reading::SLOT
        );
        let (url, end) = (standby.url("postgres"), Instant::now() + DEADLINE);
        while !has_row(&url, &both).await {
            if Instant::now() > end {
                let (there, here) = (slots_at(&url).await, slots_at(self.url(Side::Source)).await);
                let log = standby.log_tail();
                return Err(format!(
                    "waited in vain until the source's standby has both slots; there: {there}\non the source: {here}\n{log}"
                ));
            }
            self.keep_running()?;
            self.ask(Side::Source, "SELECT pg_catalog.pg_log_standby_snapshot()::text")
                .await?;
            judge.look(self).await?;
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    async fn keep_readers_behind_the_standby(&mut self) -> Outcome {
        let make = format!(
            "SELECT pg_catalog.pg_create_physical_replication_slot('{STANDBY_SLOT}', true) WHERE NOT EXISTS \
             (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = '{STANDBY_SLOT}')"
        );
        self.ask_until_done(Side::Source, &make).await?;
        let source = self.server(Side::Source);
        source.set("synchronized_standby_slots", STANDBY_SLOT);
        in_words(source.reload())
    }

    async fn until_synchronous(&self, side: Side) -> Outcome {
        until_answered(
            self.url(side),
            IS_SYNCHRONOUS,
            &format!("the {side:?}'s standby is synchronous"),
        )
        .await
    }
}

/// Until there is a row.
async fn until_answered(url: &str, query: &str, what: &str) -> Outcome {
    let end = Instant::now() + DEADLINE;
    while !has_row(url, query).await {
        if Instant::now() > end {
            return Err(format!("waited in vain until {what}"));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// For whoever wants to know why they are not taken over.
async fn slots_at(url: &str) -> String {
    let query =
        "SELECT coalesce(string_agg(s::text, '; '), 'none') FROM pg_catalog.pg_replication_slots AS s";
    let Ok(client) = crate::connection::connect(url).await else {
        return "no answer".to_owned();
    };
    match client.query_one(query, &[]).await {
        Ok(row) => row.get(0),
        Err(error) => error.to_string(),
    }
}

async fn has_row(url: &str, query: &str) -> bool {
    let Ok(client) = crate::connection::connect(url).await else {
        return false;
    };
    client.query(query, &[]).await.is_ok_and(|rows| !rows.is_empty())
}

fn in_words<T>(outcome: Result<T, ClusterError>) -> Outcome<T> {
    outcome.map_err(|error| error.to_string())
}
