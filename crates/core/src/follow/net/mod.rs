//! Net changes: the changes of whole transactions collapsed to at most one write of each row.
//!
//! Owns the algorithm (design §7). What it gives for a relation are deletes, updates and inserts such
//! that writing them set by set, in that order, leaves the table as applying every change in turn would.
//! Deletes and updates name rows by the key that they had before the batch, and no update changes a key. Without a key
//! they name rows by all that they held before the batch, once for each of several equal ones.
//! What cannot be given in this form is declared serial, for its whole relation, and never guessed at.
//!
//! Values are borrowed from the changes: the batch stays whole for the serial path.
//!
//! Relations are independent of each other: no foreign key and no user trigger fires while we apply.

mod image;
mod rows;
mod table;

use std::collections::{HashMap, HashSet};

use transhume_wire::pgoutput::Relation;

pub use self::rows::{Rows, SetChanges, UpdateRows};
use self::{image::ImageTable, table::NetTable};
use crate::follow::change::Change;

/// What netting must know of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Columns in the stream.
    pub width: usize,
    /// Indexes of the columns whose values find one row, ascending. Empty: rows are found by all that they hold.
    pub key: Vec<usize>,
}

/// The shapes of the relations of a batch, by relation id.
pub type Shapes = HashMap<u32, Shape>;

impl Shape {
    /// The key that the stream itself identifies rows by. With replica identity full there is none;
    /// the caller may give the table's primary key instead.
    pub fn of(relation: &Relation) -> Self {
        let keyed = matches!(relation.replica_identity, b'd' | b'i');
        let columns = relation.columns.iter().enumerate();
        Self {
            width: relation.columns.len(),
            key: columns
                .filter(|(_, column)| keyed && column.is_key)
                .map(|(index, _)| index)
                .collect(),
        }
    }
}

/// Why a relation's changes must be applied one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SerialReason {
    Truncate,
    /// No key, and a change that does not say all that the row held.
    NoKey,
    /// A row got another key and keeps a value that the stream did not send.
    KeyChangeWithUnchangedValue,
    /// The history does not fit together (two rows with one key, a change of a row that is gone):
    /// applied in turn, it shows where.
    Inconsistent,
    /// The relation is not known or an image has not its width.
    UnknownShape,
}

/// The net changes of one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Net<'a> {
    Set(SetChanges<'a>),
    Serial(SerialReason),
}

/// The net changes of a batch: each relation it touches, in the order of first touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetBatch<'a> {
    pub relations: Vec<(u32, Net<'a>)>,
}

impl NetBatch<'_> {
    /// Relations whose changes must be applied one by one.
    pub fn serial_relations(&self) -> HashSet<u32> {
        let serial = |(id, net): &(u32, Net<'_>)| matches!(net, Net::Serial(_)).then_some(*id);
        self.relations.iter().filter_map(serial).collect()
    }

    /// What the serial path must apply, in order. A truncation's relations are all serial.
    pub fn serial<'c>(&self, changes: &'c [Change]) -> impl Iterator<Item = &'c Change> + use<'c> {
        let serial = self.serial_relations();
        let touches = move |change: &&Change| change.relations().iter().any(|id| serial.contains(id));
        changes.iter().filter(touches)
    }
}

/// Collapses the changes of whole transactions, in commit order. Within the batch each relation must
/// keep one shape, and no two may be written to the same table.
pub fn collapse<'a>(shapes: &'a Shapes, changes: &'a [Change]) -> NetBatch<'a> {
    let mut collapse = Collapse {
        shapes,
        places: HashMap::new(),
        tables: Vec::new(),
        latest: None,
    };
    for change in changes {
        for relation in change.relations() {
            collapse.push(*relation, change);
        }
    }
    let tables = collapse.tables.into_iter();
    NetBatch {
        relations: tables
            .map(|(relation, table)| {
                let net = match table.and_then(NettedRows::finish) {
                    Ok(set) => Net::Set(set),
                    Err(reason) => Net::Serial(reason),
                };
                (relation, net)
            })
            .collect(),
    }
}

/// The rows of a relation, told apart by their key or by all that they hold.
enum NettedRows<'a> {
    ByKey(NetTable<'a>),
    ByImage(ImageTable<'a>),
}

impl<'a> NettedRows<'a> {
    fn new(shape: &'a Shape) -> Self {
        if shape.key.is_empty() {
            Self::ByImage(ImageTable::new(shape.width))
        } else {
            Self::ByKey(NetTable::new(shape))
        }
    }

    fn push(&mut self, change: &'a Change) -> Result<(), SerialReason> {
        match self {
            Self::ByKey(table) => table.push(change),
            Self::ByImage(table) => table.push(change),
        }
    }

    fn finish(self) -> Result<SetChanges<'a>, SerialReason> {
        match self {
            Self::ByKey(table) => table.finish(),
            Self::ByImage(table) => Ok(table.finish()),
        }
    }
}

struct Collapse<'a> {
    shapes: &'a Shapes,
    places: HashMap<u32, usize>,
    tables: Vec<(u32, Result<NettedRows<'a>, SerialReason>)>,
    /// Relation and place of the change before: most changes come in runs.
    latest: Option<(u32, usize)>,
}

impl<'a> Collapse<'a> {
    fn push(&mut self, relation: u32, change: &'a Change) {
        let place = match self.latest {
            Some((latest, place)) if latest == relation => place,
            _ => self.place(relation),
        };
        self.latest = Some((relation, place));
        let table = &mut self.tables[place].1;
        let pushed = match table {
            Ok(table) => table.push(change),
            Err(_) => return,
        };
        if let Err(reason) = pushed {
            *table = Err(reason);
        }
    }

    fn place(&mut self, relation: u32) -> usize {
        let next = self.tables.len();
        let place = *self.places.entry(relation).or_insert(next);
        if place == next {
            let shape = self.shapes.get(&relation);
            let table = shape.map(NettedRows::new).ok_or(SerialReason::UnknownShape);
            self.tables.push((relation, table));
        }
        place
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
