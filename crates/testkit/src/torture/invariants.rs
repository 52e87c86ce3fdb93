//! What must hold at every moment, whatever was done to whom.
//!
//! * the target shows the source as of its frontier, all tables in one snapshot (I1 to I5: equality, prefix, atomicity,
//!   exactly once, causality);
//! * the slot is never confirmed past the frontier (I6);
//! * the frontier never goes back;
//! * the program does not panic (I11).

use super::{
    model::Model,
    reading::{self, Frozen, Outcome, told},
    site::Site,
};
use crate::{connection::connect_canonical, pair::Side};

/// The frontier once the target shows a moment of the source: after the load, past all that tables were loaded at later.
const FRONTIER: &str = "SELECT pg_catalog.pg_wal_lsn_diff(f.lsn, '0/0')::bigint FROM transhume.frontier AS f \
                        CROSS JOIN transhume.migration AS m \
                        WHERE m.phase NOT IN ('prepare', 'pre-data', 'full-load', 'post-data') AND f.lsn >= m.load_end_lsn";

pub(super) struct Judge {
    model: Model,
    last_frontier: u64,
    /// How often the whole target was compared.
    pub(super) compared: u64,
    /// What kept it from comparing when it looked last.
    pub(super) why_not: &'static str,
}

impl Judge {
    /// While nobody writes to the source yet.
    pub(super) async fn new(site: &Site) -> Outcome<Self> {
        let source = told(connect_canonical(site.url(Side::Source)).await)?;
        let with = if site.slots_survive() {
            ", failover => true"
        } else {
            ""
        };
        let create = format!(
            "SELECT FROM pg_catalog.pg_create_logical_replication_slot('{}', 'test_decoding'{with})",
            reading::SLOT
        );
        told(source.batch_execute(&create).await)?;
        Ok(Self {
            model: Model::of(reading::contents(&source).await?),
            last_frontier: 0,
            compared: 0,
            why_not: "it never looked",
        })
    }

    /// Nothing where a server does not answer now: a broken rule is an error, a broken server none.
    pub(super) async fn look(&mut self, site: &Site) -> Outcome {
        confirmed_is_durable(site).await?;
        if site.program.log().contains("panicked at") {
            return Err("the tool panicked".to_owned());
        }
        let found = snapshot(site).await;
        // Also while there is nothing to compare with: what piles up is read in one go later.
        let told_all = self.catch_up(site).await?;
        let Some((frontier, found)) = found else {
            self.why_not = "the target does not answer, or does not show a moment of the source yet";
            return Ok(());
        };
        if frontier < self.last_frontier {
            return Err(format!("the frontier went back to {}", super::lsn_text(frontier)));
        }
        self.last_frontier = frontier;
        if !told_all {
            self.why_not = "the source does not answer";
            return Ok(());
        }
        self.model.advance(frontier)?;
        let differences = self.model.differences(&found);
        if !differences.is_empty() {
            return Err(format!(
                "at the frontier {} the target is not what the source was (its last commit there ended at {}):\n  {}",
                super::lsn_text(frontier),
                super::lsn_text(self.model.at),
                differences.join("\n  ")
            ));
        }
        self.compared += 1;
        Ok(())
    }

    /// Whether the source told all that it committed.
    async fn catch_up(&mut self, site: &Site) -> Outcome<bool> {
        let Ok(source) = connect_canonical(site.url(Side::Source)).await else {
            return Ok(false);
        };
        match reading::drain(&source, &mut self.model).await {
            Ok(()) => Ok(true),
            // It went down while it told.
            Err(_) if source.is_closed() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The frontier and all rows of one moment, where the server goes on answering.
async fn snapshot(site: &Site) -> Option<(u64, Frozen)> {
    let target = connect_canonical(site.url(Side::Target)).await.ok()?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    target.batch_execute(begin).await.ok()?;
    let row = target.query_opt(FRONTIER, &[]).await.ok()??;
    let found = reading::frozen(&target).await.ok()?;
    // Locks of a session that is only dropped would last until somebody comes to close it.
    target.batch_execute("COMMIT").await.ok()?;
    Some((row.get::<_, i64>(0).unsigned_abs(), found))
}

/// The slot is read first: the frontier may only have moved on meanwhile.
async fn confirmed_is_durable(site: &Site) -> Outcome {
    let confirmed = "SELECT confirmed_flush_lsn::text FROM pg_catalog.pg_replication_slots \
                     WHERE slot_name LIKE 'transhume%' AND confirmed_flush_lsn IS NOT NULL";
    let Ok(confirmed) = site.ask(Side::Source, confirmed).await else {
        return Ok(());
    };
    let Some(confirmed) = confirmed.first() else {
        return Ok(());
    };
    // It is 0/0 until the slot that was just made is written down.
    let query = format!("SELECT lsn::text FROM transhume.frontier WHERE lsn < '{confirmed}' AND lsn > '0/0'");
    match site
        .ask(Side::Target, &query)
        .await
        .ok()
        .and_then(|rows| rows.first().cloned())
    {
        Some(frontier) => Err(format!(
            "the slot is confirmed at {confirmed}, past the frontier {frontier}"
        )),
        None => Ok(()),
    }
}
