//! `verify`: both sides compared at one commit of the source while traffic runs (design §8).
//!
//! Apply is held at a transaction end; a temporary slot gives the source's consistent point C with a
//! snapshot of exactly that moment; apply goes on to exactly C; a snapshot is taken on the target;
//! apply goes on. Both frozen snapshots show the same commits and none other, so every difference
//! is real. Nothing is written to either side but the result, on the target, and what a repair mends.
//!
//! Owns the order of things; what differs is decided in `core::comparison`.

mod comparer;
mod crew;
mod frozen;
mod ledger;
pub(crate) mod objects;
mod options;
mod outcome;
mod plan;
mod quiet;
mod refusal;
mod repair;
mod scope;
mod search;

pub use self::{
    objects::ObjectComparison,
    options::{Mode, Role, VerifyOptions},
    outcome::{RowFinding, TableComparison, Verification},
};

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use transhume_core::{agreement::SequenceSituation, comparison::Subject, direction::Direction, table::Table};
use transhume_pg::{
    comparison::Side,
    session::Session,
    snapshot,
    state::{
        migration::{self, Migration},
        verification,
    },
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use self::{
    frozen::{Freezing, FrozenPair},
    ledger::Book,
    objects::ObjectVerifier,
    options::Settings,
    plan::{Plan, Planning},
    quiet::NO_MIGRATION,
    refusal::{refuse_unless_following, refuse_while_loading},
    scope::Scope,
};
use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    fallback,
    report::Reporter,
    run,
    runner::Companion,
};

/// How often tables are compared that the source truncates meanwhile.
const ROUNDS: usize = 10;

/// Compares every selected table, or those that the options name; after a cutover with a way back, the old
/// source with the target that it follows.
pub async fn verify(
    endpoints: &Endpoints,
    options: &VerifyOptions,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Verification> {
    let target = endpoints.target_session(NO_MIGRATION, "verify").await?;
    let migration = migration::read(&target).await.doing("reading the migration")?;
    if migration.is_none() {
        return verify_one_way(endpoints, options, reporter, cancellation).await;
    }
    target.close().await;
    let (facing, direction) = fallback::facing(endpoints, reporter).await?;
    let verified = verify_one_way(&facing, options, reporter, cancellation).await;
    match direction {
        Direction::Forward => verified,
        Direction::Reverse => verified.map_err(|error| fallback::in_reverse(error, endpoints)),
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
    if options.role == Role::Joins {
        return crew::join(endpoints, options, migration, &target, reporter, cancellation).await;
    }
    let companion = match &migration {
        Some(migration) => {
            refuse_unless_following(migration)?;
            refuse_while_loading(&target).await?;
            let replica_role = run::replica_role(&target).await?;
            Some(Companion::ensure(endpoints, migration, replica_role, reporter).await?)
        }
        None => None,
    };
    let verifier = Verifier::open(endpoints, options, reporter, migration, target).await?;
    let outcome = Box::pin(verifier.run(cancellation)).await;
    if let Some(companion) = companion {
        companion.end().await?;
    }
    outcome
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
    plan: Plan,
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

    async fn run(mut self, cancellation: &Cancellation) -> Result<Verification> {
        let started = std::time::Instant::now();
        let mut compared = self.compare(cancellation).await?;
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
            situation: match self.migration {
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

    /// Compares under a frozen pair, and what the source truncates meanwhile under another one.
    async fn compare(&mut self, cancellation: &Cancellation) -> Result<Compared> {
        let mut compared = Compared {
            id: self.scope.resumed,
            lsn: Lsn::default(),
            book: Arc::default(),
            subjects: HashMap::new(),
            plan: Plan::default(),
        };
        self.compare_rounds(&mut compared, cancellation).await?;
        Ok(compared)
    }

    async fn compare_rounds(&mut self, compared: &mut Compared, cancellation: &Cancellation) -> Result<()> {
        let mut waiting = self.scope.tables.clone();
        for _ in 0..ROUNDS {
            let frozen = self.freeze(cancellation).await?;
            self.compare_under(&frozen, &waiting, compared, cancellation)
                .await?;
            self.warn_where_written(&frozen).await?;
            waiting = self.moved(compared, waiting).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            self.reporter.step(format!(
                "truncated or rewritten while they were compared, so compared again: {}",
                names(&waiting)
            ));
        }
        Err(EngineError::stopped(
            format!(
                "tables that the source truncates again and again cannot be compared: {}",
                names(&waiting)
            ),
            "",
            "verify while the application does not truncate them",
        ))
    }

    async fn freeze(&self, cancellation: &Cancellation) -> Result<FrozenPair> {
        match &self.migration {
            Some(migration) => self.freezing(migration).freeze(cancellation).await,
            None => {
                let snapshots = self.options.snapshots.as_ref();
                quiet::freeze(self.endpoints, &self.source, snapshots, self.reporter).await
            }
        }
    }

    fn freezing<'a>(&'a self, migration: &'a Migration) -> Freezing<'a> {
        Freezing {
            endpoints: self.endpoints,
            migration,
            source: &self.source,
            reporter: self.reporter,
            hold_timeout: self.options.hold_timeout,
        }
    }

    async fn compare_under(
        &mut self,
        frozen: &FrozenPair,
        waiting: &[Table],
        compared: &mut Compared,
        cancellation: &Cancellation,
    ) -> Result<()> {
        let snapshots = (frozen.source.name(), frozen.target.name());
        let source = Side {
            session: &self.source,
            snapshot: snapshots.0,
        };
        let target = Side {
            session: &self.target,
            snapshot: snapshots.1,
        };
        let planning = Planning {
            rate_limit: self.options.rate_limit,
            is_sample: self.options.mode == Mode::Sample,
        };
        let mut planned = plan::plan(waiting, source, target, planning).await?;
        compared.lsn = frozen.consistent_point;
        let tables = std::mem::take(&mut planned.tables);
        let subjects = tables.iter().map(|table| &table.subject);
        compared
            .subjects
            .extend(subjects.map(|subject| (subject.table.clone(), subject.clone())));
        compared.plan.unlike.append(&mut planned.unlike);
        compared.plan.left_out.append(&mut planned.left_out);
        if self.migration.is_none() {
            ledger::open(&compared.book).add(tables);
        } else {
            let id = self.begin(compared.id, frozen, snapshots).await?;
            compared.id = Some(id);
            verification::add_tables(&mut self.target, id, frozen.consistent_point, &tables)
                .await
                .doing("recording what is to be compared")?;
        }
        let crew = crew::Crew {
            endpoints: self.endpoints,
            options: self.options,
            migration: self.id(),
            reporter: self.reporter,
        };
        let pair = crew.pair(frozen.consistent_point, snapshots, self.settings());
        crew.compare(pair, compared.id, &compared.book, cancellation)
            .await
    }

    fn settings(&self) -> Settings {
        Settings {
            show_values: self.options.show_values,
            most_rows: self.options.most_rows,
        }
    }

    /// A new verification, or another frozen pair for one that has begun.
    async fn begin(&self, id: Option<i64>, frozen: &FrozenPair, snapshots: (&str, &str)) -> Result<i64> {
        let lsn = frozen.consistent_point;
        match id {
            Some(id) => verification::refreeze(&self.target, id, lsn, snapshots)
                .await
                .map(|()| id),
            None => {
                verification::begin(
                    &self.target,
                    lsn,
                    self.options.mode_name(),
                    snapshots,
                    &self.settings(),
                )
                .await
            }
        }
        .doing("recording the verification")
    }

    /// Tables that must be compared under another pair.
    async fn moved(&self, compared: &Compared, waiting: Vec<Table>) -> Result<Vec<Table>> {
        let results = self.results(compared).await?;
        let has_moved = |table: &Table| {
            results
                .iter()
                .any(|result| result.name == table.name && result.equal.is_none())
        };
        Ok(waiting.into_iter().filter(has_moved).collect())
    }

    async fn results(&self, compared: &Compared) -> Result<Vec<verification::TableResult>> {
        match compared.id {
            Some(id) => verification::table_results(&self.target, id)
                .await
                .doing("reading what was compared"),
            None => Ok(ledger::open(&compared.book).results()),
        }
    }

    /// Without a migration only quiet databases can be compared: whoever disturbed that is told.
    async fn warn_where_written(&self, frozen: &FrozenPair) -> Result<()> {
        if self.migration.is_some() || self.options.snapshots.is_some() {
            return Ok(());
        }
        for (side, holder, session) in [
            ("source", &frozen.source, &self.source),
            ("target", &frozen.target, &self.target),
        ] {
            let is_written = snapshot::is_written_since(session, holder)
                .await
                .doing("asking whether a side was written to")?;
            if is_written {
                self.reporter.step(format!(
                    "the {side} was written to meanwhile: what differs may just have come later there"
                ));
            }
        }
        Ok(())
    }
}

fn names(tables: &[Table]) -> String {
    let names: Vec<_> = tables.iter().map(|table| table.name.plain()).collect();
    names.join(", ")
}
