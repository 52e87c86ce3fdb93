//! The exact filter of a table whose key ranges were read under snapshots of their own (decision 0018).
//!
//! Each range is to the filter a table of its own: a change is skipped exactly when the snapshot of the range that its key lies
//! in shows its transaction. An update that moves a row from one range to another deletes it in the one and inserts it in the
//! other; where only one of the two snapshots shows that, only the other half is left.
//!
//! Refuses what it cannot place exactly ([`Undecided`]), never guesses: a key that the stream does not tell, a moved row whose
//! values were not all sent, a TRUNCATE. Invariant: ranges touch, do not overlap, and are open at both ends.

use transhume_wire::pgoutput::{ColumnValue, Relation, Tuple};

use super::{
    change::{Change, RowIdentity},
    visibility::Snapshot,
};

/// Types whose text is a decimal number and whose order on the server is that of numbers: int2, int4, int8.
const INTEGER_TYPES: [u32; 3] = [21, 23, 20];

/// How a table was read, range by range of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRanges {
    /// The integer column that is cut, never NULL.
    column: String,
    /// Those that ranges were read under, each once.
    snapshots: Vec<Option<Snapshot>>,
    /// First key of each range, ascending, and its snapshot by index; the first range has no first key.
    ranges: Vec<(i64, usize)>,
}

/// Rows with keys from `from` on, up to the next range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRange {
    /// None: from the smallest key on.
    pub from: Option<i64>,
    /// None where nothing of the stream is visible in it: the slot's own snapshot.
    pub snapshot: Option<Snapshot>,
}

/// Ranges that leave keys out or overlap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key ranges of a table do not touch each other")]
pub struct NotRanges;

/// How much of a table was read when a transaction was visible already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasRead {
    All,
    Nothing,
    /// Some ranges and others not: the key decides.
    SomeRanges,
}

/// Why a change of a table that was read in ranges cannot be placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    #[error("a change does not tell the value of {column}, whose ranges were read at different times")]
    KeyNotSent { column: String },
    #[error("a row was given another key, and the value of its column {column} was not sent with it")]
    ValueNotSent { column: String },
    #[error("it was truncated between the times at which ranges of its key were read")]
    Truncated,
}

impl ReadRanges {
    /// Of ranges in the order of their keys.
    pub fn new(column: String, read: impl IntoIterator<Item = ReadRange>) -> Result<Self, NotRanges> {
        let (mut snapshots, mut ranges): (Vec<Option<Snapshot>>, Vec<(i64, usize)>) =
            (Vec::new(), Vec::new());
        let mut before = None;
        for range in read {
            let from = match (range.from, before) {
                (None, None) => i64::MIN,
                (Some(from), Some(before)) if from > before => from,
                _ => return Err(NotRanges),
            };
            before = Some(from);
            let known = snapshots.iter().position(|known| *known == range.snapshot);
            let index = known.unwrap_or_else(|| {
                snapshots.push(range.snapshot);
                snapshots.len() - 1
            });
            // Neighbours that were read together are one.
            if ranges.last().is_none_or(|(_, before)| *before != index) {
                ranges.push((from, index));
            }
        }
        if ranges.is_empty() {
            return Err(NotRanges);
        }
        Ok(Self {
            column,
            snapshots,
            ranges,
        })
    }

    pub fn has_read(&self, xid: u32) -> HasRead {
        let seen = self
            .snapshots
            .iter()
            .filter(|snapshot| sees(snapshot.as_ref(), xid))
            .count();
        match seen {
            0 => HasRead::Nothing,
            all if all == self.snapshots.len() => HasRead::All,
            _ => HasRead::SomeRanges,
        }
    }

    /// What is left of a change for the ranges that were read before it; none where all that it touches have it.
    pub fn unread(
        &self,
        relation: &Relation,
        xid: u32,
        change: Change,
    ) -> Result<Option<Change>, (Undecided, Change)> {
        match self.halves(relation, xid, &change) {
            Ok((true, true)) => Ok(Some(change)),
            Ok((false, false)) => Ok(None),
            Ok((leaves, _)) => half(relation, leaves, change).map(Some),
            Err(undecided) => Err((undecided, change)),
        }
    }

    /// Whether the change is still to be made in the range that the row leaves, and in the one that it comes to.
    fn halves(&self, relation: &Relation, xid: u32, change: &Change) -> Result<(bool, bool), Undecided> {
        let index = self.index(relation)?;
        let is_unread = |value: Option<&ColumnValue>| Ok(!self.is_read(self.key(value)?, xid));
        match change {
            Change::Insert { new, .. } => is_unread(new.0.get(index)).map(|unread| (unread, unread)),
            Change::Delete { identity, .. } => {
                is_unread(value_of(identity, index)).map(|unread| (unread, unread))
            }
            Change::Update { identity, new, .. } => {
                let old = value_of(identity, index);
                let to = match new.0.get(index) {
                    Some(ColumnValue::Unchanged) => old,
                    sent => sent,
                };
                Ok((is_unread(old)?, is_unread(to)?))
            }
            Change::Truncate { .. } => Err(Undecided::Truncated),
        }
    }

    fn index(&self, relation: &Relation) -> Result<usize, Undecided> {
        let is_it = |column: &transhume_wire::pgoutput::RelationColumn| {
            column.name == self.column && INTEGER_TYPES.contains(&column.type_oid)
        };
        let index = relation.columns.iter().position(is_it);
        index.ok_or_else(|| self.not_sent())
    }

    fn key(&self, value: Option<&ColumnValue>) -> Result<i64, Undecided> {
        let number = match value {
            Some(ColumnValue::Text(text)) => {
                std::str::from_utf8(text).ok().and_then(|text| text.parse().ok())
            }
            _ => None,
        };
        number.ok_or_else(|| self.not_sent())
    }

    fn not_sent(&self) -> Undecided {
        Undecided::KeyNotSent {
            column: self.column.clone(),
        }
    }

    fn is_read(&self, key: i64, xid: u32) -> bool {
        let after = self.ranges.partition_point(|(from, _)| *from <= key);
        let range = self.ranges[..after].last();
        range.is_some_and(|(_, snapshot)| sees(self.snapshots[*snapshot].as_ref(), xid))
    }
}

fn sees(snapshot: Option<&Snapshot>, xid: u32) -> bool {
    snapshot.is_some_and(|snapshot| snapshot.sees(xid))
}

fn value_of(identity: &RowIdentity, index: usize) -> Option<&ColumnValue> {
    match identity {
        RowIdentity::Key(key) => key.iter().find(|(at, _)| *at == index).map(|(_, value)| value),
        RowIdentity::WholeRow(row) => row.0.get(index),
    }
}

/// Of an update that moves a row, the deletion (`leaves`) or the insertion.
fn half(relation: &Relation, leaves: bool, change: Change) -> Result<Change, (Undecided, Change)> {
    let Change::Update {
        relation: id,
        identity,
        new,
    } = change
    else {
        unreachable!("invariant: only an update touches two ranges");
    };
    if leaves {
        return Ok(Change::Delete {
            relation: id,
            identity,
        });
    }
    match whole_row(relation, &identity, &new) {
        Ok(new) => Ok(Change::Insert { relation: id, new }),
        Err(undecided) => Err((
            undecided,
            Change::Update {
                relation: id,
                identity,
                new,
            },
        )),
    }
}

/// The new row with every value, those that the stream left out taken from the old one.
fn whole_row(relation: &Relation, identity: &RowIdentity, new: &Tuple) -> Result<Tuple, Undecided> {
    let value = |(index, value): (usize, &ColumnValue)| match value {
        ColumnValue::Unchanged => match value_of(identity, index) {
            Some(ColumnValue::Unchanged) | None => Err(Undecided::ValueNotSent {
                column: relation
                    .columns
                    .get(index)
                    .map_or_else(String::new, |column| column.name.clone()),
            }),
            Some(old) => Ok(old.clone()),
        },
        sent => Ok(sent.clone()),
    };
    new.0
        .iter()
        .enumerate()
        .map(value)
        .collect::<Result<_, _>>()
        .map(Tuple)
}

#[cfg(test)]
mod tests;
