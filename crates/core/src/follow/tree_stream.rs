//! Changes of partitions as changes of the tree that their rows are moved under.
//!
//! The stream names the partition that a row lay in, which on the target is another one: so such changes are
//! given the tree's name, and their values the order of its columns. Owns the tree's shape as it was last
//! announced. Refuses what cannot be told of a whole tree: a TRUNCATE of some partitions stays theirs.
//! Invariant: the order of the stream is kept, and every change has the shape that was announced before it.

use std::collections::{HashMap, HashSet};

use transhume_wire::{
    ident::QualifiedName,
    pgoutput::{Message, OldTuple, Relation, RelationColumn, Tuple},
};

/// A message that was translated, and what must be announced before it.
#[derive(Debug, PartialEq, Eq)]
pub struct Translated {
    pub before: Vec<Message>,
    pub message: Message,
}

impl From<Message> for Translated {
    fn from(message: Message) -> Self {
        Self {
            before: Vec::new(),
            message,
        }
    }
}

/// The trees of one connection's stream.
#[derive(Debug, Default)]
pub struct TreeStream {
    trees: HashMap<u32, Tree>,
    partitions: HashMap<u32, Partition>,
}

#[derive(Debug)]
struct Tree {
    name: QualifiedName,
    partitions: HashSet<u32>,
    /// As last announced, under the tree's own name.
    shape: Option<Relation>,
}

#[derive(Debug)]
struct Partition {
    tree: u32,
    /// As the server announced it.
    announced: Option<Relation>,
    order: ColumnOrder,
}

/// Where the values of a partition's row go in the tree's.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ColumnOrder {
    /// The tree was announced in another shape since.
    Unknown,
    Same,
    /// The place in the partition's row of each of the tree's columns.
    Permuted(Vec<usize>),
}

impl TreeStream {
    /// `partitions`: OID of each partition, with OID and name of its tree.
    pub fn new(partitions: impl IntoIterator<Item = (u32, u32, QualifiedName)>) -> Self {
        let mut stream = Self::default();
        for (oid, tree, name) in partitions {
            let entry = stream.trees.entry(tree).or_insert_with(|| Tree {
                name,
                partitions: HashSet::new(),
                shape: None,
            });
            entry.partitions.insert(oid);
            let partition = Partition {
                tree,
                announced: None,
                order: ColumnOrder::Unknown,
            };
            stream.partitions.insert(oid, partition);
        }
        stream
    }

    pub fn translate(&mut self, message: Message) -> Translated {
        if self.partitions.is_empty() {
            return message.into();
        }
        match message {
            Message::Relation(relation) if self.partitions.contains_key(&relation.id) => {
                self.announce(relation).into()
            }
            Message::Truncate { .. } => self.truncate(message),
            Message::Insert { relation_id, new } => self.change(relation_id, |order, id| Message::Insert {
                relation_id: id,
                new: order.apply(new),
            }),
            Message::Update {
                relation_id,
                old,
                new,
            } => self.change(relation_id, |order, id| Message::Update {
                relation_id: id,
                old: old.map(|old| order.apply_old(old)),
                new: order.apply(new),
            }),
            Message::Delete { relation_id, old } => self.change(relation_id, |order, id| Message::Delete {
                relation_id: id,
                old: order.apply_old(old),
            }),
            other => other.into(),
        }
    }

    /// The tree, in the shape that it has from here on.
    fn announce(&mut self, relation: Relation) -> Message {
        let id = relation.id;
        if let Some(partition) = self.partitions.get_mut(&id) {
            partition.announced = Some(relation);
            partition.order = ColumnOrder::Unknown;
        }
        let reshaped = self.reshape(id);
        let tree = &self.trees[&self.partitions[&id].tree];
        reshaped.unwrap_or_else(|| {
            Message::Relation(tree.shape.clone().expect("invariant: reshaping has left a shape"))
        })
    }

    /// Makes the tree's shape one that this partition's rows fit; the announcement where it had another.
    fn reshape(&mut self, id: u32) -> Option<Message> {
        let partition = self.partitions.get_mut(&id)?;
        if partition.order != ColumnOrder::Unknown {
            return None;
        }
        let tree_id = partition.tree;
        let announced = partition.announced.as_ref()?;
        let tree = self.trees.get_mut(&tree_id)?;
        if let Some(order) = tree.shape.as_ref().and_then(|shape| order(shape, announced)) {
            partition.order = order;
            return None;
        }
        let shape = Relation {
            id: tree_id,
            name: tree.name.clone(),
            ..announced.clone()
        };
        tree.shape = Some(shape.clone());
        for oid in &tree.partitions {
            let is_this = *oid == id;
            if let Some(partition) = self.partitions.get_mut(oid) {
                partition.order = if is_this {
                    ColumnOrder::Same
                } else {
                    ColumnOrder::Unknown
                };
            }
        }
        Some(Message::Relation(shape))
    }

    fn change(&mut self, id: u32, make: impl FnOnce(&ColumnOrder, u32) -> Message) -> Translated {
        let before = self.reshape(id).into_iter().collect();
        let message = match self.partitions.get(&id) {
            Some(partition) => make(&partition.order, partition.tree),
            None => make(&ColumnOrder::Same, id),
        };
        Translated { before, message }
    }

    /// Of all partitions it is one of the tree. Of some, it is left to them, and they are announced as what they are.
    fn truncate(&mut self, message: Message) -> Translated {
        let Message::Truncate {
            relation_ids,
            cascade,
            restart_identity,
        } = message
        else {
            return message.into();
        };
        let emptied: HashSet<u32> = relation_ids.iter().copied().collect();
        let mut before = Vec::new();
        let mut ids = Vec::with_capacity(relation_ids.len());
        for id in relation_ids {
            let Some(partition) = self.partitions.get(&id) else {
                ids.push(id);
                continue;
            };
            if !self.trees[&partition.tree].partitions.is_subset(&emptied) {
                before.extend(partition.announced.clone().map(Message::Relation));
                ids.push(id);
            } else if !ids.contains(&partition.tree) {
                ids.push(partition.tree);
            }
        }
        Translated {
            before,
            message: Message::Truncate {
                relation_ids: ids,
                cascade,
                restart_identity,
            },
        }
    }
}

/// How rows of `partition` become rows of `shape`; none where they do not.
fn order(shape: &Relation, partition: &Relation) -> Option<ColumnOrder> {
    if shape.replica_identity != partition.replica_identity || shape.columns.len() != partition.columns.len()
    {
        return None;
    }
    let place = |wanted: &RelationColumn| partition.columns.iter().position(|column| column == wanted);
    let places: Vec<usize> = shape.columns.iter().map(place).collect::<Option<_>>()?;
    if places.iter().enumerate().all(|(index, place)| index == *place) {
        return Some(ColumnOrder::Same);
    }
    Some(ColumnOrder::Permuted(places))
}

impl ColumnOrder {
    /// A row that does not fit is left as it is: the assembly refuses it.
    fn apply(&self, row: Tuple) -> Tuple {
        match self {
            Self::Permuted(places) if places.len() == row.0.len() => {
                Tuple(places.iter().map(|place| row.0[*place].clone()).collect())
            }
            _ => row,
        }
    }

    fn apply_old(&self, old: OldTuple) -> OldTuple {
        match old {
            OldTuple::Key(row) => OldTuple::Key(self.apply(row)),
            OldTuple::Full(row) => OldTuple::Full(self.apply(row)),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use transhume_wire::pgoutput::ColumnValue;

    use super::*;

    fn relation(id: u32, name: &str, columns: &[&str], replica_identity: u8) -> Relation {
        let column = |name: &&str| RelationColumn {
            is_key: *name == "id",
            name: (*name).to_owned(),
            type_oid: 25,
            type_modifier: -1,
        };
        Relation {
            id,
            name: QualifiedName::new("s", name),
            replica_identity,
            columns: columns.iter().map(column).collect(),
        }
    }

    fn row(values: &[&'static str]) -> Tuple {
        let value = |text: &&'static str| ColumnValue::Text(Bytes::from_static(text.as_bytes()));
        Tuple(values.iter().map(value).collect())
    }

    fn insert(relation_id: u32, values: &[&'static str]) -> Message {
        Message::Insert {
            relation_id,
            new: row(values),
        }
    }

    fn truncate(relation_ids: &[u32]) -> Message {
        Message::Truncate {
            relation_ids: relation_ids.to_vec(),
            cascade: false,
            restart_identity: false,
        }
    }

    /// Tree 1 of the partitions 11 and 12.
    fn stream() -> TreeStream {
        let tree = || QualifiedName::new("s", "tree");
        TreeStream::new([(11, 1, tree()), (12, 1, tree())])
    }

    fn announce(stream: &mut TreeStream, relation: Relation) -> Translated {
        stream.translate(Message::Relation(relation))
    }

    #[test]
    fn partitions_become_the_tree_and_their_values_its_order() {
        let mut stream = stream();
        let tree = Message::Relation(relation(1, "tree", &["id", "x"], b'd'));
        let first = announce(&mut stream, relation(11, "p1", &["id", "x"], b'd'));
        let second = announce(&mut stream, relation(12, "p2", &["x", "id"], b'd'));
        assert_eq!((&first.message, &second.message), (&tree, &tree));

        assert_eq!(
            stream.translate(insert(11, &["7", "a"])),
            insert(1, &["7", "a"]).into()
        );
        assert_eq!(
            stream.translate(insert(12, &["b", "8"])),
            insert(1, &["8", "b"]).into()
        );
        let update = |relation_id, old: &[&'static str], new: &[&'static str]| Message::Update {
            relation_id,
            old: Some(OldTuple::Key(row(old))),
            new: row(new),
        };
        assert_eq!(
            stream.translate(update(12, &["", "8"], &["c", "9"])),
            update(1, &["8", ""], &["9", "c"]).into()
        );
        assert_eq!(stream.translate(insert(5, &["z"])), insert(5, &["z"]).into());
    }

    #[test]
    fn another_shape_is_announced_before_the_change_that_has_it() {
        let mut stream = stream();
        announce(&mut stream, relation(11, "p1", &["id", "x"], b'd'));
        announce(&mut stream, relation(12, "p2", &["id", "x"], b'f'));

        let back = stream.translate(insert(11, &["7", "a"]));
        assert_eq!(
            back.before,
            [Message::Relation(relation(1, "tree", &["id", "x"], b'd'))]
        );
        assert_eq!(back.message, insert(1, &["7", "a"]));
        assert!(stream.translate(insert(11, &["8", "a"])).before.is_empty());
        let full = stream.translate(insert(12, &["9", "a"]));
        assert_eq!(
            full.before,
            [Message::Relation(relation(1, "tree", &["id", "x"], b'f'))]
        );
    }

    #[test]
    fn a_truncate_of_the_whole_tree_is_one_of_it_and_of_a_part_stays_the_partition_s() {
        let mut stream = stream();
        let partition = relation(11, "p1", &["id"], b'd');
        announce(&mut stream, partition.clone());
        announce(&mut stream, relation(12, "p2", &["id"], b'd'));

        assert_eq!(stream.translate(truncate(&[11, 5, 12])), truncate(&[1, 5]).into());
        let part = stream.translate(truncate(&[5, 11]));
        assert_eq!(part.before, [Message::Relation(partition)]);
        assert_eq!(part.message, truncate(&[5, 11]));
    }
}
