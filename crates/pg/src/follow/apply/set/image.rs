//! Sets of rows that are found by all that they held.
//!
//! The server looks for every image once, numbers the rows that hold it, and each change takes the row of its
//! own number: of equal rows as many are changed as the source changed, and no more.
//!
//! Values: one list for each column that is not null in the images; then for each change the number of its image
//! and which of the equal rows it takes, both from 1 on; then the written columns.

use std::collections::HashMap;

use bytes::Bytes;
use transhume_core::follow::{
    net::{Rows, SetChanges},
    row::{ColumnSet, ListForm, RowPlan, TargetColumn},
};
use transhume_wire::{binary::BinaryType, ident::quote_identifier, pgoutput::ColumnValue};

use super::{
    SetOperation, SetShape, SetWrite, insert, list,
    statement::{Given, join},
};
use crate::{follow::apply::session::IN_BATCH, load::null_test};

/// Fewer are as quickly found one by one: looking for one row stops where it is found. New rows are not looked for.
const FEWEST: usize = 3;
/// Numbers of images and of equal rows.
const NUMBER: ListForm = ListForm::Binary(BinaryType::Int4);

/// The statements for a relation's net changes, in order; none where they are better written one by one.
pub(super) fn writes(plan: &RowPlan, changes: &SetChanges<'_>, worth_a_copy: usize) -> Option<Vec<SetWrite>> {
    let sought = changes.len() - changes.inserts.len();
    if (1..FEWEST).contains(&sought) {
        return None;
    }
    let mut writes = Vec::new();
    for (nulls, places) in by_nulls(&changes.deletes) {
        let images = Images::new(&changes.deletes, &places);
        writes.push(images.write(plan, SetOperation::Delete, nulls, None)?);
    }
    for group in &changes.updates {
        let operation = if group.values.columns.is_empty() {
            SetOperation::Find
        } else {
            SetOperation::Update
        };
        for (nulls, places) in by_nulls(&group.keys) {
            let images = Images::new(&group.keys, &places);
            writes.push(images.write(plan, operation, nulls, Some(&group.values))?);
        }
    }
    if !changes.inserts.is_empty() {
        writes.push(insert(plan, &changes.inserts, worth_a_copy)?);
    }
    Some(writes)
}

/// Places of rows that have nulls in the same columns.
fn by_nulls(images: &Rows<'_>) -> Vec<(ColumnSet, Vec<usize>)> {
    let mut groups: Vec<(ColumnSet, Vec<usize>)> = Vec::new();
    let mut known: HashMap<ColumnSet, usize> = HashMap::new();
    for (place, image) in images.iter().enumerate() {
        let values = image.iter().enumerate();
        let nulls: ColumnSet = values
            .filter(|(_, value)| **value == &ColumnValue::Null)
            .map(|(column, _)| column)
            .collect();
        let group = *known.entry(nulls.clone()).or_insert_with(|| {
            groups.push((nulls, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(place);
    }
    groups
}

/// Images of changes, each once.
struct Images<'a> {
    rows: &'a Rows<'a>,
    places: &'a [usize],
    /// Where each image stands first.
    distinct: Vec<usize>,
    /// Of each change: the number of its image, and how many had that one up to here.
    numbers: Vec<i32>,
    copies: Vec<i32>,
}

impl<'a> Images<'a> {
    fn new(rows: &'a Rows<'a>, places: &'a [usize]) -> Self {
        let mut images = Self {
            rows,
            places,
            distinct: Vec::new(),
            numbers: Vec::with_capacity(places.len()),
            copies: Vec::with_capacity(places.len()),
        };
        let mut known: HashMap<&[&ColumnValue], (i32, i32)> = HashMap::with_capacity(places.len());
        let mut number = 0;
        for place in places {
            let (image, copy) = known.entry(rows.row(*place)).or_insert_with(|| {
                number += 1;
                images.distinct.push(*place);
                (number, 0)
            });
            *copy += 1;
            images.numbers.push(*image);
            images.copies.push(*copy);
        }
        images
    }

    fn write(
        &self,
        plan: &RowPlan,
        operation: SetOperation,
        nulls: ColumnSet,
        written: Option<&Rows<'_>>,
    ) -> Option<SetWrite> {
        let mut lists: Vec<Bytes> = Vec::new();
        for (index, column) in plan.columns.iter().enumerate() {
            if !nulls.contains(index) {
                let held = self.distinct.iter().map(|place| self.rows.row(*place)[index]);
                lists.push(list::encode(&compared_as(column), self.distinct.len(), held)?);
            }
        }
        lists.push(list::numbers(&self.numbers)?);
        lists.push(list::numbers(&self.copies)?);
        let columns = written.map_or(&[][..], |rows| &rows.columns);
        if let Some(rows) = written {
            for (at, column) in columns.iter().enumerate() {
                let values = self.places.iter().map(|place| rows.row(*place)[at]);
                let form = &plan.columns[*column].list_form;
                lists.push(list::encode(form, self.places.len(), values)?);
            }
        }
        Some(SetWrite {
            shape: SetShape {
                operation,
                written: columns.iter().copied().collect(),
                nulls: Some(nulls),
                is_counted: false,
            },
            rows: self.places.len(),
            values: lists,
        })
    }
}

/// By the type's own equality, or as text where that says less.
fn compared_as(column: &TargetColumn) -> ListForm {
    if column.image_equality {
        column.list_form.clone()
    } else {
        ListForm::Text {
            base_type: "pg_catalog.text".to_owned(),
        }
    }
}

/// The statement that writes all rows of this shape.
pub(super) fn text(plan: &RowPlan, shape: &SetShape, nulls: &ColumnSet) -> String {
    let table = &plan.table;
    let mut image = Given::new("image", 0);
    let found = found(plan, nulls, &mut image);
    let mut change = Given::new("change", image.count());
    let (number, copy) = (change.next(&NUMBER), change.next(&NUMBER));
    let assignments = join(&shape.written, |index| {
        let column = &plan.columns[index];
        let value = change.next(&column.list_form);
        format!("{} = {value}", quote_identifier(&column.name))
    });
    // A full join in a query of its own is one that no plan makes row by row, whatever it expects to find.
    let pairs = format!(
        "(select found.place, change.* from {found} full join {} on found.number operator(pg_catalog.=) {number} \
         and found.copy operator(pg_catalog.=) {copy} offset 0) as change",
        change.rows()
    );
    let of_change =
        format!("stored.ctid operator(pg_catalog.=) change.place and {number} is not null and {IN_BATCH}");
    match shape.operation {
        SetOperation::Delete => {
            format!("delete from only {table} as stored using {pairs} where {of_change}")
        }
        SetOperation::Update => {
            format!("update only {table} as stored set {assignments} from {pairs} where {of_change}")
        }
        SetOperation::Find | SetOperation::Insert | SetOperation::Copy => {
            format!("select 1 from {pairs} where change.place is not null and {number} is not null")
        }
    }
}

/// The place of every row that holds an image, with the image's number and its own among those that hold it too.
fn found(plan: &RowPlan, nulls: &ColumnSet, image: &mut Given) -> String {
    let columns = plan.columns.iter().enumerate();
    let conditions: Vec<String> = columns
        .map(|(index, column)| condition(column, nulls.contains(index), image))
        .collect();
    format!(
        "(select stored.ctid as place, image.number, \
         pg_catalog.row_number() over (partition by image.number) as copy \
         from only {} as stored, {} where {}) as found",
        plan.table,
        image.numbered_rows(),
        conditions.join(" and ")
    )
}

fn condition(column: &TargetColumn, is_null: bool, image: &mut Given) -> String {
    let stored = format!("stored.{}", quote_identifier(&column.name));
    if is_null {
        return null_test::is_null(&stored);
    }
    let value = image.next(&compared_as(column));
    if column.image_equality {
        return format!("{stored} operator(pg_catalog.=) {value}");
    }
    // As for single rows: concat() calls the type's output function, which is what the stream carries.
    let is_value = null_test::is_value(&stored);
    format!(
        "{is_value} and pg_catalog.concat({stored}) collate pg_catalog.\"C\" \
         operator(pg_catalog.=) {value}"
    )
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
