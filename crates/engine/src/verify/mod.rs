//! `verify`: both sides compared at one commit of the source while traffic runs (design §8).
//!
//! Apply is held at a transaction end; a temporary slot gives the source's consistent point C with a
//! snapshot of exactly that moment; apply goes on to exactly C; a snapshot is taken on the target;
//! apply goes on. Both frozen snapshots show the same commits and none other, so every difference
//! is real. Nothing is written to either side but the result, on the target.

mod compare;
mod frozen;

use self::{compare::Comparison, frozen::Freezing};
use serde::Serialize;
use transhume_core::{finding::Finding, phase::Phase, table::Persistence};
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
    report::Reporter,
    run,
    runner::Companion,
};

#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// Pairs of sessions that compare at once.
    pub comparers: usize,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        // Each pair keeps one core busy on either server; two leave room for the application.
        Self { comparers: 2 }
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
    /// What was not compared, and why.
    pub not_compared: Vec<Finding>,
}

#[derive(Debug, Clone, Serialize)]
pub struct TableComparison {
    pub table: QualifiedName,
    pub source_rows: i64,
    pub target_rows: i64,
    pub equal: bool,
}

/// Compares every selected table.
pub async fn verify(
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
    let freezing = Freezing {
        endpoints,
        migration: &migration,
        source: &source,
        reporter,
    };
    let frozen = freezing.freeze(cancellation).await?;
    let id = verification::begin(&target, frozen.consistent_point)
        .await
        .doing("recording the verification")?;
    let comparison = Comparison {
        endpoints,
        migration: &migration,
        frozen: &frozen,
        options,
        reporter,
    };
    let outcome = comparison.compare(compared, cancellation).await;
    companion.end().await?;
    let tables = outcome?;
    let equal = tables.iter().all(|table| table.equal);
    record(&target, id, &tables, equal).await?;
    Ok(Verification {
        equal,
        lsn: frozen.consistent_point,
        seconds: started.elapsed().as_secs_f64(),
        tables,
        not_compared: unlogged.iter().map(|table| not_compared(&table.name)).collect(),
    })
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
    let migration = migration::read(target)
        .await
        .doing("reading the migration")?
        .ok_or_else(|| {
            EngineError::refused(
                "the target holds no migration",
                "start one with \"transhume run\", or check --target",
            )
        })?;
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

async fn record(target: &Session, id: i64, tables: &[TableComparison], equal: bool) -> Result<()> {
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
