//! Comparing under one frozen pair after the other: tables that the source truncates or rewrites meanwhile
//! are compared again under another one.
//!
//! Owns the order of freezing, leaving out what has not changed, planning, and comparing. Nothing is decided
//! here about rows.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use transhume_core::{sides::Sides, table::Table, verify::rows::changed::KnownTable};
use transhume_pg::{
    connection::snapshot,
    state::{migration::Migration, verification},
    verify::rows::ReadingSide,
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use super::{
    Compared, Mode, Verifier,
    frozen::{Freezing, FrozenPair},
    ledger,
    options::Settings,
    plan::{self, Planning, VerifyPlan},
    quiet, recheck, workers,
};
use crate::{
    cancel::Cancellation,
    error::{Doing, Result},
};

/// How often tables are compared that the source truncates meanwhile.
const ROUNDS: usize = 10;

/// What tables are compared under.
#[derive(Clone, Copy)]
struct Under<'a> {
    frozen: &'a FrozenPair,
    known: &'a BTreeMap<QualifiedName, KnownTable>,
    /// Not to be compared, since they have not changed.
    unchanged: &'a [QualifiedName],
}

impl Verifier<'_> {
    /// Compares under a frozen pair, and what the source truncates meanwhile under another one.
    pub(super) async fn compare(&mut self, cancellation: &Cancellation) -> Result<Compared> {
        let mut compared = Compared {
            id: self.scope.resumed,
            lsn: Lsn::default(),
            book: Arc::default(),
            subjects: HashMap::new(),
            plan: VerifyPlan::default(),
        };
        self.compare_rounds(&mut compared, cancellation).await?;
        Ok(compared)
    }

    pub(super) async fn compare_rounds(
        &mut self,
        compared: &mut Compared,
        cancellation: &Cancellation,
    ) -> Result<()> {
        let mut waiting = self.scope.tables.clone();
        for _ in 0..ROUNDS {
            let frozen = self.freeze(cancellation).await?;
            let known = self.known(&frozen).await?;
            let unchanged = self.leave_out_unchanged(&mut waiting, &known);
            let under = Under {
                frozen: &frozen,
                known: &known,
                unchanged: &unchanged,
            };
            self.compare_under(under, &waiting, compared, cancellation)
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
        self.reporter.step(format!(
            "truncated again and again, so not decided: {}; verify while the application does not truncate them",
            names(&waiting)
        ));
        Ok(())
    }

    async fn freeze(&self, cancellation: &Cancellation) -> Result<FrozenPair> {
        match self.followed() {
            Some(migration) if self.options.mode == Mode::Recheck => {
                recheck::pair(
                    self.endpoints,
                    migration,
                    &self.source,
                    self.reporter,
                    cancellation,
                )
                .await
            }
            Some(migration) => self.freezing(migration).freeze(cancellation).await,
            None => {
                let snapshots = self.options.snapshots.as_ref();
                quiet::freeze(self.endpoints, &self.source, snapshots, self.reporter).await
            }
        }
    }

    pub(super) fn freezing<'a>(&'a self, migration: &'a Migration) -> Freezing<'a> {
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
        under: Under<'_>,
        waiting: &[Table],
        compared: &mut Compared,
        cancellation: &Cancellation,
    ) -> Result<()> {
        let frozen = under.frozen;
        let snapshots = Sides {
            source: frozen.source.name(),
            target: frozen.target.name(),
        };
        let source = ReadingSide {
            session: &self.source,
            snapshot: snapshots.source,
        };
        let target = ReadingSide {
            session: &self.target,
            snapshot: snapshots.target,
        };
        let planning = Planning {
            rate_limit: self.options.rate_limit,
            is_sample: self.options.mode == Mode::Sample,
            piece_bytes: self.options.part_bytes,
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
            self.note(id, under).await?;
        }
        let workers = workers::Workers {
            endpoints: self.endpoints,
            options: self.options,
            migration: self.id(),
            reporter: self.reporter,
        };
        let pair = workers.pair(frozen.consistent_point, snapshots, self.settings());
        workers
            .compare(pair, compared.id, &compared.book, cancellation)
            .await
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            show_values: self.options.show_values,
            most_rows: match self.options.mode {
                Mode::Recheck => self.options.most_rows.max(recheck::ROWS_MOST),
                _ => self.options.most_rows,
            },
        }
    }

    /// What is compared, for the time when it is known to be equal, and what need not be.
    async fn note(&self, id: i64, under: Under<'_>) -> Result<()> {
        if !under.unchanged.is_empty() {
            verification::carry(&self.target, id, under.unchanged)
                .await
                .doing("recording what has not changed")?;
        }
        verification::note_shapes(&self.target, id, under.known)
            .await
            .doing("recording what is compared")
    }

    /// A new verification, or another frozen pair for one that has begun.
    async fn begin(&self, id: Option<i64>, frozen: &FrozenPair, snapshots: Sides<&str>) -> Result<i64> {
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
        let undecided = results.iter().filter(|result| result.equal.is_none());
        let moved: HashSet<&QualifiedName> = undecided.map(|result| &result.name).collect();
        let has_moved = |table: &Table| moved.contains(&table.name);
        Ok(waiting.into_iter().filter(has_moved).collect())
    }

    pub(super) async fn results(&self, compared: &Compared) -> Result<Vec<verification::TableResult>> {
        match compared.id {
            Some(id) => verification::table_results(&self.target, id)
                .await
                .doing("reading what was compared"),
            None => Ok(ledger::open(&compared.book).results()),
        }
    }

    /// Without a migration only quiet databases can be compared: whoever disturbed that is told.
    async fn warn_where_written(&self, frozen: &FrozenPair) -> Result<()> {
        if self.followed().is_some() || self.options.snapshots.is_some() {
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
