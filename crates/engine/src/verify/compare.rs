//! Compares tables under the frozen pair, several at once, largest first.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::task::JoinSet;
use transhume_core::table::Table;
use transhume_pg::{digest, session::Session, state::migration::Migration};

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
    done: Mutex<(VerifyProgress, Compared)>,
    reporter: Reporter,
}

/// What came of one frozen pair.
#[derive(Default)]
pub(crate) struct Compared {
    pub(crate) comparisons: Vec<TableComparison>,
    /// Truncated or rewritten meanwhile: their rows are not to be seen in the frozen pair any more.
    pub(crate) moved: Vec<Table>,
}

/// A source and a target session. They outlive a frozen pair: connecting again would take longer than
/// comparing a small table that the source truncates all the time.
pub(crate) type Pair = (Session, Session);

/// What [`Comparison::compare`] works with.
pub(crate) struct Comparison<'run> {
    pub(crate) frozen: &'run FrozenPair,
    pub(crate) pairs: &'run mut Vec<Pair>,
    pub(crate) reporter: &'run Reporter,
}

impl Comparison<'_> {
    /// Largest first.
    pub(crate) async fn compare(
        self,
        mut tables: Vec<Table>,
        cancellation: &Cancellation,
    ) -> Result<Compared> {
        tables.sort_by_key(|table| std::cmp::Reverse(table.bytes));
        let progress = VerifyProgress {
            tables: tables.len() as u64,
            bytes: tables.iter().map(|table| table.bytes.unsigned_abs()).sum(),
            ..VerifyProgress::default()
        };
        let queue = Arc::new(Queue {
            waiting: Mutex::new(tables.into()),
            done: Mutex::new((progress, Compared::default())),
            reporter: self.reporter.clone(),
        });
        let mut comparers = JoinSet::new();
        for pair in self.pairs.drain(..) {
            let names = (
                self.frozen.source.name().to_owned(),
                self.frozen.target.name().to_owned(),
            );
            comparers.spawn(compare_all(Arc::clone(&queue), pair, names));
        }
        loop {
            tokio::select! {
                joined = comparers.join_next() => match joined {
                    Some(result) => self.pairs.push(result.expect("a comparer does not panic")?),
                    None => break,
                },
                () = cancellation.cancelled() => return Err(EngineError::Interrupted),
            }
        }
        let compared = std::mem::take(&mut queue.done.lock().expect("no comparer panics").1);
        Ok(compared)
    }
}

/// As many pairs as compare at once.
pub(crate) async fn connect(
    endpoints: &Endpoints,
    migration: &Migration,
    options: &VerifyOptions,
) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for number in 0..options.comparers.max(1) {
        let role = format!("verify:{number}");
        let source = endpoints.source_session(&migration.id, &role).await?;
        let target = endpoints.target_session(&migration.id, &role).await?;
        pairs.push((source, target));
    }
    Ok(pairs)
}

/// Compares what is waiting, one table after the other, on a pair of sessions under a pair of snapshots.
async fn compare_all(
    queue: Arc<Queue>,
    (source, target): Pair,
    (of_source, of_target): (String, String),
) -> Result<Pair> {
    loop {
        let next = queue.waiting.lock().expect("no comparer panics").pop_front();
        let Some(table) = next else {
            return Ok((source, target));
        };
        let plain = table.name.plain();
        let (left, right) = tokio::join!(
            digest::compute(&source, &of_source, &table),
            digest::compute(&target, &of_target, &table)
        );
        let left = left.doing(format!("reading {plain} on the source"))?;
        let right = right.doing(format!("reading {plain} on the target"))?;
        let comparison = left.zip(right).map(|(left, right)| TableComparison {
            table: table.name.clone(),
            source_rows: left.rows,
            target_rows: right.rows,
            equal: left == right,
        });
        queue.finish(table, comparison);
    }
}

impl Queue {
    fn finish(&self, table: Table, comparison: Option<TableComparison>) {
        let mut done = self.done.lock().expect("no comparer panics");
        done.0.tables_done += 1;
        done.0.bytes_done += table.bytes.unsigned_abs();
        match comparison {
            Some(comparison) => done.1.comparisons.push(comparison),
            None => done.1.moved.push(table),
        }
        self.reporter.send(Report::Verify(done.0.clone()));
    }
}
