//! A source that runs what it is told, one transaction after the other, and says what its stream would say.

use bytes::Bytes;
use transhume_core::follow::visibility::Snapshot;
use transhume_wire::{
    ident::QualifiedName,
    lsn::Lsn,
    pgoutput::{Begin, ColumnValue, Commit, Message, OldTuple, Relation, RelationColumn, Tuple},
};

use super::history::{KEYLESS, Operation, TABLES, Transaction};

/// Key, plain value, value that may not be sent.
pub(crate) type Row = [u8; 3];
/// As multisets: rows without a key may be equal.
pub(crate) type Tables = [Vec<Row>; TABLES];

/// WAL of one transaction, and of its commit record alone.
const WAL_OF_ONE: u64 = 100;
const WAL_OF_COMMIT: u64 = 10;
/// Where the slot begins; ids of earlier transactions are visible to every snapshot.
const START: Lsn = Lsn(1_000);
const FIRST_XID: u32 = 700;

#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) xid: u32,
    pub(crate) end_lsn: Lsn,
    pub(crate) messages: Vec<Message>,
}

#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) transactions: Vec<Committed>,
    /// What the tables were after so many commits.
    states: Vec<Tables>,
}

impl Source {
    pub(crate) fn run(history: &[Transaction]) -> Self {
        let xids = xids(history);
        let mut tables: Tables = [
            vec![[0, 1, 1], [1, 2, 2]],
            vec![[0, 1, 1]],
            vec![[0, 0, 0], [0, 0, 0]],
        ];
        let (mut states, mut transactions) = (vec![sorted(&tables)], Vec::new());
        for (index, transaction) in history.iter().enumerate() {
            // Where all else was written before, the commit record begins where the one before ended.
            let of_commit = if transaction.began_earlier > 1 {
                WAL_OF_ONE
            } else {
                WAL_OF_COMMIT
            };
            let (commit_lsn, end_lsn) = (lsn(index + 1, of_commit), lsn(index + 1, 0));
            let mut messages = vec![Message::Begin(Begin {
                final_lsn: commit_lsn,
                commit_time_micros: 0,
                xid: xids[index],
            })];
            messages.extend((0..TABLES).map(|table| Message::Relation(relation(table))));
            for operation in &transaction.operations {
                run(&mut tables, operation, &mut messages);
            }
            messages.push(Message::Commit(Commit {
                commit_lsn,
                end_lsn,
                commit_time_micros: 0,
            }));
            states.push(sorted(&tables));
            transactions.push(Committed {
                xid: xids[index],
                end_lsn,
                messages,
            });
        }
        Self { transactions, states }
    }

    /// The tables after so many commits, rows in order.
    pub(crate) fn after(&self, commits: usize) -> &Tables {
        &self.states[commits]
    }

    /// Commits that end at or below.
    pub(crate) fn commits_up_to(&self, lsn: Lsn) -> usize {
        self.transactions.iter().filter(|one| one.end_lsn <= lsn).count()
    }

    /// The snapshot that a server would take after so many commits.
    pub(crate) fn snapshot_after(&self, commits: usize) -> Snapshot {
        let (seen, unseen) = self.transactions.split_at(commits);
        let xmax = seen
            .iter()
            .map(|one| u64::from(one.xid) + 1)
            .max()
            .unwrap_or(u64::from(FIRST_XID));
        let mut in_progress: Vec<u64> = unseen
            .iter()
            .map(|one| u64::from(one.xid))
            .filter(|xid| *xid < xmax)
            .collect();
        in_progress.sort_unstable();
        Snapshot {
            xmin: in_progress.first().copied().unwrap_or(xmax),
            xmax,
            in_progress,
        }
    }

    pub(crate) fn start() -> Lsn {
        START
    }
}

/// End of the WAL of so many transactions, less this much.
fn lsn(transactions: usize, less: u64) -> Lsn {
    Lsn(START.0 + WAL_OF_ONE * transactions as u64 - less)
}

/// Ids in the order of beginning, which is not that of committing.
fn xids(history: &[Transaction]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..history.len()).collect();
    order.sort_by_key(|index| (index.saturating_sub(history[*index].began_earlier), *index));
    let mut xids = vec![0; history.len()];
    for (xid, index) in (FIRST_XID..).zip(order) {
        xids[index] = xid;
    }
    xids
}

fn sorted(tables: &Tables) -> Tables {
    let mut sorted = tables.clone();
    for rows in &mut sorted {
        rows.sort_unstable();
    }
    sorted
}

pub(crate) fn relation(table: usize) -> Relation {
    let column = |(place, name): (usize, &str)| RelationColumn {
        is_key: table > 0 || place == 0,
        name: name.to_owned(),
        type_oid: 21,
        type_modifier: -1,
    };
    Relation {
        id: u32::try_from(table).expect("there are few tables"),
        name: QualifiedName::new("public", format!("table {table}")),
        replica_identity: if table == 0 { b'd' } else { b'f' },
        columns: ["key", "plain", "large"]
            .into_iter()
            .enumerate()
            .map(column)
            .collect(),
    }
}

fn run(tables: &mut Tables, operation: &Operation, messages: &mut Vec<Message>) {
    match *operation {
        Operation::Insert {
            table,
            key,
            values: [plain, large],
        } => {
            if table == KEYLESS || place(tables, table, key).is_none() {
                let row = [key, plain, large];
                tables[table].push(row);
                messages.push(Message::Insert {
                    relation_id: relation(table).id,
                    new: image(row),
                });
            }
        }
        Operation::Update {
            table,
            key,
            values: [plain, large],
            keeps_second,
        } => {
            update(
                tables,
                table,
                key,
                messages,
                |row| [row[0], plain, if keeps_second { row[2] } else { large }],
                keeps_second,
            );
        }
        Operation::ChangeKey {
            table,
            from,
            to,
            keeps_second,
        } => {
            change_key(tables, table, (from, to), keeps_second, messages);
        }
        Operation::SwapKeys { table, one, other } => {
            let free = 200;
            if one != other && place(tables, table, one).is_some() && place(tables, table, other).is_some() {
                for step in [(one, free), (other, one), (free, other)] {
                    change_key(tables, table, step, false, messages);
                }
            }
        }
        Operation::Delete { table, key } => {
            if let Some(place) = place(tables, table, key) {
                let row = tables[table].remove(place);
                messages.push(Message::Delete {
                    relation_id: relation(table).id,
                    old: old(table, row),
                });
            }
        }
        Operation::Truncate { tables: ref emptied } => {
            for table in emptied {
                tables[*table].clear();
            }
            messages.push(Message::Truncate {
                relation_ids: emptied.iter().map(|table| relation(*table).id).collect(),
                cascade: false,
                restart_identity: false,
            });
        }
    }
}

fn change_key(
    tables: &mut Tables,
    table: usize,
    (from, to): (u8, u8),
    keeps: bool,
    messages: &mut Vec<Message>,
) {
    if table == KEYLESS || place(tables, table, to).is_none() {
        update(tables, table, from, messages, |row| [to, row[1], row[2]], keeps);
    }
}

fn update(
    tables: &mut Tables,
    table: usize,
    key: u8,
    messages: &mut Vec<Message>,
    change: impl Fn(Row) -> Row,
    keeps_second: bool,
) {
    let Some(place) = place(tables, table, key) else {
        return;
    };
    let before = tables[table][place];
    let after = change(before);
    tables[table][place] = after;
    let mut new = image(after);
    if keeps_second {
        new.0[2] = ColumnValue::Unchanged;
    }
    let sends_old = table > 0 || before[0] != after[0];
    messages.push(Message::Update {
        relation_id: relation(table).id,
        old: sends_old.then(|| old(table, before)),
        new,
    });
}

fn place(tables: &Tables, table: usize, key: u8) -> Option<usize> {
    tables[table].iter().position(|row| row[0] == key)
}

fn old(table: usize, row: Row) -> OldTuple {
    if table > 0 {
        return OldTuple::Full(image(row));
    }
    let mut key = image(row);
    key.0[1..].fill(ColumnValue::Null);
    OldTuple::Key(key)
}

fn image(row: Row) -> Tuple {
    let text = |value: u8| ColumnValue::Text(Bytes::from(value.to_string()));
    Tuple(row.map(text).into())
}
