//! The rows of a relation without a key as a batch changes them.
//!
//! Rows are known by all that they hold. Of rows that hold the same any one may be meant, as long as it is one: what
//! counts is how many there are of each. A change takes a row of the batch that holds what the change says if there is
//! one, and else one that existed before the batch; whichever it takes, as many of each are left.
//!
//! Invariant: values are compared as the bytes that the stream carries; a value that was not sent is the old row's.

use std::{collections::HashMap, rc::Rc};

use transhume_wire::pgoutput::{ColumnValue, Tuple};

use super::{Rows, SerialReason, SetChanges, UpdateRows};
use crate::follow::change::{Change, RowIdentity};

/// All that a row holds.
type Image<'a> = Rc<[&'a ColumnValue]>;

#[derive(Debug)]
struct ImageRow<'a> {
    /// What it held before the batch; none if the batch inserted it.
    base: Option<Image<'a>>,
    /// None once it is deleted.
    now: Option<Image<'a>>,
}

#[derive(Debug)]
pub(super) struct ImageTable<'a> {
    width: usize,
    rows: Vec<ImageRow<'a>>,
    /// Rows of the batch by what they hold now.
    holders: HashMap<Image<'a>, Vec<usize>>,
}

impl<'a> ImageTable<'a> {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            rows: Vec::new(),
            holders: HashMap::new(),
        }
    }

    pub(super) fn push(&mut self, change: &'a Change) -> Result<(), SerialReason> {
        match change {
            Change::Insert { new, .. } => {
                let now = self.whole(new)?;
                self.rows.push(ImageRow {
                    base: None,
                    now: None,
                });
                self.hold(self.rows.len() - 1, now);
            }
            Change::Update { identity, new, .. } => {
                let old = self.old(identity)?;
                let now = self.overlaid(&old, new)?;
                let row = self.take(old);
                self.hold(row, now);
            }
            Change::Delete { identity, .. } => {
                let old = self.old(identity)?;
                self.take(old);
            }
            Change::Truncate { .. } => return Err(SerialReason::Truncate),
        }
        Ok(())
    }

    fn hold(&mut self, row: usize, now: Image<'a>) {
        self.rows[row].now = Some(Rc::clone(&now));
        self.holders.entry(now).or_default().push(row);
    }

    /// A row that holds this holds nothing any more.
    fn take(&mut self, image: Image<'a>) -> usize {
        let row = self.holders.get_mut(&image).and_then(Vec::pop);
        let row = row.unwrap_or_else(|| {
            self.rows.push(ImageRow {
                base: Some(image),
                now: None,
            });
            self.rows.len() - 1
        });
        self.rows[row].now = None;
        row
    }

    fn old(&self, identity: &'a RowIdentity) -> Result<Image<'a>, SerialReason> {
        match identity {
            RowIdentity::WholeRow(row) => self.whole(row),
            RowIdentity::Key(_) => Err(SerialReason::NoKey),
        }
    }

    fn whole(&self, tuple: &'a Tuple) -> Result<Image<'a>, SerialReason> {
        self.fits(tuple)?;
        if tuple.0.contains(&ColumnValue::Unchanged) {
            return Err(SerialReason::Inconsistent);
        }
        Ok(tuple.0.iter().collect())
    }

    fn overlaid(&self, old: &Image<'a>, new: &'a Tuple) -> Result<Image<'a>, SerialReason> {
        self.fits(new)?;
        let values = old.iter().zip(&new.0).map(|(old, new)| match new {
            ColumnValue::Unchanged => *old,
            sent => sent,
        });
        Ok(values.collect())
    }

    fn fits(&self, image: &Tuple) -> Result<(), SerialReason> {
        if image.0.len() == self.width {
            Ok(())
        } else {
            Err(SerialReason::UnknownShape)
        }
    }

    /// One write of each row.
    pub(super) fn finish(self) -> SetChanges<'a> {
        let every: Vec<usize> = (0..self.width).collect();
        let mut set = SetChanges {
            deletes: Rows::new(every.clone()),
            updates: Vec::new(),
            inserts: Rows::new(every.clone()),
        };
        let mut groups: HashMap<Vec<usize>, usize> = HashMap::new();
        for row in &self.rows {
            match (&row.base, &row.now) {
                (None, None) => {}
                (None, Some(now)) => set.inserts.push(now.iter().copied()),
                (Some(base), None) => set.deletes.push(base.iter().copied()),
                (Some(base), Some(now)) => {
                    let written: Vec<usize> = (0..self.width)
                        .filter(|column| base[*column] != now[*column])
                        .collect();
                    let next = set.updates.len();
                    let place = *groups.entry(written.clone()).or_insert(next);
                    if place == next {
                        set.updates.push(UpdateRows {
                            keys: Rows::new(every.clone()),
                            values: Rows::new(written.clone()),
                        });
                    }
                    let group = &mut set.updates[place];
                    group.keys.push(base.iter().copied());
                    group.values.push(written.iter().map(|column| now[*column]));
                }
            }
        }
        set
    }
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
