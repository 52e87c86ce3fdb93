//! Histories by chance, and what happens while they are followed.

use proptest::{prelude::*, sample::Index};

/// Tables: a key, replica identity full with a key of its own, and no key at all.
pub(crate) const TABLES: usize = 3;
pub(crate) const KEYLESS: usize = 2;
/// From this key on, rows are read at another time than those before, but for the table that has no key.
pub(crate) const SECOND_RANGE: u8 = 2;
/// Few, so that changes meet.
const KEYS: u8 = 5;

/// What a transaction is told to do; it is bent to what the table allows.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Insert {
        table: usize,
        key: u8,
        values: [u8; 2],
    },
    Update {
        table: usize,
        key: u8,
        values: [u8; 2],
        keeps_second: bool,
    },
    ChangeKey {
        table: usize,
        from: u8,
        to: u8,
        keeps_second: bool,
    },
    /// Two rows trade their keys by way of a third.
    SwapKeys {
        table: usize,
        one: u8,
        other: u8,
    },
    Delete {
        table: usize,
        key: u8,
    },
    Truncate {
        tables: Vec<usize>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    pub(crate) operations: Vec<Operation>,
    /// Its id was assigned so many transactions earlier than its commit says.
    pub(crate) began_earlier: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Mishap {
    TargetFlushes,
    Keepalive,
    /// Ours. The server sends again from a commit that it chooses, at most what is confirmed.
    Crash {
        resent: Index,
    },
    /// The target's, which loses what it had not flushed.
    TargetCrash {
        resent: Index,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) messages: usize,
    /// Source transactions in a batch.
    pub(crate) batch: usize,
    pub(crate) mishap: Option<Mishap>,
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// For each table: the load saw this share of the commits, in either range of its key.
    pub(crate) loaded_after: [[Index; 2]; TABLES],
    pub(crate) steps: Vec<Step>,
}

pub(crate) fn transactions() -> impl Strategy<Value = Vec<Transaction>> {
    let table = || 0..TABLES;
    let key = || 0..KEYS;
    let values = || [0_u8..6, 0_u8..6];
    let operation = prop_oneof![
        8 => (table(), key(), values()).prop_map(|(table, key, values)| Operation::Insert { table, key, values }),
        8 => (table(), key(), values(), any::<bool>())
            .prop_map(|(table, key, values, keeps_second)| Operation::Update { table, key, values, keeps_second }),
        4 => (table(), key(), key(), prop::bool::weighted(0.2))
            .prop_map(|(table, from, to, keeps_second)| Operation::ChangeKey { table, from, to, keeps_second }),
        2 => (table(), key(), key()).prop_map(|(table, one, other)| Operation::SwapKeys { table, one, other }),
        5 => (table(), key()).prop_map(|(table, key)| Operation::Delete { table, key }),
        1 => prop::sample::subsequence((0..TABLES).collect::<Vec<_>>(), 1..=TABLES)
            .prop_map(|tables| Operation::Truncate { tables }),
    ];
    let transaction =
        (prop::collection::vec(operation, 0..6), 0_usize..4).prop_map(|(operations, began_earlier)| {
            Transaction {
                operations,
                began_earlier,
            }
        });
    prop::collection::vec(transaction, 1..14)
}

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    let mishap = prop_oneof![
        3 => Just(Mishap::TargetFlushes),
        1 => Just(Mishap::Keepalive),
        2 => any::<Index>().prop_map(|resent| Mishap::Crash { resent }),
        1 => any::<Index>().prop_map(|resent| Mishap::TargetCrash { resent }),
    ];
    let step =
        (1_usize..12, 1_usize..5, prop::option::of(mishap)).prop_map(|(messages, batch, mishap)| Step {
            messages,
            batch,
            mishap,
        });
    (any::<[[Index; 2]; TABLES]>(), prop::collection::vec(step, 0..12))
        .prop_map(|(loaded_after, steps)| Plan { loaded_after, steps })
}
