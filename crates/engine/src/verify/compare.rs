//! Compares tables under the frozen pair, several at once, largest first.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::task::JoinSet;
use transhume_core::table::Table;
use transhume_pg::{digest, session::Session, snapshot, state::migration::Migration};

use super::{TableComparison, VerifyOptions, frozen::FrozenPair};
use crate::{
    cancel::Cancellation,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    report::{Report, Reporter, VerifyProgress},
};

/// Work that the comparers share.
struct Queue {
    waiting: Mutex<VecDeque<Table>>,
    done: Mutex<(VerifyProgress, Vec<TableComparison>)>,
    reporter: Reporter,
}

/// What [`Comparison::compare`] works with.
pub(crate) struct Comparison<'run> {
    pub(crate) endpoints: &'run Endpoints,
    pub(crate) migration: &'run Migration,
    pub(crate) frozen: &'run FrozenPair,
    pub(crate) options: &'run VerifyOptions,
    pub(crate) reporter: &'run Reporter,
}

impl Comparison<'_> {
    pub(crate) async fn compare(
        &self,
        mut tables: Vec<Table>,
        cancellation: &Cancellation,
    ) -> Result<Vec<TableComparison>> {
        tables.sort_by_key(|table| std::cmp::Reverse(table.bytes));
        let progress = VerifyProgress {
            tables: tables.len() as u64,
            bytes: tables.iter().map(|table| table.bytes.unsigned_abs()).sum(),
            ..VerifyProgress::default()
        };
        let queue = Arc::new(Queue {
            waiting: Mutex::new(tables.into()),
            done: Mutex::new((progress, Vec::new())),
            reporter: self.reporter.clone(),
        });
        let mut comparers = JoinSet::new();
        for number in 0..self.options.comparers.max(1) {
            let (source, target) = self.sessions(number).await?;
            comparers.spawn(compare_all(Arc::clone(&queue), source, target));
        }
        loop {
            tokio::select! {
                joined = comparers.join_next() => match joined {
                    Some(result) => result.expect("a comparer does not panic")?,
                    None => break,
                },
                () = cancellation.cancelled() => return Err(EngineError::Interrupted),
            }
        }
        let mut comparisons = std::mem::take(&mut queue.done.lock().expect("no comparer panics").1);
        comparisons.sort_by(|left, right| left.table.cmp(&right.table));
        Ok(comparisons)
    }

    /// A pair of sessions that see the frozen pair.
    async fn sessions(&self, number: usize) -> Result<(Session, Session)> {
        let role = format!("verify:{number}");
        let source = self.endpoints.source_session(&self.migration.id, &role).await?;
        let target = self.endpoints.target_session(&self.migration.id, &role).await?;
        snapshot::import(&source, self.frozen.source.name())
            .await
            .doing("taking over the source's snapshot")?;
        snapshot::import(&target, self.frozen.target.name())
            .await
            .doing("taking over the target's snapshot")?;
        Ok((source, target))
    }
}

async fn compare_all(queue: Arc<Queue>, source: Session, target: Session) -> Result<()> {
    loop {
        let next = queue.waiting.lock().expect("no comparer panics").pop_front();
        let Some(table) = next else { return Ok(()) };
        let plain = table.name.plain();
        let (of_source, of_target) =
            tokio::join!(digest::compute(&source, &table), digest::compute(&target, &table));
        let of_source = of_source.doing(format!("reading {plain} on the source"))?;
        let of_target = of_target.doing(format!("reading {plain} on the target"))?;
        queue.finish(
            &table,
            TableComparison {
                table: table.name.clone(),
                source_rows: of_source.rows,
                target_rows: of_target.rows,
                equal: of_source == of_target,
            },
        );
    }
}

impl Queue {
    fn finish(&self, table: &Table, comparison: TableComparison) {
        let mut done = self.done.lock().expect("no comparer panics");
        done.0.tables_done += 1;
        done.0.bytes_done += table.bytes.unsigned_abs();
        done.1.push(comparison);
        self.reporter.send(Report::Verify(done.0.clone()));
    }
}
