//! What is handed to the writer in one piece, and the gathering of it.
//!
//! A batch is one portion, or several when a source transaction is larger than memory should hold or a
//! relation gets another shape on the way. Nothing here talks to a server, so that portions are
//! gathered while the writer is busy with those before.
//!
//! Invariants: the changes of a portion all have the shapes that are announced with it or before it, and no
//! two of its relations have one name; what is announced again, however equal, is not mixed with what came before, since
//! the same names may mean other columns; changes that a table's load has read already are left out.

use std::{
    collections::{HashMap, HashSet},
    hash::BuildHasher,
    sync::Arc,
};

use transhume_wire::{ident::QualifiedName, lsn::Lsn, pgoutput::Relation};

use super::{
    anchor::Anchor,
    change::Change,
    identity::Former,
    portion_buffer::PortionBuffer,
    read_ranges::{HasRead, ReadRanges, Undecided},
    visibility::Snapshot,
};
use crate::guard::schema::AnnouncedSchema;
use crate::verify::rows::changed::Marks;

/// The source transaction that a change belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    pub commit_lsn: Lsn,
    pub xid: u32,
}

/// A table of the migration as its full load left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedTable {
    pub name: QualifiedName,
    /// The target's table that has its rows; none where that is not known or the table is gone.
    pub target_oid: Option<u32>,
    /// None where nothing of the stream is visible in it: the slot's own snapshot.
    pub snapshot: Option<Snapshot>,
    /// Where ranges of its key were read under other snapshots than that.
    pub ranges: Option<ReadRanges>,
    pub is_complete: bool,
    /// Nothing is written to it until it is loaded anew.
    pub is_suspended: bool,
    /// What the source's table was when its rows were read, and which columns of the target have them.
    pub former: Option<Former>,
    /// It is a partition of this tree, which is moved as a whole: all else is said of the tree.
    pub tree: Option<u32>,
}

/// One move of the frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advance {
    pub before: Lsn,
    pub after: Lsn,
    /// Microseconds since 2000-01-01 00:00 UTC; none when only idle WAL was passed.
    pub commit_time_micros: Option<i64>,
    /// None: the former one stays.
    pub anchor: Option<Anchor>,
    pub transactions: i64,
    pub changes: i64,
}

/// How a batch ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchEnd {
    pub advance: Advance,
    /// Tables to be marked as changed: OIDs on the source, and the batch's last commit LSN.
    pub changed: (Vec<u32>, Lsn),
    /// Nonces of markers with their LSN: whoever waits for one is told once this commits.
    pub markers: Vec<(String, Lsn)>,
    /// COMMIT waits until it is on disk, wherever the target's settings say that it must be.
    pub is_synchronous: bool,
}

#[derive(Debug, Default)]
pub struct Portion {
    pub buffer: PortionBuffer,
    /// Relations that were announced, for the first time or again: what they are is to be asked.
    pub announced: Vec<Arc<Relation>>,
    /// Relations that something is written to.
    pub relations: HashSet<u32>,
    /// A relation of which it holds a change that cannot be written: some of its key ranges were read before it, some after.
    pub undecided: Option<(u32, Undecided)>,
    /// What a statement behind these changes has left of the schema; more of the batch is to come then.
    pub announced_schema: Option<Box<AnnouncedSchema>>,
    /// None: more of the batch is to come.
    pub end: Option<BatchEnd>,
}

impl Portion {
    /// None while more of its batch is to come.
    pub fn end(&self) -> Option<&BatchEnd> {
        self.end.as_ref()
    }
}

pub struct Gatherer {
    loaded: Arc<HashMap<u32, LoadedTable>>,
    /// Every relation as last announced.
    announced: HashMap<u32, Arc<Relation>>,
    portion: Portion,
    marks: Marks,
    /// Relation and transaction of the latest change that was taken: most changes come in runs.
    latest: Option<(u32, u32)>,
}

impl Gatherer {
    pub fn new(loaded: Arc<HashMap<u32, LoadedTable>>) -> Self {
        Self {
            loaded,
            announced: HashMap::new(),
            portion: Portion::default(),
            marks: Marks::default(),
            latest: None,
        }
    }

    /// A relation was announced; changes from here on use it. What was gathered under its former announcement
    /// must be handed on by itself.
    pub fn announce(&mut self, relation: Arc<Relation>) -> Option<Portion> {
        let before = self.announced.get(&relation.id);
        let is_apart = match before {
            Some(before) if **before == *relation => !self.portion.relations.contains(&relation.id),
            Some(_) => false,
            None => !self.announced.values().any(|other| other.name == relation.name),
        };
        let earlier = (!is_apart && !self.portion.buffer.is_empty()).then(|| self.take(None));
        self.latest = None;
        self.announced.insert(relation.id, Arc::clone(&relation));
        self.portion.announced.push(relation);
        earlier
    }

    /// The relation that was announced under this name.
    pub fn announced_as(&self, table: &QualifiedName) -> Option<&Arc<Relation>> {
        self.announced.values().find(|relation| relation.name == *table)
    }

    /// Takes one change to be written; false when the load of every table that it touches has it already.
    pub fn change(&mut self, origin: Origin, change: Change) -> bool {
        let relations = change.relations();
        if self
            .latest
            .is_none_or(|latest| *relations != [latest.0] || latest.1 != origin.xid)
        {
            let (mut concerns_us, mut in_ranges) = (false, None);
            for relation in relations {
                match has_read(&self.loaded, *relation, origin.xid) {
                    HasRead::All => {}
                    HasRead::Nothing => {
                        self.portion.relations.insert(*relation);
                        self.marks.touch(*relation);
                        self.latest = Some((*relation, origin.xid));
                        concerns_us = true;
                    }
                    HasRead::SomeRanges => in_ranges = Some(*relation),
                }
            }
            if let Some(relation) = in_ranges {
                return self.change_in_ranges(origin, relation, change);
            }
            if !concerns_us {
                return false;
            }
        }
        self.portion.buffer.push(origin, change);
        true
    }

    /// As [`Self::change`], of a table whose key ranges were partly read before this transaction and partly after it.
    fn change_in_ranges(&mut self, origin: Origin, relation: u32, change: Change) -> bool {
        self.latest = None;
        let ranges = self.loaded.get(&relation).and_then(|table| table.ranges.as_ref());
        let left = match (ranges, self.announced.get(&relation)) {
            (Some(ranges), Some(announced)) => ranges.unread(announced, origin.xid, change),
            _ => Ok(Some(change)),
        };
        let left = left.unwrap_or_else(|(undecided, change)| {
            self.portion.undecided.get_or_insert((relation, undecided));
            Some(change)
        });
        let Some(change) = left else {
            return false;
        };
        self.portion.relations.insert(relation);
        self.marks.touch(relation);
        self.portion.buffer.push(origin, change);
        true
    }

    /// Some key ranges of the table were read before this transaction and some after it.
    pub fn is_read_in_part(&self, relation: u32, xid: u32) -> bool {
        has_read(&self.loaded, relation, xid) == HasRead::SomeRanges
    }

    /// Something is to be written.
    pub fn has_changes(&self) -> bool {
        !self.portion.buffer.is_empty()
    }

    /// To be handed on now, wherever the transaction stands.
    pub fn is_full(&self) -> bool {
        self.portion.buffer.is_full()
    }

    /// The batch ends: the tables that it must mark as changed.
    pub fn take_changed(&mut self) -> Vec<u32> {
        self.marks.take()
    }

    /// Apply stands still: from now on tables are marked anew.
    pub fn stand(&mut self) {
        self.marks.forget();
    }

    /// What was gathered, with what a statement behind it has left of the schema.
    pub fn take_before(&mut self, announced: AnnouncedSchema) -> Portion {
        Portion {
            announced_schema: Some(Box::new(announced)),
            ..self.take(None)
        }
    }

    /// What was gathered.
    pub fn take(&mut self, end: Option<BatchEnd>) -> Portion {
        self.latest = None;
        Portion {
            end,
            ..std::mem::take(&mut self.portion)
        }
    }
}

/// The table's load has read all that this transaction did (design §2.3), or one to come will.
pub fn is_loaded<S: BuildHasher>(loaded: &HashMap<u32, LoadedTable, S>, id: u32, xid: u32) -> bool {
    has_read(loaded, id, xid) == HasRead::All
}

/// How much of what this transaction did to the table its load has read.
fn has_read<S: BuildHasher>(loaded: &HashMap<u32, LoadedTable, S>, id: u32, xid: u32) -> HasRead {
    loaded
        .get(&id)
        .map_or(HasRead::Nothing, |table| table.has_read(xid))
}

impl LoadedTable {
    fn has_read(&self, xid: u32) -> HasRead {
        if self.is_suspended {
            return HasRead::All;
        }
        match &self.ranges {
            Some(ranges) => match ranges.has_read(xid) {
                // What is to be read of it will be read under later snapshots: whoever writes it waits for that.
                HasRead::SomeRanges if !self.is_complete => HasRead::Nothing,
                read => read,
            },
            None if self.snapshot.as_ref().is_some_and(|snapshot| snapshot.sees(xid)) => HasRead::All,
            None => HasRead::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use transhume_wire::pgoutput::{ColumnValue, Tuple};

    use super::*;

    fn relation(id: u32, name: &str, replica_identity: u8) -> Arc<Relation> {
        Arc::new(Relation {
            id,
            name: QualifiedName::new("s", name),
            replica_identity,
            columns: Vec::new(),
        })
    }

    fn insert(gatherer: &mut Gatherer, relation: u32, xid: u32) -> bool {
        let origin = Origin {
            commit_lsn: Lsn(1),
            xid,
        };
        let new = Tuple(vec![ColumnValue::Null]);
        gatherer.change(origin, Change::Insert { relation, new })
    }

    fn table(snapshot: &str, is_suspended: bool) -> LoadedTable {
        LoadedTable {
            name: QualifiedName::new("s", "t"),
            target_oid: None,
            snapshot: Some(snapshot.parse().unwrap()),
            ranges: None,
            is_complete: true,
            is_suspended,
            former: None,
            tree: None,
        }
    }

    #[test]
    fn what_the_load_has_read_is_left_out() {
        let loaded = [(1, table("10:10:", false)), (2, table("1:1:", true))];
        let mut gatherer = Gatherer::new(Arc::new(loaded.into_iter().collect()));
        let taken: Vec<_> = [(1, 9), (1, 10), (2, 50), (3, 1)]
            .map(|(id, xid)| insert(&mut gatherer, id, xid))
            .into();

        assert_eq!(taken, [false, true, false, true]);
        assert_eq!(gatherer.take(None).relations, [1, 3].into());
    }

    #[test]
    fn what_is_announced_again_ends_what_was_gathered_of_it() {
        let mut gatherer = Gatherer::new(Arc::default());
        assert!(gatherer.announce(relation(1, "a", b'd')).is_none());
        insert(&mut gatherer, 1, 1);
        assert!(gatherer.announce(relation(2, "b", b'd')).is_none());
        assert!(gatherer.announce(relation(2, "b", b'd')).is_none());

        let earlier = gatherer.announce(relation(1, "a", b'd')).unwrap();
        assert_eq!((earlier.buffer.changes.len(), earlier.announced.len()), (1, 3));
        insert(&mut gatherer, 1, 1);
        let earlier = gatherer.announce(relation(1, "a", b'f')).unwrap();
        assert_eq!((earlier.buffer.changes.len(), earlier.announced.len()), (1, 1));
        insert(&mut gatherer, 1, 1);
        // Made anew under the same name.
        let earlier = gatherer.announce(relation(3, "b", b'd')).unwrap();
        assert_eq!((earlier.buffer.changes.len(), earlier.announced.len()), (1, 1));
        assert_eq!(gatherer.take(None).announced.len(), 1);
    }
}
