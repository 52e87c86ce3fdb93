//! The WAL that the slot keeps on the source: shown, warned of, and ended where the operator says so.

use std::time::Duration;

use tokio::time::timeout;
use transhume_core::{
    command::Command,
    count::counted,
    direction::Direction,
    finding::Finding,
    guard::{
        ORIGIN, SLOT_DROPPED,
        anew::anew,
        wal_retention::{self, Act, Level, Limit},
    },
};
use transhume_pg::{
    connection::{error::PgError, names, session::Session},
    follow::slot::{self, SlotState},
    state::{
        command, finding, history,
        runner::{self, Retention, TargetNow},
    },
};

use super::{Guard, Open};
use crate::{error::EngineError, report::Report};

/// What is written to the target at each look takes milliseconds.
const TELLING: Duration = Duration::from_secs(10);

/// Who follows finds the slot gone as soon as the target is back, and looks for the reason for some seconds.
const WRITING_AGAIN: Duration = Duration::from_millis(200);

const RETENTION: &str = "wal-retention";
const CATALOG_HORIZON: &str = "slot-catalog-horizon";
/// Half of what autovacuum_freeze_max_age is by default: from there on catalogs are bloated enough to be
/// felt, and autovacuum soon works against the clock.
const CATALOG_AGE_WARNING: i32 = 100_000_000;

/// What was said last; a change of it is worth saying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reported {
    level: Level,
    is_catalog_old: bool,
}

/// One look.
struct Look {
    retained: u64,
    limit: Option<Limit>,
    bytes_per_second: u64,
    level: Level,
    /// What is not confirmed.
    backlog: u64,
    /// That becomes less, or what is not sent does.
    shrinks: bool,
}

impl Guard<'_> {
    /// Looks at the source, tells the target while that answers, and acts by what the source alone says.
    pub(super) async fn retention(&mut self, open: &mut Open) -> Result<Option<EngineError>, PgError> {
        // A session whose answer does not come back in time is given up.
        let Some(source) = open.source.take() else {
            return Ok(None);
        };
        let Some(slot) = slot::state(&source, &self.migration.slot_name).await? else {
            open.source = Some(source);
            return Ok(None);
        };
        let look = self.judge(&slot);
        let mut now = TargetNow::default();
        if let Some(target) = open.target.take()
            && let Ok(Ok(reported)) = timeout(TELLING, self.reported(&target, &slot, &look)).await
        {
            now = reported;
            open.target = Some(target);
        }
        let target = open.target.as_ref();
        let is_caught_up_with =
            wal_retention::is_caught_up_with(look.shrinks, now.is_applying, look.backlog, look.limit);
        let act = wal_retention::act(
            look.level,
            look.limit,
            self.policy.action,
            now.stands_before,
            is_caught_up_with,
        );
        let end = match (act, target) {
            (Act::Suspend(table), Some(target)) => self.suspend(target, table, &look).await.map(|()| None),
            (Act::Nothing | Act::Suspend(_), _) => Ok(None),
            (Act::DropSlot, target) => self.drop_slot(&source, target, &look).await.map(Some),
        };
        open.source = Some(source);
        end
    }

    /// Writes down what the slot keeps.
    async fn reported(
        &mut self,
        target: &Session,
        slot: &SlotState,
        look: &Look,
    ) -> Result<TargetNow, PgError> {
        let retention = Retention {
            retained_bytes: slot.retained_bytes,
            limit_bytes: look
                .limit
                .map(|limit| i64::try_from(limit.bytes).unwrap_or(i64::MAX)),
            limited_by: look.limit.map_or("", |limit| limit.by.setting()),
            bytes_per_second: i64::try_from(look.bytes_per_second).unwrap_or(i64::MAX),
        };
        let appliers = ["apply", "early"].map(|role| names::application_name(&self.migration.id, role));
        let now = runner::retains(target, retention, (&appliers, wal_retention::CATCHING_UP)).await?;
        self.tell(target, slot, look).await?;
        Ok(now)
    }

    fn judge(&mut self, slot: &SlotState) -> Look {
        let retained = slot.retained_bytes.unwrap_or_default().max(0).unsigned_abs();
        let bytes_per_second = self.growth.observe(self.began.elapsed(), retained);
        let bytes = |found: Option<i64>| found.unwrap_or_default().max(0).unsigned_abs();
        let (backlog, unsent) = (bytes(slot.backlog_bytes), bytes(slot.unsent_bytes));
        let confirms = self.backlog.observe(self.began.elapsed(), backlog);
        let sends = self.unsent.observe(self.began.elapsed(), unsent);
        let limit = wal_retention::limit(retained, self.policy.budget_bytes, slot.safe_wal_bytes);
        Look {
            retained,
            limit,
            bytes_per_second,
            backlog,
            shrinks: confirms || sends,
            level: wal_retention::judge(retained, limit, bytes_per_second),
        }
    }

    async fn tell(&mut self, target: &Session, slot: &SlotState, look: &Look) -> Result<(), PgError> {
        let reported = Reported {
            level: look.level,
            is_catalog_old: slot
                .catalog_xmin_age
                .is_some_and(|age| age >= CATALOG_AGE_WARNING),
        };
        let is_new = self.reported != Some(reported);
        match warning(look) {
            // Its figures move on with every look.
            Some(finding) => self.record(target, finding, is_new).await?,
            None if is_new => finding::clear(&**target, ORIGIN, RETENTION).await?,
            None => {}
        }
        if is_new && reported.is_catalog_old {
            self.record(target, old_catalog(slot), true).await?;
        } else if is_new {
            finding::clear(&**target, ORIGIN, CATALOG_HORIZON).await?;
        }
        self.reported = Some(reported);
        Ok(())
    }

    async fn record(&self, target: &Session, finding: Finding, is_new: bool) -> Result<(), PgError> {
        finding::replace(&**target, ORIGIN, &finding).await?;
        if is_new {
            self.reporter.send(Report::Finding { finding });
        }
        Ok(())
    }

    /// Asks the runner to set the table aside that the stream waits with, unless that was asked already.
    async fn suspend(&self, target: &Session, table: u32, look: &Look) -> Result<(), PgError> {
        let wish = Command::Suspend(vec![table]);
        let pending = command::pending(target).await?;
        if pending.iter().any(|request| request.command == wish) {
            return Ok(());
        }
        let detail = serde_json::json!({ "table": table, "retained_bytes": look.retained });
        history::add(
            &**target,
            "suspending a table that holds back WAL on the source",
            &detail,
        )
        .await?;
        command::request(target, wish, None).await?;
        self.reporter.step(format!(
            "the slot keeps {} of WAL: the table that the stream waits with is to be suspended, as follow.wal_action says",
            size(look.retained)
        ));
        Ok(())
    }

    /// The reason is written down before the slot goes, or where the target does not answer as soon as it does: whoever finds
    /// the slot gone finds out why. The source's disk waits for neither.
    async fn drop_slot(
        &self,
        source: &Session,
        target: Option<&Session>,
        look: &Look,
    ) -> Result<EngineError, PgError> {
        let budget = look.limit.map_or(0, |limit| limit.bytes);
        let name = &self.migration.slot_name;
        let message = format!(
            "the slot {name} was dropped: it kept {} of WAL on the source, follow.wal_budget is {}",
            size(look.retained),
            size(budget)
        );
        let again = anew(self.migration.direction);
        let remedy = match self.migration.direction {
            Direction::Forward => format!("{again}; with a higher follow.wal_budget, or more loaders"),
            Direction::Reverse => again.to_owned(),
        };
        let finding = Finding::blocker(SLOT_DROPPED, name, &message, &remedy);
        let detail = serde_json::json!({ "retained_bytes": look.retained, "budget_bytes": budget });
        let is_written = match target {
            Some(target) => matches!(
                timeout(TELLING, write_down(target, &finding, &detail)).await,
                Ok(Ok(()))
            ),
            None => false,
        };
        slot::drop(source, name).await?;
        self.reporter.send(Report::Finding {
            finding: finding.clone(),
        });
        if !is_written {
            self.reporter
                .waiting("the target, to write down there why the slot is gone");
            self.write_down_once_it_answers(&finding, &detail).await;
        }
        Ok(EngineError::stopped(
            message,
            "The source's disk came first, as follow.wal_action = \"drop-slot\" says. What was copied stays on the \
             target, but it cannot be kept up any more.",
            remedy,
        ))
    }

    async fn write_down_once_it_answers(&self, finding: &Finding, detail: &serde_json::Value) {
        loop {
            let id = &self.migration.id;
            let written = async {
                let target = self.endpoints.target_session(id, "guard").await.ok()?;
                write_down(&target, finding, detail).await.ok()
            };
            if let Ok(Some(())) = timeout(TELLING, written).await {
                return;
            }
            tokio::time::sleep(WRITING_AGAIN).await;
        }
    }
}

async fn write_down(target: &Session, finding: &Finding, detail: &serde_json::Value) -> Result<(), PgError> {
    finding::replace(&**target, ORIGIN, finding).await?;
    history::add(&**target, "slot dropped", detail).await
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
            "the slot keeps catalog rows of the source from vacuum for {}",
            counted(slot.catalog_xmin_age.unwrap_or_default(), "transaction")
        ),
        "let the target catch up: see what the stream waits for in \"transhume status\"",
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
