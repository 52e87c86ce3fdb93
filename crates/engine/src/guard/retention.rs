//! The WAL that the slot keeps on the source: shown, warned of, and ended where the operator says so.

use std::time::Duration;

use transhume_core::{
    command::Command,
    finding::Finding,
    guard::{
        ORIGIN, SLOT_DROPPED,
        wal_retention::{self, Act, Level, Limit},
    },
};
use transhume_pg::{
    connection::error::PgError,
    follow::slot::{self, SlotState},
    state::{
        command, finding, history,
        runner::{self, Retention},
    },
};

use super::{Ends, Guard};
use crate::{error::EngineError, report::Report};

const RETENTION: &str = "wal-retention";
const CATALOG_HORIZON: &str = "slot-catalog-horizon";
/// Half of what autovacuum_freeze_max_age is by default: from there on catalogs are bloated enough to be
/// felt, and autovacuum soon works against the clock.
const CATALOG_AGE_WARNING: i32 = 100_000_000;

/// What was said last; a change of it is worth saying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    level: Level,
    is_catalog_old: bool,
}

/// One look.
struct Look {
    retained: u64,
    limit: Option<Limit>,
    bytes_per_second: u64,
    level: Level,
}

impl Guard<'_> {
    pub(super) async fn retention(&mut self, ends: &Ends) -> Result<Option<EngineError>, PgError> {
        let Some(slot) = slot::state(&ends.source, &self.migration.slot_name).await? else {
            return Ok(None);
        };
        let look = self.judge(&slot);
        let retention = Retention {
            retained_bytes: slot.retained_bytes,
            limit_bytes: look
                .limit
                .map(|limit| i64::try_from(limit.bytes).unwrap_or(i64::MAX)),
            limited_by: look.limit.map_or("", |limit| limit.by.setting()),
            bytes_per_second: i64::try_from(look.bytes_per_second).unwrap_or(i64::MAX),
        };
        let stands_before = runner::retains(&ends.target, retention).await?;
        self.tell(ends, &slot, &look).await?;
        match wal_retention::act(look.level, look.limit, self.policy.action, stands_before) {
            Act::Nothing => Ok(None),
            Act::Suspend(table) => self.suspend(ends, table, &look).await.map(|()| None),
            Act::DropSlot => self.drop_slot(ends, &look).await.map(Some),
        }
    }

    fn judge(&mut self, slot: &SlotState) -> Look {
        let retained = slot.retained_bytes.unwrap_or_default().max(0).unsigned_abs();
        let bytes_per_second = self.growth.observe(self.began.elapsed(), retained);
        let limit = wal_retention::limit(retained, self.policy.budget_bytes, slot.safe_wal_bytes);
        Look {
            retained,
            limit,
            bytes_per_second,
            level: wal_retention::judge(retained, limit, bytes_per_second),
        }
    }

    async fn tell(&mut self, ends: &Ends, slot: &SlotState, look: &Look) -> Result<(), PgError> {
        let told = Told {
            level: look.level,
            is_catalog_old: slot
                .catalog_xmin_age
                .is_some_and(|age| age >= CATALOG_AGE_WARNING),
        };
        let is_new = self.told != Some(told);
        match warning(look) {
            // Its figures move on with every look.
            Some(finding) => self.record(ends, finding, is_new).await?,
            None if is_new => finding::clear(&*ends.target, ORIGIN, RETENTION).await?,
            None => {}
        }
        if is_new && told.is_catalog_old {
            self.record(ends, old_catalog(slot), true).await?;
        } else if is_new {
            finding::clear(&*ends.target, ORIGIN, CATALOG_HORIZON).await?;
        }
        self.told = Some(told);
        Ok(())
    }

    async fn record(&self, ends: &Ends, finding: Finding, is_new: bool) -> Result<(), PgError> {
        finding::replace(&*ends.target, ORIGIN, &finding).await?;
        if is_new {
            self.reporter.send(Report::Finding { finding });
        }
        Ok(())
    }

    /// Asks the runner to set the table aside that the stream waits with, unless that was asked already.
    async fn suspend(&self, ends: &Ends, table: u32, look: &Look) -> Result<(), PgError> {
        let wish = Command::Suspend(vec![table]);
        let pending = command::pending(&ends.target).await?;
        if pending.iter().any(|request| request.command == wish) {
            return Ok(());
        }
        let detail = serde_json::json!({ "table": table, "retained_bytes": look.retained });
        history::add(
            &*ends.target,
            "suspending a table that holds back WAL on the source",
            &detail,
        )
        .await?;
        command::request(&ends.target, wish, None).await?;
        self.reporter.step(format!(
            "the slot keeps {} of WAL: the table that the stream waits with is to be suspended, as follow.wal_action says",
            size(look.retained)
        ));
        Ok(())
    }

    /// The reason is written down before the slot goes: whoever finds it gone finds out why.
    async fn drop_slot(&self, ends: &Ends, look: &Look) -> Result<EngineError, PgError> {
        let budget = look.limit.map_or(0, |limit| limit.bytes);
        let name = &self.migration.slot_name;
        let message = format!(
            "the slot {name} was dropped: it kept {} of WAL on the source, follow.wal_budget is {}",
            size(look.retained),
            size(budget)
        );
        let remedy = "start the migration anew: transhume abort, then transhume run; with a higher follow.wal_budget, \
                      or more loaders";
        let finding = Finding::blocker(SLOT_DROPPED, name, &message, remedy);
        finding::replace(&*ends.target, ORIGIN, &finding).await?;
        let detail = serde_json::json!({ "retained_bytes": look.retained, "budget_bytes": budget });
        history::add(&*ends.target, "slot dropped", &detail).await?;
        slot::drop(&ends.source, name).await?;
        self.reporter.send(Report::Finding { finding });
        Ok(EngineError::stopped(
            message,
            "The source's disk came first, as follow.wal_action = \"drop-slot\" says. What was copied stays on the \
             target, but it cannot be kept up any more.",
            remedy,
        ))
    }
}

fn warning(look: &Look) -> Option<Finding> {
    let limit = look.limit?;
    if look.level == Level::Calm {
        return None;
    }
    let time = wal_retention::time_to_full(look.retained, limit, look.bytes_per_second)
        .map_or_else(String::new, |time| {
            format!(", reached in {} at the present rate", span(time))
        });
    Some(Finding::warning(
        RETENTION,
        "",
        format!(
            "the slot keeps {} of WAL on the source; the limit by {} is {}{time}",
            size(look.retained),
            limit.by.setting(),
            size(limit.bytes)
        ),
        "let the target catch up: see what the stream waits for in \"transhume status\"; make the load end sooner, or \
         suspend the table that is waited for (transhume table suspend); else raise the limit while the disk allows",
    ))
}

fn old_catalog(slot: &SlotState) -> Finding {
    Finding::warning(
        CATALOG_HORIZON,
        "",
        format!(
            "the slot keeps catalog rows of the source from vacuum for {} transactions",
            slot.catalog_xmin_age.unwrap_or_default()
        ),
        "let the target catch up; a migration that is given up is ended with: transhume abort",
    )
}

/// In MB, as one reads it beside PostgreSQL's settings.
fn size(bytes: u64) -> String {
    format!("{} MB", bytes >> 20)
}

fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}
