//! `verify`: both sides compared at one commit of the source while traffic runs (design §8).
//!
//! Apply is held at a transaction end; a temporary slot gives the source's consistent point C with a
//! snapshot of exactly that moment; apply goes on to exactly C; a snapshot is taken on the target;
//! apply goes on. Both frozen snapshots show the same commits and none other, so every difference
//! is real. Nothing is written to either side but the result, on the target, and what a repair mends.
//!
//! Owns the order of things; what differs is decided in `core::verify`.

mod comparer;
mod frozen;
mod ledger;
pub(crate) mod objects;
mod options;
mod outcome;
mod plan;
mod quiet;
mod recheck;
mod refusal;
mod repair;
mod rounds;
mod scope;
mod search;
mod since;
mod spreading;
mod workers;

pub use transhume_core::verify::rows::DifferenceKind;

pub use self::{
    objects::ObjectComparison,
    options::{Mode, Role, VerifyOptions},
    outcome::{RowFinding, TableComparison, Verification},
};

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use transhume_core::{
    direction::Direction,
    verify::{objects::SequenceSituation, rows::Subject},
};
use transhume_pg::{
    connection::session::Session,
    state::migration::{self, Migration},
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use self::{
    ledger::Book,
    objects::ObjectVerifier,
    options::Settings,
    plan::VerifyPlan,
    quiet::NO_MIGRATION,
    refusal::{refuse_unless_following, refuse_while_loading, refuse_without_migration},
    scope::Scope,
};
use crate::{
    cancel::Cancellation,
    door::{self, Past},
    endpoints::{Endpoints, in_reverse},
    error::{Doing, Result},
    facing::facing,
    report::Reporter,
    runner::Companion,
};

/// Compares every selected table, or those that the options name; after a cutover with a way back, the old
/// source with the target that it follows.
pub async fn verify(
    endpoints: &Endpoints,
    options: &VerifyOptions,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Verification> {
    if door::look(endpoints, Past::Compared).await?.is_none() {
        return verify_one_way(endpoints, options, reporter, cancellation).await;
    }
    let (facing, direction) = facing(endpoints, reporter).await?;
    let verified = verify_one_way(&facing, options, reporter, cancellation).await;
    match direction {
        Direction::Forward => verified,
        Direction::Reverse => verified.map_err(|error| in_reverse(error, endpoints)),
    }
}

async fn verify_one_way(
    endpoints: &Endpoints,
    options: &VerifyOptions,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Verification> {
    let target = endpoints.target_session(NO_MIGRATION, "verify").await?;
    let migration = migration::read(&target).await.doing("reading the migration")?;
    if migration.is_none() && matches!(options.mode, Mode::SinceLast | Mode::Recheck) {
        return Err(refuse_without_migration());
    }
    if options.role == Role::Joins {
        return workers::join(endpoints, options, migration, &target, reporter, cancellation).await;
    }
    let mut companion = match &migration {
        Some(migration) => {
            refuse_unless_following(migration)?;
            refuse_while_loading(&target).await?;
            // Nothing is followed where there is no slot.
            if migration.is_offline() {
                None
            } else {
                Some(Companion::ensure(endpoints, migration, &options.spill, reporter).await?)
            }
        }
        None => None,
    };
    let verifier = Verifier::open(endpoints, options, reporter, migration, target).await?;
    let work = Box::pin(verifier.run(cancellation));
    let outcome = match &mut companion {
        Some(companion) => companion.during(work).await,
        None => work.await,
    };
    if let Some(companion) = companion {
        companion.end().await?;
    }
    outcome
}

/// All of an offline migration, before its target is opened.
pub(crate) async fn verify_offline(
    endpoints: &Endpoints,
    migration: &Migration,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Verification> {
    let options = VerifyOptions::default();
    let target = endpoints.target_session(&migration.id, "verify").await?;
    let verifier = Verifier::open(endpoints, &options, reporter, Some(migration.clone()), target).await?;
    Box::pin(verifier.run(cancellation)).await
}

/// What a verification works with.
struct Verifier<'run> {
    endpoints: &'run Endpoints,
    options: &'run VerifyOptions,
    reporter: &'run Reporter,
    /// None: two databases without one.
    migration: Option<Migration>,
    source: Session,
    target: Session,
    scope: Scope,
}

/// What came of comparing, before it is told.
struct Compared {
    /// None without a migration: nothing is kept.
    id: Option<i64>,
    lsn: Lsn,
    book: Arc<Mutex<Book>>,
    subjects: HashMap<QualifiedName, Subject>,
    plan: VerifyPlan,
}

impl<'run> Verifier<'run> {
    async fn open(
        endpoints: &'run Endpoints,
        options: &'run VerifyOptions,
        reporter: &'run Reporter,
        migration: Option<Migration>,
        target: Session,
    ) -> Result<Self> {
        let id = migration.as_ref().map_or(NO_MIGRATION, |migration| &migration.id);
        let source = endpoints.source_session(id, "verify").await?;
        let scope = scope::scope(&source, &target, migration.as_ref(), options).await?;
        Ok(Self {
            endpoints,
            options,
            reporter,
            migration,
            source,
            target,
            scope,
        })
    }

    /// The migration's id, or what stands for it.
    fn id(&self) -> &str {
        self.migration
            .as_ref()
            .map_or(NO_MIGRATION, |migration| &migration.id)
    }

    /// The migration where changes are applied meanwhile: without one, and offline, both sides must be quiet.
    fn followed(&self) -> Option<&Migration> {
        self.migration
            .as_ref()
            .filter(|migration| !migration.is_offline())
    }

    async fn run(mut self, cancellation: &Cancellation) -> Result<Verification> {
        let started = std::time::Instant::now();
        let mut compared = self.compare(cancellation).await?;
        if self.options.mode == Mode::Recheck {
            self.recheck(&compared, cancellation).await?;
        }
        let mut verification = self.outcome(&compared).await?;
        if self.options.repair && !verification.rows.is_empty() {
            self.repair(&mut compared, cancellation).await?;
            verification = self.outcome(&compared).await?;
        }
        if self.options.compares_objects() {
            self.compare_objects(&mut verification, cancellation).await?;
        }
        verification.seconds = started.elapsed().as_secs_f64();
        Ok(verification)
    }

    /// Everything that is not rows of tables.
    async fn compare_objects(
        &self,
        verification: &mut Verification,
        cancellation: &Cancellation,
    ) -> Result<()> {
        let objects = ObjectVerifier {
            endpoints: self.endpoints,
            migration: self.id(),
            selector: &self.scope.selector,
            roles: &self.scope.roles,
            situation: match self.followed() {
                Some(_) => SequenceSituation::Following,
                None => SequenceSituation::Final,
            },
            all_constraints: self.options.all_constraints,
            reporter: self.reporter,
        };
        verification.objects = objects.compare(cancellation).await?;
        if self.migration.is_some() {
            objects::record(&self.target, &verification.objects).await?;
        }
        verification.equal &= verification.objects.blockers() == 0;
        Ok(())
    }
}
