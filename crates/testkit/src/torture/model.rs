//! What the database was after each commit of the source, kept in memory: the judge of every state of the target.
//!
//! Fed by [`super::decoded`] in commit order. A change that fits no row of the model is an error of the harness.

use std::collections::{BTreeMap, HashMap};

use super::{
    decoded::{Columns, Decoded, Value},
    reading::Frozen,
};

/// More of them say nothing new.
const ROWS_SHOWN: usize = 4;

pub(super) type Row = Vec<Value>;

/// One table as read from a server.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    pub(super) columns: Vec<String>,
    /// Places of the columns that identify a row; none: all of them do.
    pub(super) key: Vec<usize>,
    pub(super) rows: Vec<Row>,
    /// The tables that hold its rows: itself, or the partitions of a tree that places its rows otherwise on another server.
    pub(super) stores: Vec<String>,
}

#[derive(Debug, Default)]
struct Table {
    columns: Vec<String>,
    key: Vec<usize>,
    /// By the values of the key; rows without one by all of their values, as often as they are there.
    rows: HashMap<Row, (Row, usize)>,
    /// The commit that touched these values of the key last.
    touched: HashMap<Row, u64>,
}

#[derive(Debug)]
struct Transaction {
    end: u64,
    changes: Vec<Decoded>,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    tables: BTreeMap<String, Table>,
    /// Under which name the rows of a table are kept.
    kept_under: HashMap<String, String>,
    waiting: Vec<Transaction>,
    /// End LSN of the last transaction that it heard of.
    heard: u64,
    /// End LSN of the last transaction that it shows.
    pub(super) at: u64,
}

impl Model {
    pub(super) fn of(tables: BTreeMap<String, Contents>) -> Self {
        let kept_under = tables.iter().flat_map(|(name, contents)| {
            let stores = contents.stores.iter();
            stores.map(|store| (store.clone(), name.clone()))
        });
        let kept_under = kept_under.collect();
        let build = |contents: Contents| {
            let mut table = Table {
                columns: contents.columns,
                key: contents.key,
                ..Table::default()
            };
            for row in contents.rows {
                table.add(row);
            }
            table
        };
        Self {
            tables: tables
                .into_iter()
                .map(|(name, contents)| (name, build(contents)))
                .collect(),
            kept_under,
            ..Self::default()
        }
    }

    /// Takes a whole transaction that the slot gave. One that a slot sends again after a crash is dropped.
    pub(super) fn hear(&mut self, end: u64, changes: Vec<Decoded>) {
        if end > self.heard {
            self.heard = end;
            self.waiting.push(Transaction { end, changes });
        }
    }

    /// Shows the source as of all commits that end at or before this LSN.
    pub(super) fn advance(&mut self, lsn: u64) -> Result<(), String> {
        let count = self
            .waiting
            .iter()
            .take_while(|waiting| waiting.end <= lsn)
            .count();
        for transaction in self.waiting.drain(..count).collect::<Vec<_>>() {
            self.at = transaction.end;
            for change in transaction.changes {
                self.apply(change, transaction.end)?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, change: Decoded, lsn: u64) -> Result<(), String> {
        match change {
            Decoded::Truncate { tables } => {
                for store in tables {
                    let Some(name) = self.kept_under.get(&store) else {
                        continue;
                    };
                    if *name != store {
                        return Err(format!(
                            "{store} was truncated, of which {name} holds more than its rows"
                        ));
                    }
                    if let Some(table) = self.tables.get_mut(name) {
                        let keys: Vec<Row> = table.rows.drain().map(|(key, _)| key).collect();
                        table.touched.extend(keys.into_iter().map(|key| (key, lsn)));
                    }
                }
                Ok(())
            }
            Decoded::Insert { table, new } => self.change(&table, None, Some(new), lsn),
            Decoded::Delete { table, old } => self.change(&table, Some(old), None, lsn),
            Decoded::Update { table, old, new } => {
                let old = if old.is_empty() { new.clone() } else { old };
                self.change(&table, Some(old), Some(new), lsn)
            }
            Decoded::Commit | Decoded::Nothing => Ok(()),
        }
    }

    fn change(
        &mut self,
        store: &str,
        old: Option<Columns>,
        new: Option<Columns>,
        lsn: u64,
    ) -> Result<(), String> {
        // Tables that are not compared, unlogged and temporary ones, are none of its own.
        let Some(name) = self.kept_under.get(store) else {
            return Ok(());
        };
        let Some(table) = self.tables.get_mut(name) else {
            return Ok(());
        };
        let mut row: Row = vec![None; table.columns.len()];
        if let Some(old) = old {
            let sought = table.key_of(&table.row(old, &row));
            row = table
                .remove(&sought)
                .ok_or_else(|| format!("the model of {name} has no row {sought:?} at {lsn:X}"))?;
            table.touched.insert(sought, lsn);
        }
        if let Some(new) = new {
            let row = table.row(new, &row);
            table.touched.insert(table.key_of(&row), lsn);
            table.add(row);
        }
        Ok(())
    }

    /// What differs from it, and the first commit that is wrong.
    pub(super) fn differences(&self, found: &Frozen) -> Vec<String> {
        let mut told = Vec::new();
        for (name, table) in &self.tables {
            match found.tables.get(name) {
                Some(contents) => told.extend(table.differences(name, contents)),
                None if found.rewritten.contains(name) => {}
                None => told.push(format!("{name} is missing")),
            }
        }
        told
    }
}

impl Table {
    fn row(&self, columns: Columns, before: &Row) -> Row {
        let mut row = before.clone();
        for (name, value) in columns {
            if let Some(place) = self.columns.iter().position(|column| *column == name) {
                row[place] = value;
            }
        }
        row
    }

    fn key_of(&self, row: &Row) -> Row {
        if self.key.is_empty() {
            return row.clone();
        }
        self.key.iter().map(|place| row[*place].clone()).collect()
    }

    fn add(&mut self, row: Row) {
        let entry = self
            .rows
            .entry(self.key_of(&row))
            .or_insert_with(|| (row.clone(), 0));
        entry.0 = row;
        entry.1 += 1;
    }

    fn remove(&mut self, key: &Row) -> Option<Row> {
        let entry = self.rows.get_mut(key)?;
        entry.1 -= 1;
        let row = entry.0.clone();
        if entry.1 == 0 {
            self.rows.remove(key);
        }
        Some(row)
    }

    fn differences(&self, name: &str, found: &Contents) -> Option<String> {
        // Surplus of the target, by row.
        let mut counts: BTreeMap<&Row, i64> = BTreeMap::new();
        for row in &found.rows {
            *counts.entry(row).or_default() += 1;
        }
        for (row, count) in self.rows.values() {
            *counts.entry(row).or_default() -= i64::try_from(*count).unwrap_or(i64::MAX);
        }
        counts.retain(|_, count| *count != 0);
        let first = counts
            .keys()
            .filter_map(|row| self.touched.get(&self.key_of(row)))
            .min();
        let first = first.map_or_else(
            || "before the first commit".to_owned(),
            |lsn| crate::torture::lsn_text(*lsn),
        );
        let shown = counts.iter().take(ROWS_SHOWN).map(|(row, count)| {
            let text: Vec<&str> = row
                .iter()
                .map(|value| value.as_deref().unwrap_or("null"))
                .collect();
            let side = if *count < 0 { "missing" } else { "surplus" };
            format!("\n    {side} {} times: {:.200}", count.abs(), text.join("|"))
        });
        let shown: String = shown.collect();
        (!counts.is_empty()).then(|| {
            format!(
                "{name}: {} rows, {} distinct ones differ, first bad commit {first}{shown}",
                found.rows.len(),
                counts.len()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torture::decoded::read;

    fn contents(rows: &[(&str, &str)]) -> Contents {
        let some = |text: &str| Some(text.to_owned());
        Contents {
            columns: vec!["id".to_owned(), "x".to_owned()],
            key: vec![0],
            rows: rows.iter().map(|(id, x)| vec![some(id), some(x)]).collect(),
            stores: vec!["s.t".to_owned()],
        }
    }

    #[test]
    fn it_shows_the_source_at_a_commit_and_names_the_first_that_is_wrong() {
        let start = BTreeMap::from([("s.t".to_owned(), contents(&[("1", "a")]))]);
        let mut model = Model::of(start);
        let hear =
            |model: &mut Model, end, line| model.hear(end, vec![read(line).unwrap_or(Decoded::Nothing)]);
        hear(&mut model, 12, "table s.t: UPDATE: id[integer]:1 x[text]:'b'");
        let moved = "table s.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 x[text]:unchanged-toast-datum";
        hear(&mut model, 22, moved);
        hear(
            &mut model,
            12,
            "table s.t: UPDATE: id[integer]:9 x[text]:'sent again'",
        );
        let differences = |model: &Model, rows: &[(&str, &str)]| {
            model.differences(&Frozen {
                tables: BTreeMap::from([("s.t".to_owned(), contents(rows))]),
                ..Frozen::default()
            })
        };
        assert_eq!(model.advance(21), Ok(()));
        assert_eq!(differences(&model, &[("1", "b")]), Vec::<String>::new());
        assert_eq!(model.advance(22), Ok(()));
        assert_eq!(differences(&model, &[("2", "b")]), Vec::<String>::new());
        let wrong = differences(&model, &[("1", "b")]);
        assert!(wrong[0].contains("first bad commit 0/16"), "{wrong:?}");
    }
}
