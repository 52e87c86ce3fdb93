//! The outcome of a verification, for people and scripts.

use serde::Serialize;
use transhume_core::{finding::Finding, verify::rows::DifferenceKind};
use transhume_pg::{
    connection::session::Session,
    state::verification::{self, RecordedRow, TableResult, Unchanged},
};
use transhume_wire::{ident::QualifiedName, lsn::Lsn};

use super::{Compared, ObjectComparison, Verifier, ledger};
use crate::error::{Doing, Result};

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Verification {
    pub equal: bool,
    /// Rows that a recheck never saw at rest: whether they differ is not known. Of tables that were truncated
    /// again and again, none is counted.
    pub undecided: i64,
    /// full, sample, tables, since-last or recheck.
    pub mode: String,
    /// The commit position that both sides were compared at; with several frozen pairs, the last one.
    pub lsn: Lsn,
    pub seconds: f64,
    pub tables: Vec<TableComparison>,
    /// Rows that differ, a bounded number of each table.
    pub rows: Vec<RowFinding>,
    /// Everything that is not rows of tables; empty where single tables were compared.
    pub objects: ObjectComparison,
    /// Tables whose rows were not compared, and why.
    pub not_compared: Vec<Finding>,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct TableComparison {
    pub table: QualifiedName,
    /// The commit position that it was compared at.
    pub lsn: Lsn,
    /// None where rows were not counted.
    pub source_rows: Option<i64>,
    pub target_rows: Option<i64>,
    pub equal: bool,
    /// False where it could not be told: its rows were never seen at rest, or it was truncated again and again.
    pub decided: bool,
    /// Rows that differ.
    pub differences: i64,
    /// False: there are at least so many.
    pub is_all: bool,
    /// Rows that a recheck never saw at rest.
    pub undecided: i64,
    /// It was not compared again, since it has not changed since it was found equal.
    pub unchanged: Option<Unchanged>,
    pub note: String,
}

/// A row that differs, or several equal ones of a table without a key.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct RowFinding {
    pub table: QualifiedName,
    pub difference: DifferenceKind,
    /// Columns of the key and their values; none in a table without a key.
    pub key: Vec<(String, String)>,
    /// Hash of the row, which names it where there is no key.
    pub hash: String,
    pub rows: i64,
    /// Columns that differ.
    pub columns: Vec<String>,
    /// Values of those columns, where they were asked for and the row is there.
    pub source_values: Option<Vec<Option<String>>>,
    pub target_values: Option<Vec<Option<String>>>,
    pub repaired: bool,
    /// It changed all the time: not known to differ.
    pub undecided: bool,
}

impl From<TableResult> for TableComparison {
    fn from(result: TableResult) -> Self {
        Self {
            table: result.name,
            lsn: result.lsn,
            source_rows: result.source_rows,
            target_rows: result.target_rows,
            equal: result.equal == Some(true),
            decided: result.equal.is_some(),
            differences: result.differences,
            is_all: result.is_all,
            undecided: result.undecided,
            unchanged: result.unchanged,
            note: result.note,
        }
    }
}

impl From<RecordedRow> for RowFinding {
    fn from(row: RecordedRow) -> Self {
        Self {
            table: row.table,
            difference: row.difference,
            key: row.key_columns.into_iter().zip(row.key).collect(),
            hash: format!("{:016x}", row.hash),
            rows: row.rows,
            columns: row.columns,
            source_values: row.source_values,
            target_values: row.target_values,
            repaired: row.is_repaired,
            undecided: false,
        }
    }
}

/// What is recorded of a verification.
pub(super) async fn read(target: &Session, id: i64, lsn: Lsn, mode: &str) -> Result<Verification> {
    let tables = verification::table_results(target, id)
        .await
        .doing("reading what was compared")?;
    let rows = verification::rows(target, id)
        .await
        .doing("reading the rows that differ")?;
    let undecided = verification::undecided(target, id)
        .await
        .doing("reading the rows that were not decided")?;
    let marks: Vec<bool> = rows.iter().map(|row| undecided.contains(&row.id)).collect();
    let mut verification = reported(tables, rows, lsn, mode);
    for (row, undecided) in verification.rows.iter_mut().zip(marks) {
        row.undecided = undecided;
    }
    Ok(verification)
}

fn reported(tables: Vec<TableResult>, rows: Vec<RecordedRow>, lsn: Lsn, mode: &str) -> Verification {
    let mut tables: Vec<TableComparison> = tables.into_iter().map(TableComparison::from).collect();
    tables.sort_by(|left, right| left.table.cmp(&right.table));
    Verification {
        equal: tables.iter().all(|table| table.equal),
        undecided: tables.iter().map(|table| table.undecided).sum(),
        mode: mode.to_owned(),
        lsn,
        seconds: 0.0,
        tables,
        rows: rows.into_iter().map(RowFinding::from).collect(),
        objects: ObjectComparison::default(),
        not_compared: Vec::new(),
    }
}

impl TableComparison {
    /// Rows of it are known to differ, or its definition does.
    pub fn is_different(&self) -> bool {
        !self.equal && self.decided
    }
}

impl Verification {
    /// Nothing is known to differ, and yet not everything is known to be equal.
    pub fn is_undecided(&self) -> bool {
        self.tables.iter().any(|table| !table.decided)
            && self.objects.blockers() == 0
            && !self.tables.iter().any(TableComparison::is_different)
    }

    /// As it is recorded.
    fn result(&self) -> &'static str {
        match (self.equal, self.is_undecided()) {
            (true, _) => "equal",
            (false, true) => "undecided",
            (false, false) => "different",
        }
    }
}

impl Verifier<'_> {
    /// Reads, completes and records it.
    pub(super) async fn outcome(&self, compared: &Compared) -> Result<Verification> {
        let mode = self.options.mode_name();
        let mut verification = if let Some(id) = compared.id {
            read(&self.target, id, compared.lsn, mode).await?
        } else {
            let book = ledger::open(&compared.book);
            reported(book.results(), book.rows.clone(), compared.lsn, mode)
        };
        for (table, why) in &compared.plan.unlike {
            verification.equal = false;
            verification.tables.push(unlike(table, compared.lsn, why));
        }
        verification.not_compared.clone_from(&self.scope.not_compared);
        let left_out = compared.plan.left_out.iter();
        verification
            .not_compared
            .extend(left_out.map(|(table, why)| not_compared(table, why)));
        if let Some(id) = compared.id {
            verification::end(&self.target, id, verification.result())
                .await
                .doing("recording the verification")?;
            verification::keep_clean(&self.target, id)
                .await
                .doing("remembering what is equal")?;
        }
        Ok(verification)
    }
}

fn unlike(table: &QualifiedName, lsn: Lsn, why: &str) -> TableComparison {
    TableComparison {
        table: table.clone(),
        lsn,
        source_rows: None,
        target_rows: None,
        equal: false,
        decided: true,
        differences: 0,
        is_all: false,
        undecided: 0,
        unchanged: None,
        note: why.to_owned(),
    }
}

fn not_compared(table: &QualifiedName, why: &str) -> Finding {
    Finding::warning(
        "not-compared",
        &table.plain(),
        format!("not sampled: {why}"),
        "compare it with a full verification",
    )
}
