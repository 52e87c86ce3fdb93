//! What is compared and in which pieces, decided from both sides' catalogs under the frozen pair.

use std::collections::HashMap;

use transhume_core::{
    load::{PartSize, split_by_ctid},
    table::{Column, Table, TableKind},
    verify::rows::{ComparedColumn, Cut, LEAF_ROWS, Subject},
};
use transhume_pg::{
    catalog::tables::tables,
    state::verification::NewTable,
    verify::rows::{ComparedKey, Reading, ReadingSide, compared_keys, pieces},
};
use transhume_wire::ident::QualifiedName;

use super::{
    refusal::refuse_unless_alike,
    spreading::{Both, Spreading},
};
use crate::error::{Doing, Result};

/// Bytes that one claim reads on a side, unless told otherwise. Seconds of work, against milliseconds to claim and
/// record.
const PIECE_BYTES: u64 = 64 << 20;

/// With a rate limit, a piece is no more than this many seconds of it, so that the limit holds from one
/// minute to the next.
const PIECE_SECONDS: u64 = 5;

/// Least size of a row on disk: header, line pointer and an integer. Where nothing was analysed, the size
/// of a table says how many rows it can have at most.
const ROW_BYTES_LEAST: i64 = 32;

/// A table of no more rows is not divided.
const ROWS_OF_ONE_BUCKET: i64 = 2 * LEAF_ROWS;

/// A table of at most this size is compared whole by a sample too.
const SAMPLED_BYTES_LEAST: i64 = 8 << 20;

/// What the plan depends on besides the tables.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Planning {
    /// Bytes a second; 0 for no limit.
    pub(super) rate_limit: u64,
    pub(super) is_sample: bool,
    /// Bytes that one claim reads on a side.
    pub(super) piece_bytes: Option<u64>,
}

#[derive(Default)]
pub(super) struct VerifyPlan {
    pub(super) tables: Vec<NewTable>,
    /// Tables whose definition alone says that the sides differ, and how.
    pub(super) unlike: Vec<(QualifiedName, String)>,
    /// Left out of a sample, and why.
    pub(super) left_out: Vec<(QualifiedName, String)>,
}

struct Planner<'a> {
    spreading: Spreading<'a>,
    keys: HashMap<u32, ComparedKey>,
    on_target: HashMap<QualifiedName, Table>,
    planning: Planning,
}

/// Plans these tables of the source.
pub(super) async fn plan(
    waiting: &[Table],
    source: ReadingSide<'_>,
    target: ReadingSide<'_>,
    planning: Planning,
) -> Result<VerifyPlan> {
    refuse_unless_alike(source.session, target.session).await?;
    let keys = compared_keys(source.session)
        .await
        .doing("reading the source's keys")?;
    let on_target: HashMap<QualifiedName, Table> = tables(target.session)
        .await
        .doing("reading the target's tables")?
        .into_iter()
        .filter(Table::moves_rows)
        .map(|table| (table.name.clone(), table))
        .collect();
    let divided = waiting
        .iter()
        .filter_map(|table| on_target.get(&table.name).map(|other| (table, other)))
        .filter(|(table, other)| estimated_rows(table, other) > ROWS_OF_ONE_BUCKET)
        .map(|(table, other)| (table.oid, other.oid));
    let (oids, other_oids): (Vec<u32>, Vec<u32>) = divided.unzip();
    let planner = Planner {
        spreading: Spreading::read(source, target, (&oids, &other_oids)).await?,
        keys,
        on_target,
        planning,
    };
    let mut plan = VerifyPlan::default();
    for table in waiting {
        planner.add(table, &mut plan).await?;
    }
    Ok(plan)
}

impl Planner<'_> {
    async fn add(&self, table: &Table, plan: &mut VerifyPlan) -> Result<()> {
        let Some(on_target) = self.on_target.get(&table.name) else {
            let why = "the target has no such table".to_owned();
            plan.unlike.push((table.name.clone(), why));
            return Ok(());
        };
        if let Some(why) = unlike_columns(table, on_target) {
            plan.unlike.push((table.name.clone(), why));
            return Ok(());
        }
        let mut subject = self.subject(table, on_target);
        if self.has_null_in_key(&subject, on_target).await? {
            // Such a row has no name, and is matched by its image as all others.
            subject.key.clear();
        }
        if self.planning.is_sample && table.bytes > SAMPLED_BYTES_LEAST {
            if subject.key.is_empty() {
                let why = "it is large and has no key to look rows up by".to_owned();
                plan.left_out.push((table.name.clone(), why));
                return Ok(());
            }
            subject.is_sampled = true;
            plan.tables.push(NewTable {
                subject,
                bytes: table.bytes,
                pieces: Vec::new(),
            });
            return Ok(());
        }
        let rows = estimated_rows(table, on_target);
        // A small table is one bucket, and not even asked for its extremes.
        if rows > ROWS_OF_ONE_BUCKET {
            let both = Both {
                source: table,
                target: on_target,
                key: self.keys.get(&table.oid).map(|key| key.index),
            };
            self.spreading.cut(&mut subject, both, rows).await?;
        }
        let pieces = self.pieces(&subject, table, on_target);
        plan.tables.push(NewTable {
            subject,
            bytes: table.bytes,
            pieces,
        });
        Ok(())
    }

    /// On the target, which may have lost the constraint that forbids it.
    async fn has_null_in_key(&self, subject: &Subject, on_target: &Table) -> Result<bool> {
        let is_not_null = |name: &String| {
            let mut columns = on_target.columns.iter();
            columns.any(|column| column.name == *name && column.not_null)
        };
        if subject.key.iter().all(|column| is_not_null(&column.name)) {
            return Ok(false);
        }
        let reading = self.spreading.target.has_null_in_key(subject).await;
        let plain = subject.table.plain();
        let reading = reading.doing(format!("looking for keys of {plain} that are NULL on the target"))?;
        Ok(matches!(reading, Reading::Seen(true)))
    }

    fn subject(&self, table: &Table, on_target: &Table) -> Subject {
        let key = self.keys.get(&table.oid);
        Subject {
            table: table.name.clone(),
            columns: table
                .columns
                .iter()
                .map(|column| compared(column, on_target))
                .collect(),
            key: key.map(|key| key.columns.clone()).unwrap_or_default(),
            spread: Vec::new(),
            extremes: None,
            cut: Cut::Whole,
            is_sampled: false,
            is_partitioned: table.kind == TableKind::Partitioned,
        }
    }

    fn pieces(&self, subject: &Subject, table: &Table, on_target: &Table) -> Vec<(String, String, i64)> {
        let wanted = self.planning.piece_bytes.unwrap_or(PIECE_BYTES);
        let most = match self.planning.rate_limit {
            0 => wanted,
            limit => wanted.min(limit * PIECE_SECONDS),
        };
        let pages = u32::try_from(table.pages).unwrap_or(u32::MAX);
        let parts = PartSize::of(most).parts(table.bytes.unsigned_abs());
        let count = split_by_ctid(pages, parts).len();
        let source = pieces(
            subject,
            self.spreading.source.session.server_version(),
            table.pages,
            count,
        );
        let target = pieces(
            subject,
            self.spreading.target.session.server_version(),
            on_target.pages,
            count,
        );
        let (Some(source), Some(target)) = (source, target) else {
            return vec![(String::new(), String::new(), table.bytes)];
        };
        let bytes = table.bytes / i64::try_from(count).unwrap_or(1);
        source
            .into_iter()
            .zip(target)
            .map(|(source, target)| (source, target, bytes))
            .collect()
    }
}

fn estimated_rows(source: &Table, target: &Table) -> i64 {
    if source.rows_estimate < 0 {
        return source.bytes / ROW_BYTES_LEAST;
    }
    source
        .rows_estimate
        .max(target.rows_estimate)
        .min(source.bytes.max(target.bytes) / ROW_BYTES_LEAST)
}

fn compared(column: &Column, on_target: &Table) -> ComparedColumn {
    let other = on_target.columns.iter().find(|other| other.name == column.name);
    ComparedColumn::new(&column.name, column.type_oid, other.map(|other| other.type_oid))
}

/// Columns by name and type; the order does not matter.
fn unlike_columns(source: &Table, target: &Table) -> Option<String> {
    let lacks = |table: &Table, column: &Column| !table.columns.iter().any(|other| other.name == column.name);
    let names = |of: &Table, other: &Table| -> Vec<String> {
        of.columns
            .iter()
            .filter(|column| lacks(other, column))
            .map(|column| column.name.escape_debug().to_string())
            .collect()
    };
    let (missing, surplus) = (names(source, target), names(target, source));
    match (missing.as_slice(), surplus.as_slice()) {
        ([], []) => None,
        (missing, []) => Some(format!("the target lacks these columns: {}", missing.join(", "))),
        ([], surplus) => Some(format!(
            "only the target has these columns: {}",
            surplus.join(", ")
        )),
        (missing, surplus) => Some(format!(
            "the target lacks these columns: {}; only the target has: {}",
            missing.join(", "),
            surplus.join(", ")
        )),
    }
}
