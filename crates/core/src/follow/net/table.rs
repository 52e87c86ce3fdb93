//! The rows of one relation with a key as a batch changes them.
//!
//! Follows rows, not keys: a row keeps its identity while its key changes, and a key may be held by
//! several rows in turn. A row met first by an update or delete existed before the batch; one met first
//! by an insert did not. Values are overlaid, latest last; what no change sent stays open.

use std::collections::HashMap;

use transhume_wire::pgoutput::{ColumnValue, Tuple};

use super::{Rows, SerialReason, SetChanges, Shape, UpdateRows};
use crate::follow::change::{Change, RowIdentity};

/// Key columns that a [`Key`] holds without an allocation: real keys rarely have more.
const INLINE_KEY_COLUMNS: usize = 4;

/// The bytes of a key. All keys of a relation have as many columns, so the unused places of `Few`
/// distinguish nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key<'a> {
    One(&'a [u8]),
    Few([&'a [u8]; INLINE_KEY_COLUMNS]),
    Many(Vec<&'a [u8]>),
}

/// Who holds a key now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Row(usize),
    /// The row that held it was deleted or got another key.
    Nobody,
}

#[derive(Debug)]
struct NetRow<'a> {
    /// The key before the batch; none if the batch inserted the row.
    base: Option<Key<'a>>,
    alive: bool,
}

#[derive(Debug)]
pub(super) struct NetTable<'a> {
    shape: &'a Shape,
    holders: HashMap<Key<'a>, Holder>,
    rows: Vec<NetRow<'a>>,
    /// The value of each column of each row, `shape.width` to a row. Key values are always there, others
    /// once a change has sent them.
    values: Vec<Option<&'a ColumnValue>>,
    /// Keys of `base`, in values: they may have been overlaid by a later key.
    base_keys: Vec<&'a ColumnValue>,
}

impl<'a> NetTable<'a> {
    pub(super) fn new(shape: &'a Shape) -> Self {
        Self {
            shape,
            holders: HashMap::new(),
            rows: Vec::new(),
            values: Vec::new(),
            base_keys: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, change: &'a Change) -> Result<(), SerialReason> {
        match change {
            Change::Insert { new, .. } => self.insert(new),
            Change::Update { identity, new, .. } => self.update(identity, new),
            Change::Delete { identity, .. } => self.delete(identity),
            Change::Truncate { .. } => Err(SerialReason::Truncate),
        }
    }

    fn insert(&mut self, new: &'a Tuple) -> Result<(), SerialReason> {
        self.fits(new)?;
        if new.0.contains(&ColumnValue::Unchanged) {
            return Err(SerialReason::Inconsistent);
        }
        let row = self.rows.len();
        self.values.extend(new.0.iter().map(Some));
        self.rows.push(NetRow {
            base: None,
            alive: true,
        });
        self.base_keys
            .extend(self.shape.key.iter().map(|column| &new.0[*column]));
        let key = self.key(row)?;
        self.occupy(key, row)
    }

    fn update(&mut self, identity: &'a RowIdentity, new: &'a Tuple) -> Result<(), SerialReason> {
        self.fits(new)?;
        let (old_key, row) = self.find(identity)?;
        let width = self.shape.width;
        let values = &mut self.values[row * width..(row + 1) * width];
        for (value, sent) in values.iter_mut().zip(&new.0) {
            if *sent != ColumnValue::Unchanged {
                *value = Some(sent);
            }
        }
        let key = self.key(row)?;
        if key == old_key {
            return Ok(());
        }
        self.holders.insert(old_key, Holder::Nobody);
        self.occupy(key, row)
    }

    fn delete(&mut self, identity: &'a RowIdentity) -> Result<(), SerialReason> {
        let (key, row) = self.find(identity)?;
        self.holders.insert(key, Holder::Nobody);
        self.rows[row].alive = false;
        Ok(())
    }

    fn occupy(&mut self, key: Key<'a>, row: usize) -> Result<(), SerialReason> {
        match self.holders.insert(key, Holder::Row(row)) {
            Some(Holder::Row(_)) => Err(SerialReason::Inconsistent),
            Some(Holder::Nobody) | None => Ok(()),
        }
    }

    /// The row that a change means, with its key; a row not met so far existed before the batch.
    fn find(&mut self, identity: &'a RowIdentity) -> Result<(Key<'a>, usize), SerialReason> {
        let shape = self.shape;
        let old = |place: usize| match identity {
            RowIdentity::Key(key) => key
                .get(place)
                .filter(|(column, _)| *column == shape.key[place])
                .map(|(_, value)| value),
            RowIdentity::WholeRow(row) => row.0.get(shape.key[place]),
        };
        let key = key_of(shape, old).ok_or(SerialReason::Inconsistent)?;
        match self.holders.get(&key) {
            Some(Holder::Row(row)) => return Ok((key, *row)),
            Some(Holder::Nobody) => return Err(SerialReason::Inconsistent),
            None => {}
        }
        let row = self.rows.len();
        self.values.resize(self.values.len() + shape.width, None);
        for (place, column) in shape.key.iter().enumerate() {
            let value = old(place).expect("invariant: key_of has read it");
            self.values[row * shape.width + column] = Some(value);
            self.base_keys.push(value);
        }
        self.rows.push(NetRow {
            base: Some(key.clone()),
            alive: true,
        });
        self.holders.insert(key.clone(), Holder::Row(row));
        Ok((key, row))
    }

    fn key(&self, row: usize) -> Result<Key<'a>, SerialReason> {
        let values = self.row(row);
        key_of(self.shape, |place| values[self.shape.key[place]]).ok_or(SerialReason::Inconsistent)
    }

    fn row(&self, row: usize) -> &[Option<&'a ColumnValue>] {
        let width = self.shape.width;
        &self.values[row * width..(row + 1) * width]
    }

    fn fits(&self, image: &Tuple) -> Result<(), SerialReason> {
        if image.0.len() == self.shape.width {
            Ok(())
        } else {
            Err(SerialReason::UnknownShape)
        }
    }

    /// One write of each row.
    pub(super) fn finish(self) -> Result<SetChanges<'a>, SerialReason> {
        let shape = self.shape;
        let mut set = SetChanges {
            deletes: Rows::new(shape.key.clone()),
            updates: Vec::new(),
            inserts: Rows::new((0..shape.width).collect()),
        };
        let mut groups = UpdateGroups::default();
        for (index, row) in self.rows.iter().enumerate() {
            let values = self.row(index);
            let places = shape.key.len();
            let base_key = &self.base_keys[index * places..(index + 1) * places];
            match &row.base {
                None if row.alive => whole(values, &mut set.inserts)?,
                None => {}
                Some(_) if !row.alive => set.deletes.push(base_key.iter().copied()),
                Some(base) if self.key(index)? == *base => {
                    groups.push(shape, base_key, values, &mut set.updates);
                }
                Some(_) => {
                    set.deletes.push(base_key.iter().copied());
                    whole(values, &mut set.inserts)?;
                }
            }
        }
        Ok(set)
    }
}

/// A key's bytes; `None` where a value is missing, null or unchanged.
fn key_of<'a>(shape: &Shape, value: impl Fn(usize) -> Option<&'a ColumnValue>) -> Option<Key<'a>> {
    let bytes = |place| match value(place)? {
        ColumnValue::Text(bytes) | ColumnValue::Binary(bytes) => Some(bytes.as_ref()),
        ColumnValue::Null | ColumnValue::Unchanged => None,
    };
    match shape.key.len() {
        1 => bytes(0).map(Key::One),
        count @ ..=INLINE_KEY_COLUMNS => {
            let mut few = [&[][..]; INLINE_KEY_COLUMNS];
            for (place, slot) in few.iter_mut().enumerate().take(count) {
                *slot = bytes(place)?;
            }
            Some(Key::Few(few))
        }
        count => (0..count).map(bytes).collect::<Option<_>>().map(Key::Many),
    }
}

fn whole<'a>(values: &[Option<&'a ColumnValue>], rows: &mut Rows<'a>) -> Result<(), SerialReason> {
    if values.iter().any(Option::is_none) {
        return Err(SerialReason::KeyChangeWithUnchangedValue);
    }
    rows.push(values.iter().copied().flatten());
    Ok(())
}

/// Finds the group of updates that set the same columns.
#[derive(Default)]
struct UpdateGroups {
    places: HashMap<Vec<usize>, usize>,
    /// Columns of the row at hand, kept for its allocation.
    columns: Vec<usize>,
}

impl UpdateGroups {
    fn push<'a>(
        &mut self,
        shape: &Shape,
        key: &[&'a ColumnValue],
        values: &[Option<&'a ColumnValue>],
        updates: &mut Vec<UpdateRows<'a>>,
    ) {
        self.columns.clear();
        let sent = values.iter().enumerate().filter(|(_, value)| value.is_some());
        self.columns.extend(
            sent.map(|(column, _)| column)
                .filter(|column| !shape.key.contains(column)),
        );
        let place = match self.places.get(&self.columns) {
            Some(place) => *place,
            None => {
                updates.push(UpdateRows {
                    keys: Rows::new(shape.key.clone()),
                    values: Rows::new(self.columns.clone()),
                });
                self.places.insert(self.columns.clone(), updates.len() - 1);
                updates.len() - 1
            }
        };
        let group = &mut updates[place];
        group.keys.push(key.iter().copied());
        group
            .values
            .push(self.columns.iter().filter_map(|column| values[*column]));
    }
}
