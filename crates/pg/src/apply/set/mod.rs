//! Net changes as statements over whole sets of rows.
//!
//! Owns which statements a relation's net changes need, their texts, and the form in which values
//! travel: lists of integers or of text in PostgreSQL's binary array format, where no byte of a value
//! means anything to the format. Refuses sending: that is the writer's.
//!
//! Invariants: deletes, then updates, then inserts; each statement says how many rows it must report.
//!
//! Measured on PostgreSQL 15, time of a row: such lists and casts take as long as lists of the column's
//! own type in text format, with nothing to quote; a staging table filled by COPY takes longer for
//! updates of any size. COPY straight into the table takes 0.7–0.9 of the time for a thousand inserts
//! and more, but the driver loses step with the server when a COPY is refused at its start.

mod image;
mod list;
mod statement;

use bytes::Bytes;
use transhume_core::{
    apply_plan::{ColumnSet, Plan, RowIdentity},
    net::{Rows, SetChanges, UpdateRows},
};

pub(super) use self::{list::ListParameter, statement::text};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SetOperation {
    Delete,
    Update,
    /// Nothing to set, but the rows must be there.
    Find,
    Insert,
}

/// All that decides a statement's text, given the plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SetShape {
    pub(super) operation: SetOperation,
    pub(super) written: ColumnSet,
    /// Rows are found by all that they held, these columns being null; none where a key finds them.
    pub(super) nulls: Option<ColumnSet>,
}

/// One statement with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SetWrite {
    pub(super) shape: SetShape,
    pub(super) rows: usize,
    /// One list for each key column (without a key: see [`image`]), then one for each written column.
    pub(super) values: Vec<Bytes>,
}

/// The statements for a relation's net changes, in order; none where they must be written one by one.
pub(super) fn writes(plan: &Plan, changes: &SetChanges<'_>) -> Option<Vec<SetWrite>> {
    if changes
        .updates
        .iter()
        .any(|group| !plan.can_set(&group.values.columns))
    {
        return None;
    }
    if plan.identity == RowIdentity::Image {
        // Rows of several partitions have the same places; those are found one by one.
        let only_inserts = changes.len() == changes.inserts.len();
        match plan.is_partitioned {
            false => return image::writes(plan, changes),
            true if only_inserts => {}
            true => return None,
        }
    }
    let mut writes = Vec::new();
    if !changes.deletes.is_empty() {
        let mut values = Vec::new();
        lists(plan, &changes.deletes, &mut values)?;
        writes.push(write(SetOperation::Delete, &[], changes.deletes.len(), values));
    }
    for group in &changes.updates {
        writes.push(update(plan, group)?);
    }
    if !changes.inserts.is_empty() {
        writes.push(insert(plan, &changes.inserts)?);
    }
    Some(writes)
}

fn update(plan: &Plan, group: &UpdateRows<'_>) -> Option<SetWrite> {
    let mut values = Vec::new();
    lists(plan, &group.keys, &mut values)?;
    lists(plan, &group.values, &mut values)?;
    let operation = if group.values.columns.is_empty() {
        SetOperation::Find
    } else {
        SetOperation::Update
    };
    Some(write(operation, &group.values.columns, group.keys.len(), values))
}

fn insert(plan: &Plan, rows: &Rows<'_>) -> Option<SetWrite> {
    let mut values = Vec::new();
    lists(plan, rows, &mut values)?;
    Some(write(SetOperation::Insert, &rows.columns, rows.len(), values))
}

fn lists(plan: &Plan, rows: &Rows<'_>, into: &mut Vec<Bytes>) -> Option<()> {
    for (place, column) in rows.columns.iter().enumerate() {
        let form = &plan.columns[*column].list_form;
        into.push(list::encode(form, rows.len(), rows.column(place))?);
    }
    Some(())
}

fn write(operation: SetOperation, written: &[usize], rows: usize, values: Vec<Bytes>) -> SetWrite {
    SetWrite {
        shape: SetShape {
            operation,
            written: written.iter().copied().collect(),
            nulls: None,
        },
        rows,
        values,
    }
}
