//! Which statement one row change needs and which values go into it.
//!
//! Invariants: a value that the stream did not send is never written and never compared; computed
//! columns are not in a plan at all; an identity column GENERATED ALWAYS is never SET (the server
//! refuses that even in replica role), a true change of it replaces the row.

use bytes::Bytes;
use transhume_wire::pgoutput::{ColumnValue, Tuple};

use super::{ColumnSet, RowLookup, RowPlan};
use crate::{follow::change, table::Generation};

/// A change of one row as the stream has it.
#[derive(Debug, Clone, Copy)]
pub enum RowChange<'a> {
    Insert {
        new: &'a Tuple,
    },
    Update {
        old: &'a change::RowIdentity,
        new: &'a Tuple,
    },
    Delete {
        old: &'a change::RowIdentity,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Insert,
    Update,
    /// Delete and insert in one statement; columns that are not written keep the old row's value.
    Replace,
    /// Nothing to write, but the row must be there.
    Find,
    Delete,
}

/// How the WHERE clause is built.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Matching {
    None,
    Key,
    /// Every column has its old value; these are null.
    Image {
        nulls: ColumnSet,
    },
}

/// All that decides a statement's text, given the plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StatementShape {
    pub operation: Operation,
    pub written: ColumnSet,
    pub matching: Matching,
}

/// One statement: its shape, then the values of the written columns, then those of the matched ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowWrite {
    pub shape: StatementShape,
    pub values: Vec<Option<Bytes>>,
}

/// A change that cannot be written exactly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    #[error("the change has another width than the table: values {found}, columns {announced}")]
    WrongWidth { found: usize, announced: usize },
    #[error("the value of \"{column}\" was not sent")]
    NotSent { column: String },
    #[error("the value of \"{column}\" came in binary form")]
    Binary { column: String },
    #[error("the table has no replica identity")]
    NoIdentity,
    #[error("the old row was not sent whole")]
    OldRowIncomplete,
}

/// Decides the statement for one change.
pub fn row_write(plan: &RowPlan, change: RowChange<'_>) -> Result<RowWrite, Unwritable> {
    match change {
        RowChange::Insert { new } => insert(plan, new),
        RowChange::Update { old, new } => update(plan, old, new),
        RowChange::Delete { old } => delete(plan, old),
    }
}

fn insert(plan: &RowPlan, new: &Tuple) -> Result<RowWrite, Unwritable> {
    check_width(plan, new)?;
    let mut values = Vec::with_capacity(new.0.len());
    for (index, value) in new.0.iter().enumerate() {
        values.push(sent(plan, index, value)?);
    }
    Ok(RowWrite {
        shape: StatementShape {
            operation: Operation::Insert,
            written: (0..new.0.len()).collect(),
            matching: Matching::None,
        },
        values,
    })
}

fn delete(plan: &RowPlan, old: &change::RowIdentity) -> Result<RowWrite, Unwritable> {
    let mut values = Vec::with_capacity(plan.columns.len());
    let matching = matching(plan, old, &mut values)?;
    Ok(RowWrite {
        shape: StatementShape {
            operation: Operation::Delete,
            written: ColumnSet::default(),
            matching,
        },
        values,
    })
}

fn update(plan: &RowPlan, old: &change::RowIdentity, new: &Tuple) -> Result<RowWrite, Unwritable> {
    check_width(plan, new)?;
    let (written, replaces) = written_columns(plan, old, new);
    let mut values = Vec::with_capacity(2 * plan.columns.len());
    for index in written.iter() {
        values.push(sent(plan, index, &new.0[index])?);
    }
    let matching = matching(plan, old, &mut values)?;
    let operation = match (replaces, written.is_empty()) {
        (true, _) => Operation::Replace,
        (false, true) => Operation::Find,
        (false, false) => Operation::Update,
    };
    Ok(RowWrite {
        shape: StatementShape {
            operation,
            written,
            matching,
        },
        values,
    })
}

/// The columns to write, and whether the row must be replaced to write them.
fn written_columns(plan: &RowPlan, old: &change::RowIdentity, new: &Tuple) -> (ColumnSet, bool) {
    let changed: ColumnSet = (0..new.0.len())
        .filter(|index| new.0[*index] != ColumnValue::Unchanged)
        .filter(|index| known_old(old, *index) != Some(&new.0[*index]))
        .collect();
    let replaces = changed
        .iter()
        .any(|index| plan.columns[index].generation == Generation::IdentityAlways);
    (changed, replaces)
}

/// The old value of a column where the stream tells it.
fn known_old(old: &change::RowIdentity, index: usize) -> Option<&ColumnValue> {
    match old {
        change::RowIdentity::WholeRow(row) => row.0.get(index),
        change::RowIdentity::Key(key) => key.iter().find(|(at, _)| *at == index).map(|(_, value)| value),
    }
}

fn matching(
    plan: &RowPlan,
    old: &change::RowIdentity,
    values: &mut Vec<Option<Bytes>>,
) -> Result<Matching, Unwritable> {
    if let change::RowIdentity::WholeRow(row) = old {
        check_width(plan, row)?;
    }
    match (&plan.identity, old) {
        (RowLookup::Nothing, _) => Err(Unwritable::NoIdentity),
        (RowLookup::Key(key), _) => {
            for index in key.iter() {
                let value = known_old(old, index).ok_or(Unwritable::OldRowIncomplete)?;
                values.push(sent(plan, index, value)?);
            }
            Ok(Matching::Key)
        }
        (RowLookup::Image, change::RowIdentity::WholeRow(row)) => {
            let mut nulls = ColumnSet::default();
            for (index, value) in row.0.iter().enumerate() {
                match sent(plan, index, value)? {
                    None => nulls.insert(index),
                    value => values.push(value),
                }
            }
            Ok(Matching::Image { nulls })
        }
        (RowLookup::Image, change::RowIdentity::Key(_)) => Err(Unwritable::OldRowIncomplete),
    }
}

fn check_width(plan: &RowPlan, tuple: &Tuple) -> Result<(), Unwritable> {
    let (found, announced) = (tuple.0.len(), plan.columns.len());
    if found == announced {
        Ok(())
    } else {
        Err(Unwritable::WrongWidth { found, announced })
    }
}

fn sent(plan: &RowPlan, index: usize, value: &ColumnValue) -> Result<Option<Bytes>, Unwritable> {
    let column = || plan.columns[index].name.clone();
    match value {
        ColumnValue::Null => Ok(None),
        ColumnValue::Text(value) => Ok(Some(value.clone())),
        ColumnValue::Unchanged => Err(Unwritable::NotSent { column: column() }),
        ColumnValue::Binary(_) => Err(Unwritable::Binary { column: column() }),
    }
}
