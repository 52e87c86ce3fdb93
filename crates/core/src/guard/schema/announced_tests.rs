use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::guard::schema::tests::shape;

fn detail(column: &ColumnFacts) -> ColumnDetail {
    ColumnDetail {
        number: column.number,
        definition: column.name.clone(),
        added_default: None,
        default: None,
        is_not_null_later: false,
        is_by_value: true,
    }
}

fn described(facts: TableFacts) -> DescribedTable {
    DescribedTable {
        details: facts.columns.iter().map(detail).collect(),
        facts,
        generated: Vec::new(),
    }
}

fn followed(source: &TableFacts, target: &TableFacts) -> Followed {
    Followed {
        oid: source.oid,
        name: target.name.clone(),
        state: RelationState::Loaded,
        partitions: Vec::new(),
        remembered: Some(Remembered::in_step(source, target)),
    }
}

fn of(alter: impl Fn(&mut DescribedTable)) -> Option<Vec<SchemaStep>> {
    let before = shape("t");
    let mut now = described(before.clone());
    alter(&mut now);
    steps(&followed(&before, &before), &now, &described(before.clone()))
}

#[test]
fn what_is_in_step_takes_no_steps() {
    assert_eq!(of(|_| {}), Some(Vec::new()));
}

#[test]
fn a_table_whose_rows_were_written_anew_takes_no_step() {
    let rewritten = of(|now| {
        now.facts.filenode += 1;
        now.facts.columns[0].version += 1;
        now.facts.columns[0].type_oid += 1;
    });
    assert_eq!(rewritten, None);
}

#[test]
fn a_table_that_is_not_loaded_or_whose_rows_are_elsewhere_takes_no_step() {
    let facts = shape("t");
    let now = described(facts.clone());
    let mut loading = followed(&facts, &facts);
    loading.state = RelationState::Loading;
    assert_eq!(steps(&loading, &now, &now), None);
    let mut elsewhere = now.clone();
    elsewhere.facts.oid += 1;
    assert_eq!(steps(&followed(&facts, &facts), &now, &elsewhere), None);
}

#[test]
fn a_column_whose_values_are_not_known_is_not_added() {
    let added = |is_by_value| {
        of(|now| {
            let mut model = Model(now.clone());
            model.add("added", Some(1), 100);
            *now = model.0;
            now.details[2].is_by_value = is_by_value;
        })
    };
    assert_eq!(added(false), None);
    assert!(matches!(
        added(true).unwrap().as_slice(),
        [SchemaStep::Add { .. }]
    ));
}

/// What a statement does to one table.
#[derive(Debug, Clone)]
enum Clause {
    Add { name: usize, default: Option<u8> },
    Drop { column: usize },
    Rename { column: usize, name: usize },
    RenameTable { name: usize },
    NotNull { column: usize, is_set: bool },
    Default { column: usize, default: Option<u8> },
    Retype { column: usize, kind: u32 },
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn clause() -> impl Strategy<Value = Clause> {
    let default = || proptest::option::of(0..3_u8);
    prop_oneof![
        3 => (0..NAMES.len(), default()).prop_map(|(name, default)| Clause::Add { name, default }),
        2 => (0..8_usize).prop_map(|column| Clause::Drop { column }),
        4 => (0..8_usize, 0..NAMES.len()).prop_map(|(column, name)| Clause::Rename { column, name }),
        1 => (0..NAMES.len()).prop_map(|name| Clause::RenameTable { name }),
        2 => (0..8_usize, any::<bool>()).prop_map(|(column, is_set)| Clause::NotNull { column, is_set }),
        2 => (0..8_usize, default()).prop_map(|(column, default)| Clause::Default { column, default }),
        1 => (0..8_usize, 0..3_u32).prop_map(|(column, kind)| Clause::Retype { column, kind }),
    ]
}

/// Name, type, NOT NULL and default.
type Shown = (String, String, bool, Option<String>);

/// A server's table, as far as these statements alter it.
#[derive(Debug, Clone)]
struct Model(DescribedTable);

impl Model {
    fn number_of(&self, name: &str) -> Option<usize> {
        let mut columns = self.0.facts.columns.iter();
        columns.position(|column| column.name == name)
    }

    fn add(&mut self, name: &str, default: Option<u8>, version: i64) {
        self.0.facts.attributes += 1;
        let default = default.map(|value| value.to_string());
        let column = ColumnFacts {
            number: self.0.facts.attributes,
            name: name.to_owned(),
            version,
            has_default: default.is_some(),
            has_remembered_value: default.is_some(),
            ..self.0.facts.columns[0].clone()
        };
        self.0.details.push(ColumnDetail {
            added_default: default.clone(),
            default,
            ..detail(&column)
        });
        self.0.facts.columns.push(column);
    }

    fn remove(&mut self, place: usize) {
        self.0.facts.columns.remove(place);
        self.0.details.remove(place);
    }

    /// False where a server would refuse it; the first column is the key.
    fn alter(&mut self, clause: &Clause, version: i64) -> bool {
        let columns = self.0.facts.columns.len();
        let place = |column: &usize| 1 + column % (columns - 1).max(1);
        match clause {
            Clause::Add { name, default } => {
                let is_free = self.number_of(NAMES[*name]).is_none();
                if is_free {
                    self.add(NAMES[*name], *default, version);
                }
                is_free
            }
            Clause::Drop { column } => {
                if columns > 2 {
                    self.remove(place(column));
                }
                columns > 2
            }
            Clause::Rename { column, name } => {
                let is_free = self.number_of(NAMES[*name]).is_none();
                if is_free {
                    let column = &mut self.0.facts.columns[place(column)];
                    NAMES[*name].clone_into(&mut column.name);
                    column.version = version;
                }
                is_free
            }
            Clause::RenameTable { name } => {
                NAMES[*name].clone_into(&mut self.0.facts.name.name);
                true
            }
            Clause::NotNull { column, is_set } => {
                let column = &mut self.0.facts.columns[place(column)];
                (column.not_null, column.version) = (*is_set, version);
                true
            }
            Clause::Default { column, default } => {
                self.0.details[place(column)].default = default.map(|value| value.to_string());
                true
            }
            Clause::Retype { column, kind } => {
                let column = &mut self.0.facts.columns[place(column)];
                column.type_oid = 1000 + kind;
                column.type_name = format!("type{kind}");
                column.version = version;
                true
            }
        }
    }

    /// As a server runs the statement of a step.
    fn run(&mut self, step: &SchemaStep, source: &DescribedTable) {
        match step {
            SchemaStep::Change(change) => self.change(&change.kind, &change.table),
            SchemaStep::Add { definition, .. } => {
                assert_eq!(self.number_of(definition), None, "the name is taken");
                let detail = source.facts.columns.iter().zip(&source.details);
                let (column, detail) = detail
                    .clone()
                    .find(|(column, _)| column.name == *definition)
                    .unwrap();
                self.add(definition, None, 0);
                let (there, its) = (
                    self.0.facts.columns.last_mut().unwrap(),
                    self.0.details.last_mut().unwrap(),
                );
                its.default.clone_from(&detail.added_default);
                there.type_oid = column.type_oid;
                there.type_name.clone_from(&column.type_name);
                there.not_null = column.not_null && !detail.is_not_null_later;
            }
            SchemaStep::NotNull { column, is_set, .. } => {
                let place = self.number_of(column).expect("the column is there");
                self.0.facts.columns[place].not_null = *is_set;
            }
            SchemaStep::NoLongerComputed { .. } => panic!("no column of the model is computed"),
            SchemaStep::Default {
                column, expression, ..
            } => {
                let place = self.number_of(column).expect("the column is there");
                self.0.details[place].default.clone_from(expression);
            }
        }
    }

    fn change(&mut self, kind: &ChangeKind, table: &QualifiedName) {
        match kind {
            ChangeKind::Renamed { before, .. } => {
                assert_eq!(*before, self.0.facts.name);
                self.0.facts.name = table.clone();
            }
            ChangeKind::ColumnGone { column, .. } => self.remove(self.number_of(column).unwrap()),
            ChangeKind::ColumnRenamed {
                before,
                after,
                is_occupied,
            } => {
                if let Some(taken) = self.number_of(after) {
                    assert!(*is_occupied, "the name is taken");
                    self.0.facts.columns[taken].name = format!("{after}__aside");
                }
                // One that stood in the way has its other name by now.
                let aside = format!("{before}__aside");
                let place = self.number_of(before).or_else(|| self.number_of(&aside)).unwrap();
                self.0.facts.columns[place].name.clone_from(after);
            }
            ChangeKind::ColumnRetyped { column, type_name } => {
                let place = self.number_of(column).unwrap();
                let kind: u32 = type_name["type".len()..].parse().unwrap();
                self.0.facts.columns[place].type_oid = 1000 + kind;
                self.0.facts.columns[place].type_name.clone_from(type_name);
            }
            other => panic!("{other:?} is no step"),
        }
    }

    /// What a dump shows.
    fn shown(&self) -> (QualifiedName, BTreeSet<Shown>) {
        let columns = self.0.facts.columns.iter().zip(&self.0.details);
        let columns = columns.map(|(column, detail)| {
            let (name, type_name) = (column.name.clone(), column.type_name.clone());
            (name, type_name, column.not_null, detail.default.clone())
        });
        (self.0.facts.name.clone(), columns.collect())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Each statement of a history is announced by itself, and its steps make the target what the source is.
    #[test]
    fn the_steps_of_a_history_end_in_what_the_source_is(history in proptest::collection::vec(clause(), 1..40)) {
        let start = described(shape("t"));
        let (mut source, mut target) = (Model(start.clone()), Model(start));
        let mut table = followed(&source.0.facts, &target.0.facts);
        for (version, clause) in (100..).zip(&history) {
            if !source.alter(clause, version) {
                continue;
            }
            let steps = steps(&table, &source.0, &target.0);
            for step in steps.expect("each can be followed") {
                target.run(&step, &source.0);
            }
            prop_assert_eq!(source.shown(), target.shown());
            table.remembered = Some(Remembered::in_step(&source.0.facts, &target.0.facts));
        }
    }
}
