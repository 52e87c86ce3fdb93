//! Keeping a usable snapshot for every table that is not finished.
//!
//! Design §2.3: a fresh snapshot is exact only once every transaction that was running when the slot
//! was created has ended. Until then the load waits, and says for whom.

use transhume_core::count::counted;
use transhume_core::disposition::Disposition;
use transhume_pg::{
    connection::{
        error::PgError,
        names,
        session::Session,
        snapshot::{self, SnapshotHolder, older_transactions},
    },
    follow::marker,
    state::load::{
        binding as state_binding,
        plan::{self, NeededSnapshot, Restarted},
    },
};

use super::{LoadContext, binding};
use crate::{
    back_off::{BackOff, persist},
    endpoints::Sessions,
    error::{Doing, EngineError, Result},
    succession,
};

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
        let mut lost: Vec<i32> = Vec::new();
        for snapshot in &needed {
            if !self.keep_or_take_over(context, target, snapshot).await? {
                lost.push(snapshot.id);
            }
        }
        let given = self.unbind(context, target, &lost).await?;
        self.bind_all(context, target, given).await?;
        self.keep_needed(target).await
    }

    /// Starts the unfinished tables of lost snapshots again. Gives a snapshot of the caller's that they may be read under, where
    /// nothing else waits for one: what the source truncated, rewrote or altered needs one that was taken after that.
    async fn unbind(
        &mut self,
        context: &LoadContext<'_>,
        target: &mut Session,
        lost: &[i32],
    ) -> Result<Option<SnapshotHolder>> {
        if lost.is_empty() {
            return Ok(None);
        }
        let doing = "starting unfinished tables again under a fresh snapshot";
        let outdated = state_binding::without_snapshot(&**target).await.doing(doing)?;
        let restarted = restart(target, lost).await.doing(doing)?;
        context.reporter.step(format!(
            "{} unfinished to be read under a fresh snapshot: {} emptied and read again, {} read from the parts that are left; \
             finished tables stay",
            counted(restarted.relations, "table"),
            restarted.emptied.len(),
            restarted.continued
        ));
        Ok(if outdated.is_empty() {
            self.held.pop()
        } else {
            None
        })
    }

    async fn bind_all(
        &mut self,
        context: &LoadContext<'_>,
        target: &mut Session,
        given: Option<SnapshotHolder>,
    ) -> Result<()> {
        let unbound = state_binding::without_snapshot(&**target)
            .await
            .doing("reading which tables wait for a snapshot")?;
        if unbound.is_empty() {
            self.held.extend(given);
            return Ok(());
        }
        let holder = match given {
            Some(holder) => holder,
            None => fresh_snapshot(context).await?,
        };
        binding::bind(context, target, &holder, &unbound).await?;
        self.held.push(holder);
        Ok(())
    }

    /// Each is a session on the source: those that no open part is read under are closed.
    pub(super) async fn keep_needed(&mut self, target: &Session) -> Result<()> {
        let needed = plan::needed_snapshots(&**target)
            .await
            .doing("reading which snapshots the load needs")?;
        self.held.retain(|holder| {
            let is_of =
                |needed: &NeededSnapshot| needed.name == holder.name() && needed.shows == *holder.snapshot();
            needed.iter().any(is_of)
        });
        Ok(())
    }

    /// Another snapshot, which open parts are about to be bound to.
    pub(super) fn hold(&mut self, holder: SnapshotHolder) -> &SnapshotHolder {
        self.held.push(holder);
        self.held.last().expect("invariant: one was added above")
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
}

async fn restart(target: &mut Session, lost: &[i32]) -> std::result::Result<Restarted, PgError> {
    let transaction = target.transaction().await?;
    let restarted = plan::restart_unfinished(&transaction, lost).await?;
    transaction.commit().await?;
    Ok(restarted)
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
    let horizon = match context.migration.slot_xid_horizon {
        Some(horizon) => horizon,
        // No change comes from a slot: that nobody writes is found by the comparison at the end.
        None if context.migration.is_offline() => i64::MIN,
        None => {
            return Err(EngineError::refused(
                "a fresh snapshot needs the slot, and there is none yet",
                "run \"transhume run\", which makes it",
            ));
        }
    };
    known_source(context).await?;
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

/// The snapshot before was lost, with the server perhaps: one that was promoted may lack what the slot needs, and then nothing
/// that is loaded from now on is of use.
async fn known_source(context: &LoadContext<'_>) -> Result<()> {
    let mut back_off = BackOff::for_failures();
    loop {
        let asked = async {
            let id = &context.migration.id;
            let source = context.endpoints.source_session(id, "identify").await?;
            let target = context.endpoints.target_session(id, "identify").await?;
            succession::known(
                context.endpoints,
                Sessions::of(&source, &target),
                context.reporter,
            )
            .await
        };
        match asked.await {
            Ok(_) => return Ok(()),
            Err(EngineError::Server { doing, source }) if source.disposition() == Disposition::Retry => {
                context
                    .reporter
                    .waiting(format!("{doing}: {source}; trying again"));
                back_off.wait(context.cancellation).await?;
            }
            Err(error) => return Err(error),
        }
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
