//! What is compared and in which pieces, decided from both sides' catalogs under the frozen pair.

use std::collections::HashMap;

use transhume_core::{
    comparison::{ComparedColumn, Cut, KeyDomain, LEAF_ROWS, OrdinalRange, Subject, first_cut, key_bounds},
    load::split_by_ctid,
    table::{Column, Table, TableKind},
};
use transhume_pg::{
    catalog::tables::tables,
    comparison::{ComparedKey, Side, compared_keys, pieces},
    state::verification::NewTable,
};
use transhume_wire::ident::QualifiedName;

use super::refusal::refuse_unless_alike;
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
pub(super) struct Plan {
    pub(super) tables: Vec<NewTable>,
    /// Tables whose definition alone says that the sides differ, and how.
    pub(super) unlike: Vec<(QualifiedName, String)>,
    /// Left out of a sample, and why.
    pub(super) left_out: Vec<(QualifiedName, String)>,
}

struct Planner<'a> {
    source: Side<'a>,
    target: Side<'a>,
    keys: HashMap<u32, ComparedKey>,
    on_target: HashMap<QualifiedName, Table>,
    planning: Planning,
}

/// Plans these tables of the source.
pub(super) async fn plan(
    waiting: &[Table],
    source: Side<'_>,
    target: Side<'_>,
    planning: Planning,
) -> Result<Plan> {
    refuse_unless_alike(source.session, target.session).await?;
    let keys = compared_keys(source.session)
        .await
        .doing("reading the source's keys")?;
    let on_target = tables(target.session)
        .await
        .doing("reading the target's tables")?
        .into_iter()
        .filter(Table::moves_rows)
        .map(|table| (table.name.clone(), table))
        .collect();
    let planner = Planner {
        source,
        target,
        keys,
        on_target,
        planning,
    };
    let mut plan = Plan::default();
    for table in waiting {
        planner.add(table, &mut plan).await?;
    }
    Ok(plan)
}

impl Planner<'_> {
    async fn add(&self, table: &Table, plan: &mut Plan) -> Result<()> {
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
        let rows = table
            .rows_estimate
            .max(on_target.rows_estimate)
            .min(table.bytes.max(on_target.bytes) / ROW_BYTES_LEAST);
        let rows = if table.rows_estimate < 0 {
            table.bytes / ROW_BYTES_LEAST
        } else {
            rows
        };
        self.cut(&mut subject, table, rows).await?;
        let pieces = self.pieces(&subject, table, on_target);
        plan.tables.push(NewTable {
            subject,
            bytes: table.bytes,
            pieces,
        });
        Ok(())
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
            domain: key.and_then(|key| KeyDomain::of_type(key.first_type)),
            extremes: None,
            cut: Cut::Whole,
            is_sampled: false,
            is_partitioned: table.kind == TableKind::Partitioned,
        }
    }

    /// A small table is one bucket, and not even asked for its extremes.
    async fn cut(&self, subject: &mut Subject, table: &Table, rows: i64) -> Result<()> {
        if rows <= 2 * LEAF_ROWS {
            return Ok(());
        }
        subject.extremes = self.extremes(subject).await?;
        let bounds = match (subject.extremes, subject.domain) {
            (Some(extremes), Some(domain)) => {
                let histogram = self
                    .keys
                    .get(&table.oid)
                    .into_iter()
                    .flat_map(|key| &key.histogram);
                key_bounds(extremes, histogram.filter_map(|text| domain.ordinal(text)))
            }
            _ => Vec::new(),
        };
        subject.cut = first_cut(rows, &bounds);
        Ok(())
    }

    /// Over both sides: a row may be on one only.
    async fn extremes(&self, subject: &Subject) -> Result<Option<OrdinalRange>> {
        let Some(domain) = subject.domain else {
            return Ok(None);
        };
        let (source, target) = tokio::join!(self.source.extremes(subject), self.target.extremes(subject));
        let plain = subject.table.plain();
        let ends = [
            source.doing(format!("reading the keys of {plain} on the source"))?,
            target.doing(format!("reading the keys of {plain} on the target"))?,
        ];
        let ordinals = || {
            ends.iter()
                .flatten()
                .flat_map(|(low, high)| [low, high])
                .filter_map(|text| domain.ordinal(text))
        };
        let (low, high) = (ordinals().min(), ordinals().max());
        Ok(low.zip(high).map(|(low, high)| OrdinalRange {
            from: low,
            to: high.saturating_add(1),
        }))
    }

    fn pieces(&self, subject: &Subject, table: &Table, on_target: &Table) -> Vec<(String, String, i64)> {
        let wanted = self.planning.piece_bytes.unwrap_or(PIECE_BYTES);
        let most = match self.planning.rate_limit {
            0 => wanted,
            limit => wanted.min(limit * PIECE_SECONDS),
        };
        let pages = u32::try_from(table.pages).unwrap_or(u32::MAX);
        let count = split_by_ctid(pages, table.bytes.unsigned_abs(), most).len();
        let source = pieces(subject, self.source.session.server_version(), table.pages, count);
        let target = pieces(
            subject,
            self.target.session.server_version(),
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
