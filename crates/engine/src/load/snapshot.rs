//! Keeping a usable snapshot for every table that is not finished.
//!
//! Design §2.3: a fresh snapshot is exact only once every transaction that was running when the slot
//! was created has ended. Until then the load waits, and says for whom.

use transhume_core::disposition::Disposition;
use transhume_pg::{
    connection::{error::PgError, names, session::Session},
    follow::{
        marker,
        snapshot::{self, SnapshotHolder, older_transactions},
    },
    state::load::plan::{self, NeededSnapshot, Restarted},
};

use super::{
    LoadContext,
    back_off::{BackOff, persist},
};
use crate::error::{Doing, EngineError, Result};

/// Transactions named in one report; more would hide the rest.
const NAMED_TRANSACTIONS: usize = 3;

/// The snapshots that this process holds open.
pub(super) struct Holders {
    held: Vec<SnapshotHolder>,
}

impl Holders {
    pub(super) fn new(holder: Option<SnapshotHolder>) -> Self {
        Self {
            held: holder.into_iter().collect(),
        }
    }

    /// Makes every snapshot that open parts need importable: keeps those that live, takes over those
    /// of other processes, and starts the tables of lost ones again under a new snapshot.
    pub(super) async fn renew(&mut self, context: &LoadContext<'_>, target: &mut Session) -> Result<()> {
        self.drop_dead().await;
        let needed = plan::needed_snapshots(&**target)
            .await
            .doing("reading which snapshots the load needs")?;
        let mut lost = Vec::new();
        for snapshot in &needed {
            if !self.keep_or_take_over(context, target, snapshot).await? {
                lost.push(snapshot.id);
            }
        }
        if !lost.is_empty() {
            self.restart(context, target, &lost).await?;
        }
        self.bind_outdated(context, target).await
    }

    /// Tables that the source truncated or rewrote need a snapshot taken after that: never one that
    /// is held already.
    async fn bind_outdated(&mut self, context: &LoadContext<'_>, target: &mut Session) -> Result<()> {
        let doing = "binding rewritten tables to a fresh snapshot";
        let outdated = plan::without_snapshot(&**target).await.doing(doing)?;
        if outdated.is_empty() {
            return Ok(());
        }
        let holder = fresh_snapshot(context).await?;
        bind(target, &outdated, &holder).await.doing(doing)?;
        self.held.push(holder);
        Ok(())
    }

    async fn drop_dead(&mut self) {
        let mut alive = Vec::with_capacity(self.held.len());
        for holder in self.held.drain(..) {
            if holder.is_alive().await {
                alive.push(holder);
            }
        }
        self.held = alive;
    }

    async fn keep_or_take_over(
        &mut self,
        context: &LoadContext<'_>,
        target: &Session,
        needed: &NeededSnapshot,
    ) -> Result<bool> {
        let is_needed = |holder: &SnapshotHolder| *holder.snapshot() == needed.shows;
        if self
            .held
            .iter()
            .any(|holder| holder.name() == needed.name && is_needed(holder))
        {
            return Ok(true);
        }
        let imported = import(context, &needed.name).await?;
        let Some(holder) = imported.filter(is_needed) else {
            return Ok(false);
        };
        plan::rename_snapshot(&**target, needed.id, holder.name())
            .await
            .doing("recording the snapshot's new name")?;
        self.held.push(holder);
        Ok(true)
    }

    /// A snapshot given by the caller serves, else a fresh one is taken.
    async fn restart(&mut self, context: &LoadContext<'_>, target: &mut Session, lost: &[i32]) -> Result<()> {
        let holder = match self.held.pop() {
            Some(holder) => holder,
            None => fresh_snapshot(context).await?,
        };
        let restarted = restart_under(target, lost, &holder)
            .await
            .doing("starting unfinished tables again under a fresh snapshot")?;
        self.held.push(holder);
        context.reporter.step(format!(
            "{} unfinished tables start again under a fresh snapshot, {} of them emptied; finished tables stay",
            restarted.relations,
            restarted.emptied.len()
        ));
        Ok(())
    }
}

async fn restart_under(
    target: &mut Session,
    lost: &[i32],
    holder: &SnapshotHolder,
) -> std::result::Result<Restarted, PgError> {
    let transaction = target.transaction().await?;
    // Wherever it comes from, the filter that is built from its text is exact.
    let id = plan::insert_snapshot(&transaction, holder, false).await?;
    let restarted = plan::restart_unfinished(&transaction, lost, id).await?;
    transaction.commit().await?;
    Ok(restarted)
}

async fn bind(
    target: &mut Session,
    oids: &[u32],
    holder: &SnapshotHolder,
) -> std::result::Result<(), PgError> {
    let transaction = target.transaction().await?;
    let id = plan::insert_snapshot(&transaction, holder, false).await?;
    plan::bind(&transaction, oids, id).await?;
    Ok(transaction.commit().await?)
}

/// The named snapshot, held by this process; none when it is gone.
async fn import(context: &LoadContext<'_>, name: &str) -> Result<Option<SnapshotHolder>> {
    persist(
        "taking over the load's snapshot",
        context.reporter,
        context.cancellation,
        || async {
            match SnapshotHolder::import(&context.endpoints.source, &context.migration.id, name).await {
                Ok(holder) => Ok(Some(holder)),
                Err(error) if snapshot::is_lost(&error) => Ok(None),
                Err(error) => Err(error),
            }
        },
    )
    .await
}

/// A snapshot of now, once it is exact for a table whose changes come from the slot.
pub async fn fresh_snapshot(context: &LoadContext<'_>) -> Result<SnapshotHolder> {
    let horizon = context.migration.slot_xid_horizon.ok_or_else(|| {
        EngineError::refused(
            "a fresh snapshot needs the slot, and there is none yet",
            "run \"transhume run\", which makes it",
        )
    })?;
    let mut back_off = BackOff::for_idleness();
    loop {
        let holder = persist(
            "taking a fresh snapshot",
            context.reporter,
            context.cancellation,
            || SnapshotHolder::fresh(&context.endpoints.source, &context.migration.id),
        )
        .await?;
        if holder.xmin() >= horizon {
            return durable(context, holder).await;
        }
        report_older(context, &holder, horizon).await?;
        drop(holder);
        back_off.wait(context.cancellation).await?;
    }
}

/// What the snapshot shows may have been committed without waiting for the disk. A crash of the source would take that
/// back from it, not from us, and give its transaction ids to others, which the filter would take for seen: so it is
/// flushed, up to an id that is later than all of them, before a row is read.
async fn durable(context: &LoadContext<'_>, holder: SnapshotHolder) -> Result<SnapshotHolder> {
    persist(
        "flushing what the snapshot shows",
        context.reporter,
        context.cancellation,
        || async {
            let name = names::application_name(&context.migration.id, "flush");
            let source = Session::connect(&context.endpoints.source, &name).await?;
            let nonce = marker::nonce(&source).await?;
            marker::emit(&source, &context.migration.id, &nonce).await
        },
    )
    .await?;
    Ok(holder)
}

async fn report_older(context: &LoadContext<'_>, holder: &SnapshotHolder, horizon: i64) -> Result<()> {
    let older = match older_transactions(holder.session(), horizon).await {
        Ok(older) => older,
        // The next attempt meets the same error where it lasts.
        Err(error) if error.disposition() == Disposition::Retry => return Ok(()),
        Err(error) => return Err(error).doing("asking which transactions are older than the slot"),
    };
    let descriptions: Vec<_> = older
        .iter()
        .take(NAMED_TRANSACTIONS)
        .map(|transaction| transaction.description.as_str())
        .collect();
    let names = if descriptions.is_empty() {
        "ones that this role may not see".to_owned()
    } else {
        descriptions.join("; ")
    };
    context.reporter.waiting(format!(
        "a fresh snapshot is exact once the transactions older than the slot have ended: {names}"
    ));
    Ok(())
}
