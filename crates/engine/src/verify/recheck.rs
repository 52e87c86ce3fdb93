//! `--mode recheck`: comparing where a consistent point would let apply be held for long.
//!
//! The first sight is a snapshot of each side, the target's past everything that the source's shows. What differs there
//! and is no more than traffic goes away when the rows are read again: `core::recheck` judges, this module reads,
//! writes markers and waits for apply to pass them. Apply is never held, and no slot is made.
//!
//! Invariant: a row is a finding only by that judgement; what was never seen at rest is listed as not decided.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use transhume_core::count::counted;

use transhume_core::verify::rows::{
    DifferenceKind, Subject,
    recheck::{Sighting, Verdict, Watch},
};
use transhume_pg::{
    connection::{session::Session, snapshot::SnapshotHolder},
    follow::marker,
    state::{
        frontier,
        migration::Migration,
        verification::{self, Rechecked, RecordedRow, TableResult},
    },
    verify::rows::{Reading, ReadingSide, sightings},
};
use transhume_wire::lsn::Lsn;

use super::{
    Compared, Verifier,
    frozen::{FrozenPair, REACH_TIMEOUT, REPORTED_EVERY},
    search::Search,
};
use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    report::Reporter,
    runner::awaited,
};

/// Rows of a table that are read again. What differs in more rows than a target behind by seconds explains is
/// loaded anew rather than looked at row by row.
pub(super) const ROWS_MOST: usize = 10_000;

/// Rounds at most. A row that is not seen equal in so many changes faster than apply follows.
const ROUNDS: usize = 40;

/// Between two rounds: together with the judgement's own rounds more than any backend is descheduled for.
const PAUSE: Duration = Duration::from_millis(300);

/// Between two looks at the frontier.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A snapshot of either side, the target's past everything that the source's shows. Not of one moment.
pub(super) async fn pair(
    endpoints: &Endpoints,
    migration: &Migration,
    source: &Session,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<FrozenPair> {
    let of_source = SnapshotHolder::fresh(&endpoints.source, &migration.id)
        .await
        .doing("taking the source's snapshot")?;
    let target = endpoints.target_session(&migration.id, "verify-wait").await?;
    let marked = mark(source, &migration.id).await?;
    reporter.waiting(format!("the target to pass the source's position {marked}"));
    passed(&target, marked, (reporter, cancellation)).await?;
    let of_target = SnapshotHolder::fresh(&endpoints.target, &migration.id)
        .await
        .doing("taking the target's snapshot")?;
    reporter.step("compared without a hold: rows that differ at first sight are read again");
    Ok(FrozenPair {
        consistent_point: marked,
        source: of_source,
        target: of_target,
    })
}

/// A marker in the source's WAL: what was committed before is visible once this returns.
async fn mark(source: &Session, migration: &str) -> Result<Lsn> {
    let nonce = marker::nonce(source).await.doing("making a nonce")?;
    marker::emit_confirmed(source, migration, &nonce)
        .await
        .doing("writing a marker on the source")
}

/// Waits until everything below the marker is applied.
async fn passed(
    target: &Session,
    marked: Lsn,
    (reporter, cancellation): (&Reporter, &Cancellation),
) -> Result<()> {
    let started = Instant::now();
    let mut last_report = started;
    loop {
        let frontier = frontier::read(target).await.doing("reading the applied LSN")?;
        if frontier > marked {
            return Ok(());
        }
        if started.elapsed() > REACH_TIMEOUT {
            return Err(EngineError::stopped(
                format!("waited in vain for the runner to pass {marked}"),
                format!("The applied LSN is {frontier}: {}.", awaited(target).await?),
                "see \"transhume status\" for what the runner is doing, then try again",
            ));
        }
        if last_report.elapsed() >= REPORTED_EVERY {
            last_report = Instant::now();
            reporter.waiting(format!(
                "the target to pass the source's position {marked}, applied is {frontier}: {}",
                awaited(target).await?
            ));
        }
        cancellation.rest(LOOK_EVERY).await?;
    }
}

/// One table whose rows are read again.
struct Watched {
    subject: Subject,
    result: TableResult,
    /// By key, or by hash where there is none: what was recorded, and what is seen.
    open: BTreeMap<Vec<String>, (Vec<RecordedRow>, Watch)>,
    different: Vec<(RecordedRow, Watch)>,
    /// Of the rows that differed at first sight, so many are read again.
    named: i64,
}

type Sightings = BTreeMap<Vec<String>, Sighting>;

impl Watched {
    fn new(subject: Subject, result: TableResult, rows: &[RecordedRow]) -> Self {
        let mut watched = Self {
            subject,
            open: BTreeMap::new(),
            different: Vec::new(),
            named: 0,
            result,
        };
        for row in rows.iter().filter(|row| row.table == watched.result.name) {
            let name = if watched.subject.key.is_empty() {
                vec![row.hash.to_string()]
            } else {
                row.key.clone()
            };
            watched.named += row.rows;
            watched.open.entry(name).or_default().0.push(row.clone());
        }
        watched
    }

    fn judge(&mut self, mut source: Sightings, mut target: Sightings) {
        for (name, (rows, mut watch)) in std::mem::take(&mut self.open) {
            let seen = |side: &mut Sightings| side.remove(&name).unwrap_or_default();
            match watch.observe(seen(&mut source), seen(&mut target)) {
                Verdict::Equal => {}
                Verdict::Different => self
                    .different
                    .extend(rows.into_iter().take(1).map(|row| (row, watch.clone()))),
                Verdict::Open => drop(self.open.insert(name, (rows, watch))),
            }
        }
    }

    /// Rows that differed at first sight and were too many to be named, so that nothing more is known of them.
    fn unnamed(&self) -> i64 {
        let unnamed = self.result.differences - self.named;
        if self.result.is_all {
            unnamed
        } else {
            unnamed.max(1)
        }
    }
}

async fn see_all(tables: &[Watched], session: &Session, side: &str) -> Result<Vec<Sightings>> {
    let mut seen = Vec::with_capacity(tables.len());
    for table in tables {
        let rows: Vec<Vec<String>> = table.open.keys().cloned().collect();
        let plain = table.result.name.plain();
        let sightings = match rows.as_slice() {
            [] => Sightings::new(),
            rows => sightings(session, &table.subject, rows)
                .await
                .doing(format!("reading rows of {plain} again on the {side}"))?,
        };
        seen.push(sightings);
    }
    Ok(seen)
}

/// A row as it was seen last; where there is no key, so many equal ones as one side lacks.
fn as_seen(row: RecordedRow, watch: &Watch) -> RecordedRow {
    let Some((source, target)) = watch.last() else {
        return row;
    };
    let (first, second) = (source.content.first(), target.content.first());
    if row.key_columns.is_empty() {
        let lacking = first.unwrap_or(&0) - second.unwrap_or(&0);
        let difference = if lacking > 0 {
            DifferenceKind::Missing
        } else {
            DifferenceKind::Surplus
        };
        return RecordedRow {
            difference,
            rows: lacking.abs(),
            ..row
        };
    }
    let difference = match (first, second) {
        (Some(_), Some(_)) => DifferenceKind::Different,
        (Some(_), None) => DifferenceKind::Missing,
        (None, _) => DifferenceKind::Surplus,
    };
    RecordedRow {
        difference,
        hash: first.or(second).copied().unwrap_or(row.hash),
        rows: 1,
        ..row
    }
}

/// Why a table is not decided where it is not for its named rows.
fn note(unnamed: i64) -> String {
    if unnamed == 0 {
        return String::new();
    }
    "more rows differed at first sight than are read again".to_owned()
}

impl Verifier<'_> {
    /// Decides about the rows that differed at first sight, and records that in their place.
    pub(super) async fn recheck(&mut self, compared: &Compared, cancellation: &Cancellation) -> Result<()> {
        let (Some(id), Some(migration)) = (compared.id, self.migration.as_ref()) else {
            return Ok(());
        };
        let mut tables = self.watched(id, compared).await?;
        for round in 0..ROUNDS {
            let open: usize = tables.iter().map(|table| table.open.len()).sum();
            if open == 0 {
                break;
            }
            if round > 0 {
                cancellation.rest(PAUSE).await?;
            }
            self.reporter
                .waiting(format!("{} to be seen at rest", counted(open, "row")));
            // What the target showed in the round before is visible on the source from here on.
            mark(&self.source, &migration.id).await?;
            let source = see_all(&tables, &self.source, "source").await?;
            let marked = mark(&self.source, &migration.id).await?;
            passed(&self.target, marked, (self.reporter, cancellation)).await?;
            let target = see_all(&tables, &self.target, "target").await?;
            for (table, (source, target)) in tables.iter_mut().zip(source.into_iter().zip(target)) {
                table.judge(source, target);
            }
        }
        for table in tables {
            self.conclude(id, table).await?;
        }
        Ok(())
    }

    async fn watched(&self, id: i64, compared: &Compared) -> Result<Vec<Watched>> {
        let rows = verification::rows(&self.target, id)
            .await
            .doing("reading the rows that differ")?;
        let mut tables = Vec::new();
        for result in self.results(compared).await? {
            let Some(subject) = compared.subjects.get(&result.name) else {
                continue;
            };
            if result.equal != Some(false) {
                continue;
            }
            tables.push(Watched::new(subject.clone(), result, &rows));
        }
        Ok(tables)
    }

    /// What is known of the table by now takes the place of the first sight.
    async fn conclude(&self, id: i64, table: Watched) -> Result<()> {
        let unnamed = table.unnamed();
        let mut different: Vec<RecordedRow> = table
            .different
            .into_iter()
            .map(|(row, watch)| as_seen(row, &watch))
            .collect();
        self.name_columns(&table.subject, &mut different).await?;
        let undecided: Vec<RecordedRow> = table.open.into_values().flat_map(|(rows, _)| rows).collect();
        let count = |rows: &[RecordedRow]| rows.iter().map(|row| row.rows).sum::<i64>();
        let (differences, undecided_rows) = (count(&different), count(&undecided) + unnamed);
        let most = self.options.most_rows;
        let rechecked = Rechecked {
            differences,
            undecided_rows,
            note: note(unnamed),
            different: different.into_iter().take(most).collect(),
            undecided: undecided.into_iter().take(most).collect(),
        };
        verification::record_rechecked(&self.target, id, &table.result.name, &rechecked)
            .await
            .doing("recording what was read again")
    }

    /// Columns that differ, as both sides show them now.
    async fn name_columns(&self, subject: &Subject, rows: &mut [RecordedRow]) -> Result<()> {
        if rows.is_empty() || subject.key.is_empty() {
            return Ok(());
        }
        let doing = || format!("looking for the columns of {} that differ", subject.table.plain());
        let source = SnapshotHolder::fresh(&self.endpoints.source, self.id())
            .await
            .doing(doing())?;
        let target = SnapshotHolder::fresh(&self.endpoints.target, self.id())
            .await
            .doing(doing())?;
        let search = Search {
            subject,
            source: ReadingSide {
                session: &self.source,
                snapshot: source.name(),
            },
            target: ReadingSide {
                session: &self.target,
                snapshot: target.name(),
            },
            settings: self.settings(),
        };
        // Truncated in this moment: the rows are named without their columns.
        let (Reading::Seen(()) | Reading::Moved) = search.name_columns(rows).await.doing(doing())?;
        Ok(())
    }
}
