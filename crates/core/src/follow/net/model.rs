//! The naive model: a source that runs what it is told, and a target that refuses what a server would.

use std::collections::BTreeMap;

use bytes::Bytes;
use transhume_wire::pgoutput::{ColumnValue, Tuple};

use crate::follow::{
    change::{Change, RowIdentity},
    net::{SetChanges, Shape},
};

/// Plain value, value that may be unchanged; the key columns follow.
pub(super) const VALUE_COLUMNS: usize = 2;

/// Key to its two values.
pub(super) type Table = BTreeMap<u8, [u8; VALUE_COLUMNS]>;

/// What a random history consists of; it is bent to what the table allows.
#[derive(Debug, Clone)]
pub(super) enum RandomChange {
    Insert {
        key: u8,
        values: [u8; 2],
    },
    Update {
        key: u8,
        values: [u8; 2],
        keeps_second: bool,
    },
    ChangeKey {
        from: u8,
        to: u8,
        values: [u8; 2],
        keeps_second: bool,
    },
    Delete {
        key: u8,
    },
    Truncate,
}

pub(super) fn shape(key_columns: usize) -> Shape {
    Shape {
        width: VALUE_COLUMNS + key_columns,
        key: (VALUE_COLUMNS..VALUE_COLUMNS + key_columns).collect(),
    }
}

pub(super) fn text(value: u8) -> ColumnValue {
    ColumnValue::Text(Bytes::from(value.to_string()))
}

pub(super) fn number(value: &ColumnValue) -> u8 {
    match value {
        ColumnValue::Text(text) => std::str::from_utf8(text).unwrap().parse().unwrap(),
        other => panic!("{other:?} is no number"),
    }
}

/// A key as so many columns: its low bits one by one, the last column all that is left.
fn spread(key: u8, key_columns: usize) -> impl Iterator<Item = ColumnValue> {
    (0..key_columns).map(move |place| {
        let rest = key >> place;
        text(if place + 1 < key_columns { rest & 1 } else { rest })
    })
}

pub(super) fn gather<'a>(values: impl Iterator<Item = &'a ColumnValue>) -> u8 {
    values
        .enumerate()
        .map(|(place, value)| number(value) << place)
        .sum()
}

pub(super) fn identity(key: u8, shape: &Shape) -> RowIdentity {
    let columns = shape.key.iter().copied();
    RowIdentity::Key(columns.zip(spread(key, shape.key.len())).collect())
}

pub(super) fn image(key: u8, values: [u8; 2], keeps_second: bool, shape: &Shape) -> Tuple {
    let second = if keeps_second {
        ColumnValue::Unchanged
    } else {
        text(values[1])
    };
    let mut image = vec![text(values[0]), second];
    image.extend(spread(key, shape.key.len()));
    Tuple(image)
}

/// Runs the operations that the table allows; gives what the stream would say of them.
pub(super) fn run(
    relation: u32,
    table: &mut Table,
    operations: &[RandomChange],
    shape: &Shape,
) -> Vec<Change> {
    operations
        .iter()
        .filter_map(|operation| run_one(relation, table, operation, shape))
        .collect()
}

pub(super) fn run_one(
    relation: u32,
    table: &mut Table,
    operation: &RandomChange,
    shape: &Shape,
) -> Option<Change> {
    match *operation {
        RandomChange::Insert { key, values } => (!table.contains_key(&key)).then(|| {
            table.insert(key, values);
            Change::Insert {
                relation,
                new: image(key, values, false, shape),
            }
        }),
        RandomChange::Update {
            key,
            values,
            keeps_second,
        } => table.contains_key(&key).then(|| {
            moved(table, key, key, values, keeps_second);
            Change::Update {
                relation,
                identity: identity(key, shape),
                new: image(key, values, keeps_second, shape),
            }
        }),
        RandomChange::ChangeKey {
            from,
            to,
            values,
            keeps_second,
        } => (table.contains_key(&from) && !table.contains_key(&to)).then(|| {
            moved(table, from, to, values, keeps_second);
            Change::Update {
                relation,
                identity: identity(from, shape),
                new: image(to, values, keeps_second, shape),
            }
        }),
        RandomChange::Delete { key } => table.remove(&key).map(|_| Change::Delete {
            relation,
            identity: identity(key, shape),
        }),
        RandomChange::Truncate => {
            table.clear();
            Some(Change::Truncate {
                relations: vec![relation],
                cascade: false,
                restart_identity: false,
            })
        }
    }
}

fn moved(table: &mut Table, from: u8, to: u8, values: [u8; 2], keeps_second: bool) {
    let old = table.remove(&from).unwrap();
    let second = if keeps_second { old[1] } else { values[1] };
    table.insert(to, [values[0], second]);
}

/// Writes net changes as the server would, and refuses what it would refuse.
pub(super) fn write(table: &mut Table, set: &SetChanges<'_>) {
    for row in set.deletes.iter() {
        assert!(
            table.remove(&gather(row.iter().copied())).is_some(),
            "delete finds no row"
        );
    }
    for group in &set.updates {
        for (key, values) in group.keys.iter().zip(group.values.iter()) {
            let row = table
                .get_mut(&gather(key.iter().copied()))
                .expect("update finds no row");
            for (column, value) in group.values.columns.iter().zip(values) {
                row[*column] = number(value);
            }
        }
    }
    for row in set.inserts.iter() {
        let values = [number(row[0]), number(row[1])];
        let key = gather(row[VALUE_COLUMNS..].iter().copied());
        assert!(table.insert(key, values).is_none(), "insert finds a row");
    }
}
