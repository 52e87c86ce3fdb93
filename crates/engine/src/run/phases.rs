//! The work of each phase, in the order of design §3.

use transhume_core::phase::Phase;
use transhume_pg::{
    catalog::tables::tables as all_tables,
    connection::{quiet::silence_event_triggers, snapshot::SnapshotHolder},
    follow::marker,
    state::{history, migration, runner},
};

use super::{Run, RunOpening, RunReason, additions, offline, tables, watch};
use crate::{
    cutover,
    endpoints::Sessions,
    error::{Doing, EngineError, Result},
    follow::{self, EndReason, FollowRequest, Until},
    load::{self, extension_rows::ExtensionRows},
    prepare::{Preparation, prepare},
    schema::{self, GrantMoment},
};

impl Run<'_> {
    /// Does the work of the present phase; a reason ends the run.
    pub(super) async fn phase(&mut self) -> Result<Option<RunReason>> {
        match self.migration.phase {
            Phase::Prepare if self.options.offline => offline::prepare(self).await.map(|()| None),
            Phase::Prepare => self.prepare().await.map(|()| None),
            Phase::PreData => self.pre_data().await.map(|()| None),
            Phase::FullLoad => self.full_load().await.map(|()| None),
            Phase::PostData => self.post_data().await.map(|()| None),
            Phase::Follow if self.migration.is_offline() => Box::pin(offline::complete(self)).await.map(Some),
            Phase::Follow | Phase::Cutover | Phase::Opening => Box::pin(self.follow()).await,
            Phase::Done => self.done().await.map(Some),
        }
    }

    /// A cutover that died behind its last step has left it to be completed; one that lives does it itself.
    async fn done(&self) -> Result<RunReason> {
        let is_alive = runner::is_cutover_alive(&self.target)
            .await
            .doing("looking for the cutover")?;
        if !is_alive {
            let pgbouncer = self.options.pgbouncer.as_ref();
            let completing =
                cutover::complete_interrupted(self.endpoints, pgbouncer, &self.target, self.reporter);
            Box::pin(completing).await?;
        }
        Ok(RunReason::Done)
    }

    async fn prepare(&mut self) -> Result<()> {
        silence_event_triggers(&self.source)
            .await
            .doing("keeping event triggers of the source silent")?;
        let mut selected = match self.assessed.take() {
            Some(tables) => tables,
            None => all_tables(&self.source)
                .await
                .doing("reading the source's tables")?,
        };
        selected.retain(|table| table.holds_rows() && self.selector.selects(&table.name));
        let preparation = Preparation {
            endpoints: self.endpoints,
            source: &mut self.source,
            target: &mut self.target,
            migration: &self.migration,
            tables: &selected,
            reporter: self.reporter,
            cancellation: self.cancellation,
        };
        self.holder = prepare(preparation, self.options.follow.schema_changes).await?;
        Ok(())
    }

    async fn pre_data(&mut self) -> Result<()> {
        // What was mended on the source or left out since counts from the next start on.
        if self.opening == RunOpening::First {
            schema::begin_anew(&self.schema_work()).await?;
        }
        let holder = self.take_holder().await?;
        let work = self.schema_work();
        // The plan is no matter of the schema, and pg_dump takes its time.
        let context = self.load_context();
        tokio::try_join!(
            Box::pin(schema::dump(&work, &holder)),
            Box::pin(load::plan(&context, &holder)),
        )?;
        let definitions = async {
            schema::pre_data(&work).await?;
            schema::owners_and_grants(&work, GrantMoment::BeforeData).await
        };
        // The builds are read from the source, while the target makes tables.
        tokio::try_join!(Box::pin(definitions), Box::pin(schema::plan_builds(&work)))?;
        // Before the rows: an index on a function may read them.
        self.bring_over_extension_rows().await?;
        self.holder = Some(holder);
        self.advance(Phase::PreData, Phase::FullLoad).await
    }

    pub(super) async fn bring_over_extension_rows(&self) -> Result<()> {
        let sessions = Sessions::of(&self.source, &self.target);
        let kept = ExtensionRows::on(sessions.source, sessions.target).await?;
        kept.bring_over(sessions, self.replica_role, self.reporter).await
    }

    async fn full_load(&mut self) -> Result<()> {
        self.schema_work().options.end_sessions();
        let holder = self.holder.take();
        load::load(&self.load_context(), holder).await?;
        // The stream must pass what the source had committed when the last row was in.
        let nonce = marker::nonce(&self.source).await.doing("making a nonce")?;
        let end = marker::emit(&self.source, &self.migration.id, &nonce)
            .await
            .doing("writing a marker on the source")?;
        migration::set_load_end(&*self.target, end)
            .await
            .doing("recording the end of the load")?;
        self.advance(Phase::FullLoad, Phase::PostData).await
    }

    async fn post_data(&mut self) -> Result<()> {
        let work = self.schema_work();
        schema::post_data(&work).await?;
        schema::owners_and_grants(&work, GrantMoment::AfterData).await?;
        load::copy_sequences(&self.source, &self.target, &self.selector, 0).await?;
        work.options.end_sessions();
        self.advance(Phase::PostData, Phase::Follow).await
    }

    async fn follow(&mut self) -> Result<Option<RunReason>> {
        if std::mem::replace(&mut self.opening, RunOpening::Again) == RunOpening::First {
            load::try_again(&mut self.target, self.reporter).await?;
            schema::try_again(&self.schema_work()).await?;
        }
        Box::pin(watch::look(self)).await?;
        // Nothing is applied yet.
        Box::pin(additions::plan_published(self)).await?;
        let until = if self.options.until_caught_up {
            Until::CaughtUp(self.caught_up_lsn().await?)
        } else {
            Until::Cancelled
        };
        let request = |until| FollowRequest {
            endpoints: self.endpoints,
            migration: &self.migration,
            replica_role: self.replica_role,
            until,
            yields_to_tables: true,
            on_error: self.options.follow.on_error,
            spill: &self.options.follow.spill,
            schema_changes: Some(self.options.follow.schema_changes),
        };
        let end = if tables::is_any_work(self).await? {
            // Caught up means that these are done too, so there is no end before that.
            tokio::select! {
                end = follow::follow(request(Until::Cancelled), self.reporter, self.cancellation) => end?,
                error = watch::interrupted_cutover(self) => return Err(error),
                never = watch::new_tables(self) => match never {},
                loaded = Box::pin(tables::work(self)) => return loaded.map(|()| None),
            }
        } else {
            tokio::select! {
                end = follow::follow(request(until), self.reporter, self.cancellation) => end?,
                error = watch::interrupted_cutover(self) => return Err(error),
                never = watch::new_tables(self) => match never {},
            }
        };
        match end.reason {
            EndReason::CaughtUp => Ok(Some(RunReason::CaughtUp)),
            EndReason::Stopped => Ok(Some(RunReason::Stopped)),
            EndReason::CutOver => Ok(Some(RunReason::Done)),
            EndReason::Cancelled => Err(EngineError::Interrupted),
            // The phase is still the same: following goes on from there, and loads what is open then.
            EndReason::Tables => Box::pin(tables::take_up(self)).await.map(|()| None),
        }
    }

    /// The source's WAL end now, or at the end of the load if that was later. A marker makes sure
    /// that there is a commit to pass on a quiet source.
    async fn caught_up_lsn(&self) -> Result<transhume_wire::lsn::Lsn> {
        let nonce = marker::nonce(&self.source).await.doing("making a nonce")?;
        let now = marker::emit(&self.source, &self.migration.id, &nonce)
            .await
            .doing("writing a marker on the source")?;
        Ok(now.max(self.migration.load_end_lsn.unwrap_or_default()))
    }

    /// The slot's snapshot, or a fresh one where there was none or an earlier process took it to its grave.
    async fn take_holder(&mut self) -> Result<SnapshotHolder> {
        match self.holder.take() {
            Some(holder) => Ok(holder),
            None => load::fresh_snapshot(&self.load_context()).await,
        }
    }

    pub(super) async fn advance(&mut self, from: Phase, next: Phase) -> Result<()> {
        let transaction = self
            .target
            .transaction()
            .await
            .map_err(Into::into)
            .doing("completing a phase")?;
        let moved = migration::advance(&transaction, from, next)
            .await
            .doing("completing a phase")?;
        if !moved {
            return Err(EngineError::stopped(
                format!("the migration is not in phase {from} any more"),
                "",
                "another process moved it; see \"transhume status\"",
            ));
        }
        history::add(&transaction, &format!("{from} completed"), &serde_json::json!({}))
            .await
            .doing("completing a phase")?;
        transaction
            .commit()
            .await
            .map_err(Into::into)
            .doing("completing a phase")
    }
}
