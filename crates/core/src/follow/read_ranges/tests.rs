//! The filter against a naive model: a table whose ranges were read after different commits, any history of its rows, keys that
//! move between the ranges among them; after every commit each range is what the source had in it then, or when it was read.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::{prelude::*, sample::Index};
use transhume_wire::{ident::QualifiedName, pgoutput::RelationColumn};

use super::*;

/// Key, and a value that may be left out where it stays.
type Rows = BTreeMap<i64, u8>;

const KEYS: i64 = 8;
const FIRST_XID: u32 = 700;

#[derive(Debug, Clone)]
enum Operation {
    Insert {
        key: i64,
        value: u8,
    },
    /// `keeps`: the value stays, and is not sent.
    Update {
        from: i64,
        to: i64,
        value: u8,
        keeps: bool,
    },
    Delete {
        key: i64,
    },
}

#[derive(Debug, Clone)]
struct Transaction {
    operations: Vec<Operation>,
    /// Its id was assigned so many transactions earlier than its commit says.
    began_earlier: usize,
}

struct Source {
    xids: Vec<u32>,
    changes: Vec<Vec<Change>>,
    /// After so many commits.
    states: Vec<Rows>,
}

fn transactions() -> impl Strategy<Value = Vec<Transaction>> {
    let key = || 0..KEYS;
    let operation = prop_oneof![
        3 => (key(), any::<u8>()).prop_map(|(key, value)| Operation::Insert { key, value }),
        5 => (key(), key(), any::<u8>(), prop::bool::weighted(0.2))
            .prop_map(|(from, to, value, keeps)| Operation::Update { from, to, value, keeps }),
        2 => (key(), any::<u8>(), any::<bool>())
            .prop_map(|(key, value, keeps)| Operation::Update { from: key, to: key, value, keeps }),
        2 => key().prop_map(|key| Operation::Delete { key }),
    ];
    let transaction =
        (prop::collection::vec(operation, 0..5), 0_usize..4).prop_map(|(operations, began_earlier)| {
            Transaction {
                operations,
                began_earlier,
            }
        });
    prop::collection::vec(transaction, 1..14)
}

/// The source's identity is the key, or the whole old row.
fn relation(is_full: bool) -> Relation {
    let column = |name: &str, type_oid, is_key| RelationColumn {
        is_key,
        name: name.to_owned(),
        type_oid,
        type_modifier: -1,
    };
    Relation {
        id: 1,
        name: QualifiedName::new("s", "t"),
        replica_identity: if is_full { b'f' } else { b'd' },
        columns: vec![column("body", 25, is_full), column("id", 20, true)],
    }
}

fn row(key: i64, value: Option<u8>) -> Tuple {
    let text = |text: String| ColumnValue::Text(Bytes::from(text));
    let body = value.map_or(ColumnValue::Unchanged, |value| text(value.to_string()));
    Tuple(vec![body, text(key.to_string())])
}

fn identity(is_full: bool, key: i64, value: u8) -> RowIdentity {
    let whole = row(key, Some(value));
    if is_full {
        RowIdentity::WholeRow(whole)
    } else {
        RowIdentity::Key(vec![(1, whole.0[1].clone())])
    }
}

impl Source {
    fn run(history: &[Transaction], is_full: bool) -> Self {
        let mut rows: Rows = [(0, 0), (3, 3), (6, 6)].into();
        let (mut changes, mut states) = (Vec::new(), vec![rows.clone()]);
        for transaction in history {
            let of_one = transaction.operations.iter();
            changes.push(of_one.filter_map(|one| run(&mut rows, one, is_full)).collect());
            states.push(rows.clone());
        }
        let mut order: Vec<usize> = (0..history.len()).collect();
        order.sort_by_key(|index| (index.saturating_sub(history[*index].began_earlier), *index));
        let mut xids = vec![0; history.len()];
        for (xid, index) in (FIRST_XID..).zip(order) {
            xids[index] = xid;
        }
        Self {
            xids,
            changes,
            states,
        }
    }

    /// None: the slot's own.
    fn snapshot_after(&self, commits: usize) -> Option<Snapshot> {
        let (seen, unseen) = self.xids.split_at(commits);
        let latest = seen.iter().map(|xid| u64::from(*xid)).max()?;
        let mut in_progress: Vec<u64> = unseen.iter().map(|xid| u64::from(*xid)).collect();
        in_progress.retain(|xid| *xid <= latest);
        in_progress.sort_unstable();
        Some(Snapshot {
            xmin: in_progress.first().copied().unwrap_or(latest + 1),
            xmax: latest + 1,
            in_progress,
        })
    }
}

fn run(rows: &mut Rows, operation: &Operation, is_full: bool) -> Option<Change> {
    let relation = 1;
    match *operation {
        Operation::Insert { key, value } => (!rows.contains_key(&key)).then(|| {
            rows.insert(key, value);
            let new = row(key, Some(value));
            Change::Insert { relation, new }
        }),
        Operation::Update {
            from,
            to,
            value,
            keeps,
        } => {
            if from != to && rows.contains_key(&to) {
                return None;
            }
            let before = rows.remove(&from)?;
            let after = if keeps { before } else { value };
            rows.insert(to, after);
            Some(Change::Update {
                relation,
                identity: identity(is_full, from, before),
                new: row(to, (!keeps).then_some(value)),
            })
        }
        Operation::Delete { key } => rows.remove(&key).map(|value| Change::Delete {
            relation,
            identity: identity(is_full, key, value),
        }),
    }
}

/// As a server would: each row that is meant must be there, and none that is new.
fn apply(rows: &mut Rows, change: &Change) {
    let number = |value: &ColumnValue| match value {
        ColumnValue::Text(text) => std::str::from_utf8(text).unwrap().parse::<i64>().unwrap(),
        other => panic!("{other:?} is no number"),
    };
    let key_of = |identity: &RowIdentity| number(value_of(identity, 1).unwrap());
    match change {
        Change::Insert { new, .. } => {
            let value = u8::try_from(number(&new.0[0])).unwrap();
            assert_eq!(rows.insert(number(&new.0[1]), value), None, "{change:?}");
        }
        Change::Update { identity, new, .. } => {
            let before = rows.remove(&key_of(identity)).expect("update finds no row");
            let after = match &new.0[0] {
                ColumnValue::Unchanged => before,
                value => u8::try_from(number(value)).unwrap(),
            };
            assert_eq!(rows.insert(number(&new.0[1]), after), None, "{change:?}");
        }
        Change::Delete { identity, .. } => {
            rows.remove(&key_of(identity)).expect("delete finds no row");
        }
        Change::Truncate { .. } => unreachable!("none is made"),
    }
}

/// A range of keys, and after how many commits it was read.
type Read = (Option<i64>, usize);

fn holds(reads: &[Read], place: usize, key: i64) -> bool {
    let end = reads.get(place + 1).and_then(|(from, _)| *from);
    reads[place].0.is_none_or(|from| key >= from) && end.is_none_or(|end| key < end)
}

/// What the target shows once so many commits are applied.
fn expected(source: &Source, reads: &[Read], commits: usize) -> Rows {
    let of_range = |place: usize| {
        let moment = commits.max(reads[place].1);
        let rows = source.states[moment].iter();
        rows.filter(move |(key, _)| holds(reads, place, **key))
    };
    let rows = (0..reads.len()).flat_map(of_range);
    rows.map(|(key, value)| (*key, *value)).collect()
}

fn read_ranges(source: &Source, reads: &[Read]) -> ReadRanges {
    let read = reads.iter().map(|(from, commits)| ReadRange {
        from: *from,
        snapshot: source.snapshot_after(*commits),
    });
    ReadRanges::new("id".to_owned(), read).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn every_range_is_exact_after_every_commit(
        history in transactions(),
        is_full: bool,
        cuts in prop::collection::btree_set(0..KEYS, 1..5),
        read_after: [Index; 5],
    ) {
        let source = Source::run(&history, is_full);
        let starts = std::iter::once(None).chain(cuts.into_iter().map(Some));
        let mut reads: Vec<Read> = starts
            .zip(&read_after)
            .map(|(from, after)| (from, after.index(history.len() + 1)))
            .collect();
        let (mut ranges, mut rows) = (read_ranges(&source, &reads), expected(&source, &reads, 0));
        let relation = relation(is_full);
        for (place, changes) in source.changes.iter().enumerate() {
            let xid = source.xids[place];
            for change in changes {
                let left = match ranges.has_read(xid) {
                    HasRead::All => None,
                    HasRead::Nothing => Some(change.clone()),
                    HasRead::SomeRanges => match ranges.unread(&relation, xid, change.clone()) {
                        Ok(left) => left,
                        Err((undecided, back)) => {
                            prop_assert_eq!(&back, change);
                            let column = "body".to_owned();
                            prop_assert_eq!(undecided, Undecided::ValueNotSent { column });
                            prop_assert!(!is_full, "the old row has the value");
                            // Loaded anew, as late as can be.
                            reads = vec![(None, history.len())];
                            ranges = read_ranges(&source, &reads);
                            rows = expected(&source, &reads, 0);
                            None
                        }
                    },
                };
                if let Some(left) = left {
                    apply(&mut rows, &left);
                }
            }
            prop_assert_eq!(&rows, &expected(&source, &reads, place + 1), "after commit {}", place + 1);
        }
        prop_assert_eq!(&rows, source.states.last().unwrap());
    }
}

fn two_ranges() -> ReadRanges {
    let range = |from, snapshot: &str| ReadRange {
        from,
        snapshot: Some(snapshot.parse().unwrap()),
    };
    ReadRanges::new("id".to_owned(), [range(None, "5:5:"), range(Some(10), "9:9:")]).unwrap()
}

#[test]
fn the_border_belongs_to_the_later_range() {
    let ranges = two_ranges();
    let insert = |key| Change::Insert {
        relation: 1,
        new: row(key, Some(0)),
    };
    let is_left = |key| ranges.unread(&relation(false), 7, insert(key)).unwrap().is_some();

    assert_eq!(
        [i64::MIN, -1, 9, 10, i64::MAX].map(is_left),
        [true, true, true, false, false]
    );
    assert_eq!(
        [4, 5, 8, 9].map(|xid| ranges.has_read(xid)),
        [
            HasRead::All,
            HasRead::SomeRanges,
            HasRead::SomeRanges,
            HasRead::Nothing
        ]
    );
}

#[test]
fn what_cannot_be_placed_is_given_back() {
    let ranges = two_ranges();
    let delete = Change::Delete {
        relation: 1,
        identity: RowIdentity::Key(vec![(0, ColumnValue::Text("other key".into()))]),
    };
    let truncate = Change::Truncate {
        relations: vec![1],
        cascade: false,
        restart_identity: false,
    };
    let mut renamed = relation(false);
    renamed.columns[1].name = "number".to_owned();
    let mut retyped = relation(false);
    retyped.columns[1].type_oid = 25;
    let insert = Change::Insert {
        relation: 1,
        new: row(1, Some(1)),
    };
    let column = "id".to_owned();
    let not_sent = Undecided::KeyNotSent { column };

    for (relation, change, undecided) in [
        (relation(false), delete, not_sent.clone()),
        (relation(false), truncate, Undecided::Truncated),
        (renamed, insert.clone(), not_sent.clone()),
        (retyped, insert, not_sent),
    ] {
        assert_eq!(
            ranges.unread(&relation, 7, change.clone()),
            Err((undecided, change))
        );
    }
}

#[test]
fn ranges_that_leave_a_gap_or_overlap_are_refused_and_neighbours_are_joined() {
    let range = |from| ReadRange { from, snapshot: None };
    let new = |starts: &[Option<i64>]| ReadRanges::new(String::new(), starts.iter().map(|from| range(*from)));

    assert_eq!(new(&[]), Err(NotRanges));
    assert_eq!(new(&[Some(1)]), Err(NotRanges));
    assert_eq!(new(&[None, None]), Err(NotRanges));
    assert_eq!(new(&[None, Some(2), Some(2)]), Err(NotRanges));
    assert_eq!(new(&[None, Some(2), Some(3)]), new(&[None]));
}
