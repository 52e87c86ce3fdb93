//! Rows of net changes, ready to be written by one statement each set.

use transhume_wire::pgoutput::ColumnValue;

/// Rows of equal columns, one after the other in one allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows<'a> {
    /// Indexes of the columns in the relation, ascending.
    pub columns: Vec<usize>,
    count: usize,
    values: Vec<&'a ColumnValue>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(columns: Vec<usize>) -> Self {
        Self {
            columns,
            count: 0,
            values: Vec::new(),
        }
    }

    /// Takes one value for each column.
    pub(super) fn push(&mut self, row: impl Iterator<Item = &'a ColumnValue>) {
        self.values.extend(row);
        self.count += 1;
        debug_assert_eq!(self.values.len(), self.count * self.columns.len());
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Values of the `index`th row, in the order of `columns`.
    pub fn row(&self, index: usize) -> &[&'a ColumnValue] {
        let width = self.columns.len();
        &self.values[index * width..(index + 1) * width]
    }

    /// Each row's values, in the order of `columns`.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[&'a ColumnValue]> {
        (0..self.count).map(|index| self.row(index))
    }

    /// One column's value in each row; `place` counts within `columns`.
    pub fn column(&self, place: usize) -> impl Iterator<Item = &'a ColumnValue> {
        self.values
            .iter()
            .copied()
            .skip(place)
            .step_by(self.columns.len())
            .take(self.count)
    }
}

/// Updates that set the same columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRows<'a> {
    /// Key of each row; its columns are the key's, or all where there is none.
    pub keys: Rows<'a>,
    /// Values to set, row by row with `keys`. Without columns there is nothing to write, but each row
    /// must exist.
    pub values: Rows<'a>,
}

/// Net changes of one relation; to be written in the order deletes, updates, inserts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetChanges<'a> {
    /// Keys of rows to delete; whole rows where there is no key.
    pub deletes: Rows<'a>,
    pub updates: Vec<UpdateRows<'a>>,
    /// Whole rows to insert.
    pub inserts: Rows<'a>,
}

impl SetChanges<'_> {
    /// Rows that the statements must report.
    pub fn len(&self) -> usize {
        let updates = self.updates.iter().map(|group| group.keys.len());
        self.deletes.len() + updates.sum::<usize>() + self.inserts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
