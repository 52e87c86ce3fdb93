//! Changes that are gathered and not written yet, with the transactions that they belong to.

use transhume_wire::lsn::Lsn;

use super::{
    batch::{is_flight_full, is_flight_large},
    change::Change,
    portion::Origin,
};

#[derive(Debug, Default)]
pub struct PortionBuffer {
    pub changes: Vec<Change>,
    /// Each origin with the index of its first change.
    origins: Vec<(usize, Origin)>,
    bytes: usize,
}

impl PortionBuffer {
    pub fn push(&mut self, origin: Origin, change: Change) {
        if self.origins.last().is_none_or(|(_, latest)| *latest != origin) {
            self.origins.push((self.changes.len(), origin));
        }
        self.bytes += change.bytes();
        self.changes.push(change);
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Of the first change.
    pub fn first_commit_lsn(&self) -> Option<Lsn> {
        self.origins.first().map(|(_, origin)| origin.commit_lsn)
    }

    /// To be written now, wherever the transaction stands.
    pub fn is_full(&self) -> bool {
        is_flight_full(self.changes.len(), self.bytes)
    }

    /// It holds a value that takes more than everything else that is held while following.
    pub fn is_large(&self) -> bool {
        is_flight_large(self.bytes)
    }

    /// Of all changes, each once or more often.
    pub fn transactions(&self) -> Vec<u32> {
        self.origins.iter().map(|(_, origin)| origin.xid).collect()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Every change with its origin, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Origin, &Change)> {
        let ends = self.origins.iter().skip(1).map(|(start, _)| *start);
        let ends = ends.chain([self.changes.len()]);
        self.origins.iter().zip(ends).flat_map(|((start, origin), end)| {
            let changes = self.changes[*start..end].iter();
            changes.map(|change| (*origin, change))
        })
    }
}

#[cfg(test)]
mod tests {
    use transhume_wire::{
        lsn::Lsn,
        pgoutput::{ColumnValue, Tuple},
    };

    use super::*;

    fn insert(relation: u32) -> Change {
        let new = Tuple(vec![ColumnValue::Text("four".into())]);
        Change::Insert { relation, new }
    }

    #[test]
    fn changes_keep_their_order_and_their_transaction() {
        let origin = |xid| Origin {
            commit_lsn: Lsn(u64::from(xid)),
            xid,
        };
        let mut buffer = PortionBuffer::default();
        for (xid, relation) in [(1, 10), (1, 11), (2, 12), (3, 13), (3, 14)] {
            buffer.push(origin(xid), insert(relation));
        }

        let seen: Vec<_> = buffer
            .iter()
            .map(|(origin, change)| (origin.xid, change.relations()[0]))
            .collect();
        assert_eq!(seen, [(1, 10), (1, 11), (2, 12), (3, 13), (3, 14)]);
        let held: usize = buffer.changes.iter().map(Change::bytes).sum();
        assert_eq!(buffer.bytes(), held);
    }
}
