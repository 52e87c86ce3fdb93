//! Rows without a key against a naive model: a bag of rows, of which a change takes any that holds what it says.

use proptest::prelude::*;

use super::*;
use crate::follow::net::{
    Net, Shape, collapse,
    model::{number, text},
};

/// Few values, so that many rows are equal.
type Row = [u8; 3];

#[derive(Debug, Clone)]
enum Operation {
    Insert(Row),
    /// Of the row at this place; the last value may stay unsent.
    Update(usize, Row, bool),
    Delete(usize),
}

fn row() -> impl Strategy<Value = Row> {
    [0_u8..2, 0_u8..2, 0_u8..3]
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let one = prop_oneof![
        3 => row().prop_map(Operation::Insert),
        5 => (0_usize..20, row(), any::<bool>()).prop_map(|(at, row, keeps)| Operation::Update(at, row, keeps)),
        3 => (0_usize..20).prop_map(Operation::Delete),
    ];
    prop::collection::vec(one, 0..25)
}

/// Zero stands for null.
fn value(value: u8) -> ColumnValue {
    if value == 0 {
        ColumnValue::Null
    } else {
        text(value)
    }
}

fn tuple(row: Row) -> Tuple {
    Tuple(row.map(value).into())
}

fn read<'a>(values: impl IntoIterator<Item = &'a ColumnValue>) -> Vec<u8> {
    let number = |value: &ColumnValue| {
        if *value == ColumnValue::Null {
            0
        } else {
            number(value)
        }
    };
    values.into_iter().map(number).collect()
}

fn run(table: &mut Vec<Row>, operations: &[Operation]) -> Vec<Change> {
    let mut changes = Vec::new();
    for operation in operations {
        match *operation {
            Operation::Insert(row) => {
                table.push(row);
                let new = tuple(row);
                changes.push(Change::Insert { relation: 7, new });
            }
            Operation::Update(at, mut row, keeps_last) if !table.is_empty() => {
                let stored = at % table.len();
                let old = table[stored];
                let mut new = tuple(row);
                if keeps_last {
                    row[2] = old[2];
                    new.0[2] = ColumnValue::Unchanged;
                }
                table[stored] = row;
                changes.push(Change::Update {
                    relation: 7,
                    identity: RowIdentity::WholeRow(tuple(old)),
                    new,
                });
            }
            Operation::Delete(at) if !table.is_empty() => {
                let old = table.swap_remove(at % table.len());
                changes.push(Change::Delete {
                    relation: 7,
                    identity: RowIdentity::WholeRow(tuple(old)),
                });
            }
            Operation::Update(..) | Operation::Delete(_) => {}
        }
    }
    changes
}

/// The place of a row that holds this; the server would find as surely that there is none.
fn place(table: &[Vec<u8>], image: &[&ColumnValue]) -> usize {
    let image = read(image.iter().copied());
    table
        .iter()
        .position(|row| *row == image)
        .expect("a row that is to be changed is there")
}

/// Writes set by set, each one finding its rows among those that were there when it began.
fn write(table: &mut Vec<Vec<u8>>, set: &SetChanges<'_>) {
    for image in set.deletes.iter() {
        let gone = place(table, image);
        table.swap_remove(gone);
    }
    for group in &set.updates {
        let mut written = Vec::new();
        for (image, values) in group.keys.iter().zip(group.values.iter()) {
            let mut row = table.swap_remove(place(table, image));
            for (column, value) in group.values.columns.iter().zip(read(values.iter().copied())) {
                row[*column] = value;
            }
            written.push(row);
        }
        table.append(&mut written);
    }
    table.extend(set.inserts.iter().map(|row| read(row.iter().copied())));
}

fn shapes() -> HashMap<u32, Shape> {
    let shape = Shape {
        width: 3,
        key: Vec::new(),
    };
    HashMap::from([(7, shape)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn as_many_of_each_are_left_as_one_by_one(
        before in prop::collection::vec(row(), 0..8),
        history in operations(),
    ) {
        let mut source = before.clone();
        let changes = run(&mut source, &history);
        let shapes = shapes();
        let batch = collapse(&shapes, &changes);
        let mut target: Vec<Vec<u8>> = before.iter().map(|row| row.to_vec()).collect();
        match batch.relations.first() {
            None => prop_assert!(changes.is_empty()),
            Some((_, Net::Set(set))) => {
                write(&mut target, set);
                prop_assert!(set.len() <= changes.len());
            }
            Some((_, serial)) => prop_assert!(false, "{serial:?}"),
        }
        let mut source: Vec<Vec<u8>> = source.iter().map(|row| row.to_vec()).collect();
        source.sort();
        target.sort();
        prop_assert_eq!(target, source);
    }
}

#[test]
fn the_changes_of_a_row_become_one() {
    let update = |old, new| Change::Update {
        relation: 7,
        identity: RowIdentity::WholeRow(tuple(old)),
        new: tuple(new),
    };
    let insert = |row| Change::Insert {
        relation: 7,
        new: tuple(row),
    };
    let delete = |row| Change::Delete {
        relation: 7,
        identity: RowIdentity::WholeRow(tuple(row)),
    };
    let (a, b, c) = ([1, 1, 1], [1, 0, 1], [1, 2, 1]);
    for (history, expected) in [
        (vec![update(a, b), update(b, c)], (0, 1, 0)),
        (vec![update(a, b), delete(b)], (1, 0, 0)),
        (vec![insert(a), update(a, b)], (0, 0, 1)),
        (vec![insert(a), delete(a)], (0, 0, 0)),
        (vec![delete(a), delete(a), insert(a)], (2, 0, 1)),
    ] {
        let shapes = shapes();
        let batch = collapse(&shapes, &history);
        let (_, Net::Set(set)) = &batch.relations[0] else {
            panic!("{batch:?}");
        };
        let updates = set.updates.iter().map(|group| group.keys.len()).sum();
        assert_eq!(
            (set.deletes.len(), updates, set.inserts.len()),
            expected,
            "{history:?}"
        );
    }
}

#[test]
fn only_what_was_written_is_set() {
    let shapes = shapes();
    let history = [Change::Update {
        relation: 7,
        identity: RowIdentity::WholeRow(tuple([1, 2, 1])),
        new: tuple([1, 0, 1]),
    }];
    let batch = collapse(&shapes, &history);
    let (_, Net::Set(set)) = &batch.relations[0] else {
        panic!("{batch:?}");
    };
    assert_eq!(set.updates[0].values.columns, [1]);
}

#[test]
fn what_is_not_known_whole_goes_one_by_one() {
    let key = RowIdentity::Key(vec![(0, text(1))]);
    let partly = RowIdentity::WholeRow(Tuple(vec![text(1), ColumnValue::Unchanged, text(1)]));
    for (identity, reason) in [(key, SerialReason::NoKey), (partly, SerialReason::Inconsistent)] {
        let shapes = shapes();
        let history = [Change::Delete {
            relation: 7,
            identity,
        }];
        let batch = collapse(&shapes, &history);
        assert_eq!(batch.relations[0].1, Net::Serial(reason));
    }
}
