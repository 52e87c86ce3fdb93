//! Which tables have changed since they were last found equal, exactly, by LSN.
//!
//! Apply marks a table in the batch that changes it first after a standstill, with the batch's last commit LSN.
//! A standstill at a position lets through what commits below it and nothing else, so a mark at or above the
//! position says that the table changed after it, and one below that it did not. However hot a table is, it
//! costs one mark between two standstills; an idle one costs none.
//!
//! Owns which changes make a mark, and what marks say of a table. Refuses what goes past apply: a row that
//! somebody else writes on the target leaves no mark.

use std::collections::{BTreeSet, HashSet};

use transhume_wire::lsn::Lsn;

use crate::sides::Sides;

/// What apply has marked since the last standstill, or since it began to follow.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    marked: HashSet<u32>,
    /// Changed by the open batch.
    touched: BTreeSet<u32>,
}

impl Marks {
    /// The open batch changes this table.
    pub fn touch(&mut self, table: u32) {
        if !self.marked.contains(&table) {
            self.touched.insert(table);
        }
    }

    /// The batch ends: the tables that it must mark.
    pub fn take(&mut self) -> Vec<u32> {
        let fresh: Vec<u32> = std::mem::take(&mut self.touched).into_iter().collect();
        self.marked.extend(&fresh);
        fresh
    }

    /// Apply stands still with no batch open: whatever changes from now on is marked anew.
    pub fn forget(&mut self) {
        self.marked.clear();
    }
}

/// The comparison that last found a table equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean {
    /// The position that both sides stood at.
    pub at: Lsn,
    /// Number of the snapshot that its load had read under.
    pub loaded_under: Option<i32>,
    /// Of the table, as [`is_defined_alike`] reads them.
    pub shapes: Sides<String>,
}

/// Whether nothing was altered between two looks that gave these shapes of one table. The half before the colon tells its file
/// too, which TRUNCATE, whose changes are in the stream, and VACUUM FULL replace.
pub fn is_defined_alike(before: &str, now: &str) -> bool {
    let definition = |shape: &str| shape.split_once(':').map(|(_, definition)| definition.to_owned());
    definition(before).is_some() && definition(before) == definition(now)
}

/// What is known of a table at another position of both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTable {
    /// None: it was never found equal, or was found different since.
    pub clean: Option<Clean>,
    /// The latest mark.
    pub changed: Option<Lsn>,
    /// It is followed: neither loaded nor suspended.
    pub is_followed: bool,
    pub loaded_under: Option<i32>,
    pub shapes: Sides<String>,
}

impl KnownTable {
    /// Nothing that apply did or that a load or a definition can do has changed it since it was found equal.
    pub fn is_unchanged(&self) -> bool {
        let Some(clean) = &self.clean else {
            return false;
        };
        self.is_followed
            && self.loaded_under == clean.loaded_under
            && self.shapes == clean.shapes
            && self.changed.is_none_or(|changed| changed < clean.at)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const TABLES: u32 = 4;

    #[derive(Debug, Clone)]
    enum Event {
        /// A source transaction that changes these tables.
        Commit(Vec<u32>),
        /// The batch ends.
        BatchEnds,
        /// The batch is lost before it is committed, and its transactions are sent again.
        Restarts,
        /// A verification that finds these tables equal.
        Verifies(Vec<u32>),
        /// A standstill for some other purpose.
        Stands,
        Reloads(u32),
    }

    fn event() -> impl Strategy<Value = Event> {
        let tables = || proptest::collection::vec(0..TABLES, 0..3);
        prop_oneof![
            5 => tables().prop_map(Event::Commit),
            3 => Just(Event::BatchEnds),
            1 => Just(Event::Restarts),
            2 => tables().prop_map(Event::Verifies),
            1 => Just(Event::Stands),
            1 => (0..TABLES).prop_map(Event::Reloads),
        ]
    }

    /// Apply, and the naive truth beside it.
    #[derive(Default)]
    struct Model {
        marks: Marks,
        /// Stored on the target.
        stored: BTreeMap<u32, Lsn>,
        clean: BTreeMap<u32, Clean>,
        loads: BTreeMap<u32, i32>,
        now: u64,
        /// Commit LSNs and tables of the open batch.
        open: Vec<(u64, Vec<u32>)>,
        /// Whether the table really changed since it was found equal; none: it never was.
        truth: BTreeMap<u32, bool>,
    }

    impl Model {
        fn end_batch(&mut self) {
            let Some(last) = self.open.last().map(|(lsn, _)| Lsn(*lsn)) else {
                return;
            };
            for table in self.marks.take() {
                self.stored.insert(table, last);
            }
            for table in self.open.drain(..).flat_map(|(_, tables)| tables) {
                self.truth.entry(table).and_modify(|changed| *changed = true);
            }
        }

        fn stand(&mut self) -> Lsn {
            self.end_batch();
            self.marks.forget();
            // A consistent point lies between two commits.
            self.now += 1;
            Lsn(self.now)
        }

        fn take(&mut self, event: Event) {
            match event {
                Event::Commit(tables) => {
                    self.now += 2;
                    for table in &tables {
                        self.marks.touch(*table);
                    }
                    self.open.push((self.now, tables));
                }
                Event::BatchEnds => self.end_batch(),
                Event::Restarts => {
                    self.marks = Marks::default();
                    let again = self.open.iter().flat_map(|(_, tables)| tables);
                    again.for_each(|table| self.marks.touch(*table));
                }
                Event::Verifies(tables) => {
                    let at = self.stand();
                    for table in tables {
                        let loaded_under = self.loads.get(&table).copied();
                        let shapes = Sides::default();
                        let clean = Clean {
                            at,
                            loaded_under,
                            shapes,
                        };
                        self.clean.insert(table, clean);
                        self.truth.insert(table, false);
                    }
                }
                Event::Stands => drop(self.stand()),
                Event::Reloads(table) => {
                    *self.loads.entry(table).or_default() += 1;
                    self.truth.entry(table).and_modify(|changed| *changed = true);
                }
            }
        }

        fn known(&self, table: u32) -> KnownTable {
            KnownTable {
                clean: self.clean.get(&table).cloned(),
                changed: self.stored.get(&table).copied(),
                is_followed: true,
                loaded_under: self.loads.get(&table).copied(),
                shapes: Sides::default(),
            }
        }
    }

    proptest! {
        #[test]
        fn a_table_is_unchanged_exactly_when_nothing_changed_it(
            events in proptest::collection::vec(event(), 0..60),
        ) {
            let mut model = Model::default();
            for event in events {
                model.take(event);
                if !model.open.is_empty() {
                    continue;
                }
                for table in 0..TABLES {
                    let unchanged = model.truth.get(&table) == Some(&false);
                    prop_assert_eq!(model.known(table).is_unchanged(), unchanged, "table {}", table);
                }
            }
        }
    }

    #[test]
    fn a_hot_table_is_marked_once_between_two_standstills() {
        let mut marks = Marks::default();
        for expected in [vec![7], vec![], vec![8]] {
            marks.touch(7);
            for table in &expected {
                marks.touch(*table);
            }
            assert_eq!(marks.take(), expected);
        }
        marks.forget();
        marks.touch(7);
        assert_eq!(marks.take(), [7]);
    }

    #[test]
    fn another_file_is_no_other_definition() {
        assert!(is_defined_alike("a:x", "b:x"));
        assert!(!is_defined_alike("a:x", "a:y"));
        assert!(!is_defined_alike("", ""));
    }

    #[test]
    fn whatever_is_in_doubt_is_compared() {
        let shapes = Sides {
            source: "a".to_owned(),
            target: "b".to_owned(),
        };
        let sound = KnownTable {
            clean: Some(Clean {
                at: Lsn(10),
                loaded_under: Some(1),
                shapes: shapes.clone(),
            }),
            changed: Some(Lsn(9)),
            is_followed: true,
            loaded_under: Some(1),
            shapes,
        };
        assert!(sound.is_unchanged());
        let doubts: [fn(&mut KnownTable); 6] = [
            |known| known.clean = None,
            |known| known.changed = Some(Lsn(10)),
            |known| known.is_followed = false,
            |known| known.loaded_under = Some(2),
            |known| known.loaded_under = None,
            |known| known.shapes.target.push('x'),
        ];
        for doubt in doubts {
            let mut known = sound.clone();
            doubt(&mut known);
            assert!(!known.is_unchanged(), "{known:?}");
        }
    }
}
