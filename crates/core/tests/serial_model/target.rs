//! A target that writes what core decided, and refuses what a server would: wrong row counts, and keys that are there twice.

use transhume_core::follow::{
    change::{Change, RowIdentity},
    net::{self, Net, SetChanges, Shape, Shapes},
    read_ranges::{HasRead, ReadRange, ReadRanges},
};
use transhume_wire::{
    lsn::Lsn,
    pgoutput::{ColumnValue, Tuple},
};

use proptest::sample::Index;

use super::{
    history::{KEYLESS, SECOND_RANGE, TABLES},
    source::{Row, Source, Tables},
};

#[derive(Debug, Clone)]
struct State {
    tables: Tables,
    frontier: Lsn,
}

#[derive(Debug)]
pub(crate) struct Target {
    /// Every committed state that a crash may go back to; the last is the present.
    states: Vec<State>,
    /// What was loaded: the ranges with their snapshots, and how many commits each saw.
    loads: [(ReadRanges, [usize; 2]); TABLES],
}

/// Of a table that was read after so many commits, in either range.
fn load_of(source: &Source, seen: [usize; 2]) -> (ReadRanges, [usize; 2]) {
    let starts = [None, Some(i64::from(SECOND_RANGE))];
    let ranges = starts.into_iter().zip(seen).map(|(from, seen)| ReadRange {
        from,
        snapshot: Some(source.snapshot_after(seen)),
    });
    let ranges = ReadRanges::new("key".to_owned(), ranges).expect("the ranges touch");
    (ranges, seen)
}

/// The table as it was after so many commits, in either range.
fn rows_after(source: &Source, table: usize, seen: [usize; 2]) -> Vec<Row> {
    let range = |row: &Row| usize::from(row[0] >= SECOND_RANGE);
    let of_range = |place: usize| {
        let rows = source.after(seen[place])[table].iter();
        rows.filter(move |row| range(row) == place).copied()
    };
    [0, 1].into_iter().flat_map(of_range).collect()
}

impl Target {
    pub(crate) fn load(source: &Source, loaded_after: [[Index; 2]; TABLES]) -> Self {
        let commits = source.transactions.len() + 1;
        let mut seen = loaded_after.map(|ranges| ranges.map(|index| index.index(commits)));
        seen[KEYLESS][1] = seen[KEYLESS][0];
        let mut tables = Tables::default();
        for (table, seen) in seen.iter().enumerate() {
            tables[table] = rows_after(source, table, *seen);
        }
        let loads = seen.map(|seen| load_of(source, seen));
        let state = State {
            tables,
            frontier: Source::start(),
        };
        Self {
            states: vec![state],
            loads,
        }
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.present().tables
    }

    pub(crate) fn frontier(&self) -> Lsn {
        self.present().frontier
    }

    pub(crate) fn durable_frontier(&self) -> Lsn {
        self.states[0].frontier
    }

    fn present(&self) -> &State {
        self.states.last().expect("invariant: the loaded state is there")
    }

    /// Position in the target's own WAL: so many commits.
    pub(crate) fn flush(&mut self) {
        self.states.drain(..self.states.len() - 1);
    }

    pub(crate) fn crash(&mut self) {
        self.states.truncate(1);
    }

    /// How much the table's load has read of what this transaction did.
    pub(crate) fn has_read(&self, relation: u32, xid: u32) -> HasRead {
        self.ranges(relation).has_read(xid)
    }

    pub(crate) fn ranges(&self, relation: u32) -> &ReadRanges {
        &self.loads[relation as usize].0
    }

    /// As late as can be, and so that no crash takes it back.
    pub(crate) fn load_anew(&mut self, source: &Source, relation: u32) {
        let (table, seen) = (relation as usize, [source.transactions.len(); 2]);
        self.loads[table] = load_of(source, seen);
        for state in &mut self.states {
            state.tables[table] = rows_after(source, table, seen);
        }
    }

    /// One batch in one transaction. What commits must be a moment of the source.
    pub(crate) fn write(&mut self, source: &Source, changes: &[(u32, Change)], frontier: Lsn) {
        let mut tables = self.present().tables.clone();
        let only: Vec<Change> = changes.iter().map(|(_, change)| change.clone()).collect();
        let shapes = shapes();
        let batch = net::collapse(&shapes, &only);
        for (relation, net) in &batch.relations {
            if let Net::Set(set) = net {
                write_set(&mut tables[*relation as usize], set);
            }
        }
        let serial = batch.serial_relations();
        for (xid, change) in changes {
            if change
                .relations()
                .iter()
                .any(|relation| serial.contains(relation))
            {
                self.write_one(&mut tables, *xid, change);
            }
        }
        for rows in &mut tables {
            rows.sort_unstable();
        }
        let reached = source.commits_up_to(frontier);
        for (table, rows) in tables.iter().enumerate() {
            let moments = self.loads[table].1.map(|seen| seen.max(reached));
            assert_eq!(
                *rows,
                rows_after(source, table, moments),
                "table {table} at {frontier}, which is commit {reached}"
            );
        }
        self.states.push(State { tables, frontier });
    }

    fn write_one(&self, tables: &mut Tables, xid: u32, change: &Change) {
        match change {
            Change::Insert { relation, new } => tables[*relation as usize].push(row_of(new)),
            Change::Update {
                relation,
                identity,
                new,
            } => {
                let row = find(&mut tables[*relation as usize], identity);
                for (value, sent) in row.iter_mut().zip(&new.0) {
                    if *sent != ColumnValue::Unchanged {
                        *value = number(sent);
                    }
                }
            }
            Change::Delete { relation, identity } => {
                let rows = &mut tables[*relation as usize];
                let row = *find(rows, identity);
                let place = rows.iter().position(|other| *other == row).expect("it was found");
                rows.remove(place);
            }
            Change::Truncate { relations, .. } => {
                for relation in relations
                    .iter()
                    .filter(|relation| self.has_read(**relation, xid) != HasRead::All)
                {
                    tables[*relation as usize].clear();
                }
            }
        }
        assert!(
            tables[..KEYLESS].iter().all(|rows| is_unique(rows)),
            "a key twice after {change:?}"
        );
    }
}

/// The second table's identity is its whole row; the target's key is what it is netted by. The third has no key.
fn shapes() -> Shapes {
    let shape = |relation: u32| Shape {
        width: 3,
        key: if relation as usize == KEYLESS {
            vec![]
        } else {
            vec![0]
        },
    };
    (0..3).map(|relation| (relation, shape(relation))).collect()
}

fn write_set(rows: &mut Vec<Row>, set: &SetChanges<'_>) {
    let place = |rows: &[Row], columns: &[usize], key: &[&ColumnValue]| {
        let holds = |row: &Row| {
            columns
                .iter()
                .zip(key)
                .all(|(column, value)| row[*column] == number(value))
        };
        rows.iter().position(holds)
    };
    for key in set.deletes.iter() {
        let place = place(rows, &set.deletes.columns, key).expect("delete finds no row");
        rows.remove(place);
    }
    for group in &set.updates {
        for (key, values) in group.keys.iter().zip(group.values.iter()) {
            let place = place(rows, &group.keys.columns, key).expect("update finds no row");
            for (column, value) in group.values.columns.iter().zip(values) {
                rows[place][*column] = number(value);
            }
        }
    }
    rows.extend(
        set.inserts
            .iter()
            .map(|row| [number(row[0]), number(row[1]), number(row[2])]),
    );
}

/// Exactly one, where there are equal ones.
fn find<'a>(rows: &'a mut [Row], identity: &RowIdentity) -> &'a mut Row {
    let matches = |row: &Row| match identity {
        RowIdentity::Key(key) => key.iter().all(|(column, value)| row[*column] == number(value)),
        RowIdentity::WholeRow(whole) => *row == row_of(whole),
    };
    rows.iter_mut()
        .find(|row| matches(row))
        .expect("the change finds no row")
}

fn is_unique(rows: &[Row]) -> bool {
    let mut keys: Vec<u8> = rows.iter().map(|row| row[0]).collect();
    keys.sort_unstable();
    keys.is_sorted_by(|left, right| left < right)
}

fn row_of(image: &Tuple) -> Row {
    [number(&image.0[0]), number(&image.0[1]), number(&image.0[2])]
}

fn number(value: &ColumnValue) -> u8 {
    match value {
        ColumnValue::Text(text) => {
            let text = std::str::from_utf8(text).expect("the source's own text");
            text.parse().expect("the source's own number")
        }
        other => panic!("{other:?} is no number"),
    }
}
