//! Net changes against a naive model: a source that runs a random history, and a target that the net
//! changes are written to with every row count checked.

use std::collections::HashMap;

use proptest::prelude::*;
use transhume_wire::pgoutput::Tuple;

use super::{
    Net, SerialReason, Shape, collapse,
    model::{
        RandomChange, Table, VALUE_COLUMNS, gather, identity, image, number, run, run_one, shape, text, write,
    },
};
use crate::follow::change::{Change, RowIdentity};

fn operations() -> impl Strategy<Value = Vec<RandomChange>> {
    let key = || 0_u8..6;
    let values = || [0_u8..9, 0_u8..9];
    let one = prop_oneof![
        6 => (key(), values()).prop_map(|(key, values)| RandomChange::Insert { key, values }),
        8 => (key(), values(), any::<bool>())
            .prop_map(|(key, values, keeps_second)| RandomChange::Update { key, values, keeps_second }),
        4 => (key(), key(), values(), prop::bool::weighted(0.2)).prop_map(|(from, to, values, keeps_second)| {
            RandomChange::ChangeKey { from, to, values, keeps_second }
        }),
        5 => key().prop_map(|key| RandomChange::Delete { key }),
    ];
    prop::collection::vec(one, 0..25)
}

fn table() -> impl Strategy<Value = Table> {
    prop::collection::btree_map(0_u8..6, [0_u8..9, 0_u8..9], 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn set_by_set_leaves_what_one_by_one_leaves(
        before in table(),
        history in operations(),
        key_columns in 1_usize..7,
    ) {
        let shapes = HashMap::from([(7, shape(key_columns))]);
        let mut source = before.clone();
        let changes = run(7, &mut source, &history, &shapes[&7]);
        let batch = collapse(&shapes, &changes);
        match batch.relations.first() {
            None => prop_assert!(changes.is_empty()),
            Some((_, Net::Set(set))) => {
                let mut target = before;
                write(&mut target, set);
                prop_assert_eq!(target, source);
                prop_assert!(set.len() <= 2 * changes.len());
                prop_assert_eq!(batch.serial(&changes).count(), 0);
            }
            Some((_, Net::Serial(reason))) => {
                prop_assert_eq!(*reason, SerialReason::KeyChangeWithUnchangedValue);
                prop_assert_eq!(batch.serial(&changes).count(), changes.len());
            }
        }
    }

    #[test]
    fn a_truncation_makes_its_relation_serial_and_no_other(
        before in table(),
        first in operations(),
        second in operations(),
    ) {
        let shapes = HashMap::from([(1, shape(1)), (2, shape(1))]);
        let mut tables = [before.clone(), before];
        let mut changes = run(1, &mut tables[0], &first, &shapes[&1]);
        changes.extend(run(2, &mut tables[1], &second, &shapes[&2]));
        let alone = collapse(&shapes, &changes).relations.iter().any(|(id, net)| *id == 2 && matches!(net, Net::Set(_)));
        changes.extend(run(1, &mut tables[0], &[RandomChange::Truncate], &shapes[&1]));

        let batch = collapse(&shapes, &changes);
        let serial = batch.serial_relations();
        prop_assert!(serial.contains(&1));
        if alone {
            prop_assert!(!serial.contains(&2));
        }
    }

    /// A history that no server could have run must neither panic nor be silently repaired into rows
    /// that hold one key twice.
    #[test]
    fn nonsense_is_serial_or_at_least_unique(history in operations()) {
        let shapes = HashMap::from([(7, shape(2))]);
        let changes: Vec<Change> = history
            .iter()
            .filter_map(|operation| {
                let mut everything: Table = match operation {
                    RandomChange::Insert { .. } => Table::new(),
                    RandomChange::ChangeKey { from, .. } => [(*from, [0, 0])].into(),
                    _ => (0..6).map(|key| (key, [0, 0])).collect(),
                };
                run_one(7, &mut everything, operation, &shapes[&7])
            })
            .collect();
        if let Some((_, Net::Set(set))) = collapse(&shapes, &changes).relations.first() {
            let mut keys: Vec<u8> = set.inserts.iter().map(|row| gather(row[VALUE_COLUMNS..].iter().copied())).collect();
            keys.sort_unstable();
            prop_assert!(keys.is_sorted_by(|left, right| left < right));
        }
    }
}

/// Collapses a history of one relation with one key column.
fn net_of<'a>(shapes: &'a HashMap<u32, Shape>, changes: &'a [Change]) -> Net<'a> {
    let mut batch = collapse(shapes, changes);
    assert_eq!(batch.relations.len(), 1);
    batch.relations.remove(0).1
}

fn counts(net: &Net<'_>) -> (usize, usize, usize) {
    match net {
        Net::Set(set) => {
            let updates = set.updates.iter().map(|group| group.keys.len()).sum();
            (set.deletes.len(), updates, set.inserts.len())
        }
        Net::Serial(reason) => panic!("serial: {reason:?}"),
    }
}

#[test]
fn the_changes_of_a_key_become_one() {
    use RandomChange::{ChangeKey, Delete, Insert, Update};
    let update = |values, keeps_second| Update {
        key: 1,
        values,
        keeps_second,
    };
    let rename = |from, to| ChangeKey {
        from,
        to,
        values: [1, 1],
        keeps_second: false,
    };
    let insert = |key| Insert { key, values: [1, 1] };

    for (present, history, expected) in [
        (false, vec![insert(1), update([2, 2], true)], (0, 0, 1)),
        (true, vec![update([2, 2], false), update([3, 3], true)], (0, 1, 0)),
        (false, vec![insert(1), Delete { key: 1 }], (0, 0, 0)),
        (true, vec![update([2, 2], true), Delete { key: 1 }], (1, 0, 0)),
        (true, vec![Delete { key: 1 }, insert(1)], (1, 0, 1)),
        (true, vec![rename(1, 2), rename(2, 3)], (1, 0, 1)),
        (true, vec![rename(1, 2), rename(2, 1)], (0, 1, 0)),
        (true, vec![rename(1, 2), insert(1)], (1, 0, 2)),
        (true, vec![rename(1, 2), Delete { key: 2 }], (1, 0, 0)),
    ] {
        let shapes = HashMap::from([(7, shape(1))]);
        let mut table: Table = present.then_some((1, [0, 0])).into_iter().collect();
        let changes = run(7, &mut table, &history, &shapes[&7]);
        assert_eq!(changes.len(), history.len());
        assert_eq!(counts(&net_of(&shapes, &changes)), expected, "{history:?}");
    }
}

#[test]
fn updates_of_different_columns_unite_and_group_by_what_they_set() {
    let shapes = HashMap::from([(7, shape(1))]);
    let history = [
        RandomChange::Update {
            key: 1,
            values: [2, 0],
            keeps_second: true,
        },
        RandomChange::Update {
            key: 2,
            values: [3, 4],
            keeps_second: false,
        },
        RandomChange::Update {
            key: 1,
            values: [5, 6],
            keeps_second: false,
        },
        RandomChange::Update {
            key: 3,
            values: [7, 0],
            keeps_second: true,
        },
    ];
    let mut table: Table = (1..4).map(|key| (key, [0, 0])).collect();
    let changes = run(7, &mut table, &history, &shapes[&7]);

    let Net::Set(set) = net_of(&shapes, &changes) else {
        panic!("serial");
    };
    let columns: Vec<_> = set
        .updates
        .iter()
        .map(|group| group.values.columns.clone())
        .collect();
    assert_eq!(columns, [vec![0, 1], vec![0]]);
    let first: Vec<_> = set.updates[0].values.column(0).map(number).collect();
    assert_eq!(first, [5, 3]);
}

#[test]
fn a_key_given_for_full_identity_is_read_from_the_whole_row() {
    let shapes = HashMap::from([(7, shape(1))]);
    let change = Change::Update {
        relation: 7,
        identity: RowIdentity::WholeRow(image(1, [0, 0], false, &shapes[&7])),
        new: image(1, [2, 0], true, &shapes[&7]),
    };

    assert_eq!(counts(&net_of(&shapes, &[change])), (0, 1, 0));
}

#[test]
fn images_of_another_shape_and_unknown_relations_are_serial() {
    let shapes = HashMap::from([(7, shape(1))]);
    let narrow = |relation| Change::Insert {
        relation,
        new: Tuple(vec![text(1)]),
    };

    for relation in [7, 8] {
        assert_eq!(
            net_of(&shapes, &[narrow(relation)]),
            Net::Serial(SerialReason::UnknownShape)
        );
    }
}

#[test]
fn a_history_that_does_not_fit_together_is_serial() {
    let shapes = HashMap::from([(7, shape(1))]);
    let insert = || Change::Insert {
        relation: 7,
        new: image(1, [0, 0], false, &shapes[&7]),
    };
    let delete = || Change::Delete {
        relation: 7,
        identity: identity(1, &shapes[&7]),
    };

    for changes in [[insert(), insert()], [delete(), delete()]] {
        assert_eq!(net_of(&shapes, &changes), Net::Serial(SerialReason::Inconsistent));
    }
}
