//! `verify`: both sides compared at one commit of the source while traffic runs (design §8).
//!
//! Apply is held at a transaction end; a temporary slot gives the source's consistent point C with a
//! snapshot of exactly that moment; apply goes on to exactly C; a snapshot is taken on the target;
//! apply goes on. Both frozen snapshots show the same commits and none other, so every difference
//! is real. Nothing is written to either side but the result, on the target.

mod compare;
mod frozen;
pub(crate) mod objects;

pub use self::objects::ObjectComparison;
use self::{compare::Comparison, frozen::Freezing, objects::ObjectVerifier};
use serde::Serialize;
use transhume_core::{
    agreement::SequenceSituation,
    direction::Direction,
    finding::Finding,
    phase::Phase,
    table::{Persistence, Table},
};
use transhume_pg::{
    catalog::tables::tables,
    session::Session,
    state::{load::relations, migration, verification},
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    fallback,
    present::migration_on,
    report::Reporter,
    run,
    runner::Companion,
};

/// How often tables are compared that the source truncates meanwhile.
const ROUNDS: usize = 10;

#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Pairs of sessions that compare at once.
    pub comparers: usize,
    /// Check all foreign keys against their rows, not only those that nothing has checked.
    pub all_constraints: bool,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        // Each pair keeps one core busy on either server; two leave room for the application.
        Self {
            comparers: 2,
            all_constraints: false,
        }
    }
}

/// The outcome, for people and scripts.
#[derive(Debug, Clone, Serialize)]
pub struct Verification {
    pub equal: bool,
    /// The commit position that both sides were compared at.
    pub lsn: Lsn,
    pub seconds: f64,
    pub tables: Vec<TableComparison>,
    /// Everything that is not rows of tables.
    pub objects: ObjectComparison,
    /// Tables whose rows were not compared, and why.
    pub not_compared: Vec<Finding>,
}

#[derive(Debug, Clone, Serialize)]
pub struct TableComparison {
    pub table: QualifiedName,
    pub source_rows: i64,
    pub target_rows: i64,
    pub equal: bool,
}

/// Compares every selected table; after a cutover with a way back, the old source with the target that it
/// follows.
pub async fn verify(
    endpoints: &Endpoints,
    options: &VerifyOptions,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Verification> {
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
    let started = std::time::Instant::now();
    let target = endpoints.target_session("verify", "verify").await?;
    let migration = following_migration(&target).await?;
    refuse_while_loading(&target).await?;
    let source = endpoints.source_session(&migration.id, "verify").await?;
    let selector = migration
        .selection
        .selector()
        .map_err(|error| EngineError::refused(error.to_string(), "abort this migration and start anew"))?;
    let mut selected = tables(&source).await.doing("reading the source's tables")?;
    selected.retain(|table| table.holds_rows() && selector.selects(&table.name));
    let (compared, unlogged): (Vec<_>, Vec<_>) = selected
        .into_iter()
        .partition(|table| table.persistence == Persistence::Permanent);

    let replica_role = run::replica_role(&target).await?;
    let companion = Companion::ensure(endpoints, &migration, replica_role, reporter).await?;
    let verifier = Verifier {
        endpoints,
        options,
        reporter,
        migration: &migration,
        source: &source,
        target: &target,
    };
    let outcome = verifier.compare(compared, cancellation).await;
    companion.end().await?;
    let (lsn, tables) = outcome?;
    let objects = ObjectVerifier {
        endpoints,
        migration: &migration.id,
        selector: &selector,
        situation: SequenceSituation::Following,
        all_constraints: options.all_constraints,
        reporter,
    }
    .compare(cancellation)
    .await?;
    objects::record(&target, &objects).await?;
    Ok(Verification {
        equal: tables.iter().all(|table| table.equal) && objects.blockers() == 0,
        lsn,
        seconds: started.elapsed().as_secs_f64(),
        tables,
        objects,
        not_compared: unlogged.iter().map(|table| not_compared(&table.name)).collect(),
    })
}

/// What a verification works with.
struct Verifier<'run> {
    endpoints: &'run Endpoints,
    options: &'run VerifyOptions,
    reporter: &'run Reporter,
    migration: &'run migration::Migration,
    source: &'run Session,
    target: &'run Session,
}

impl Verifier<'_> {
    /// Compares under a frozen pair, and what the source truncates meanwhile under another one.
    async fn compare(
        &self,
        mut waiting: Vec<Table>,
        cancellation: &Cancellation,
    ) -> Result<(Lsn, Vec<TableComparison>)> {
        let mut comparisons = Vec::new();
        let mut pairs = compare::connect(self.endpoints, self.migration, self.options).await?;
        for _ in 0..ROUNDS {
            let freezing = Freezing {
                endpoints: self.endpoints,
                migration: self.migration,
                source: self.source,
                reporter: self.reporter,
            };
            let frozen = freezing.freeze(cancellation).await?;
            let id = verification::begin(self.target, frozen.consistent_point)
                .await
                .doing("recording the verification")?;
            let comparison = Comparison {
                frozen: &frozen,
                pairs: &mut pairs,
                reporter: self.reporter,
            };
            let compared = comparison.compare(waiting, cancellation).await?;
            comparisons.extend(compared.comparisons);
            waiting = compared.moved;
            if waiting.is_empty() {
                comparisons.sort_by(|left, right| left.table.cmp(&right.table));
                record(self.target, id, &comparisons).await?;
                return Ok((frozen.consistent_point, comparisons));
            }
            let names: Vec<_> = waiting.iter().map(|table| table.name.plain()).collect();
            self.reporter.step(format!(
                "truncated or rewritten while they were compared, so compared again: {}",
                names.join(", ")
            ));
        }
        Err(never_still(&waiting))
    }
}

fn never_still(tables: &[Table]) -> EngineError {
    let names: Vec<_> = tables.iter().map(|table| table.name.plain()).collect();
    EngineError::stopped(
        format!(
            "tables that the source truncates again and again cannot be compared: {}",
            names.join(", ")
        ),
        "",
        "verify while the application does not truncate them",
    )
}

/// Half a table equals nothing, and apply may have to wait for its load before it reaches any point.
async fn refuse_while_loading(target: &Session) -> Result<()> {
    let is_loading = relations::is_any_unfinished(&**target)
        .await
        .doing("reading the state of the tables")?;
    if is_loading {
        return Err(EngineError::refused(
            "tables are being loaded anew",
            "verify once \"transhume status\" shows none of them",
        ));
    }
    Ok(())
}

fn not_compared(table: &QualifiedName) -> Finding {
    Finding::warning(
        "not-compared",
        &table.plain(),
        "an unlogged table never reaches the stream: the target holds its rows as they were loaded",
        format!("copy {table} again at the cutover, or empty it there if its rows may be lost"),
    )
}

async fn following_migration(target: &Session) -> Result<migration::Migration> {
    let migration = migration_on(target).await?;
    if migration.phase != Phase::Follow {
        return Err(EngineError::refused(
            format!(
                "the migration is in phase {}, there is nothing to compare yet or any more",
                migration.phase
            ),
            "verify while the migration is in phase follow (see \"transhume status\")",
        ));
    }
    Ok(migration)
}

async fn record(target: &Session, id: i64, tables: &[TableComparison]) -> Result<()> {
    let equal = tables.iter().all(|table| table.equal);
    for comparison in tables {
        let result = verification::TableResult {
            name: &comparison.table,
            source_rows: Some(comparison.source_rows),
            target_rows: Some(comparison.target_rows),
            equal: comparison.equal,
            note: "",
        };
        verification::add_table(target, id, &result)
            .await
            .doing("recording the verification")?;
    }
    verification::end(target, id, if equal { "equal" } else { "different" })
        .await
        .doing("recording the verification")
}
