use std::collections::BTreeMap;

use proptest::prelude::*;
use transhume_wire::{
    binary::BinaryType,
    ident::{OperatorName, QualifiedName},
    pgoutput::{Relation, RelationColumn},
};

use super::*;
use crate::{
    follow::row::{DriftKind, ListForm, TableIdentity, TargetColumn, TargetTable},
    table::Generation,
};

fn source(attributes: i16, columns: &[(i16, &str, i64)]) -> SourceTable {
    let column = |(number, name, version): &(i16, &str, i64)| SourceColumn {
        number: *number,
        name: (*name).to_owned(),
        type_oid: 25,
        type_modifier: -1,
        version: *version,
    };
    SourceTable {
        attributes,
        columns: columns.iter().map(column).collect(),
    }
}

fn announced(names: &[&str]) -> Vec<RelationColumn> {
    let column = |name: &&str| RelationColumn {
        is_key: *name == "id",
        name: (*name).to_owned(),
        type_oid: 25,
        type_modifier: -1,
    };
    names.iter().map(column).collect()
}

fn loaded() -> SourceTable {
    source(2, &[(1, "id", 1), (2, "v", 1)])
}

#[test]
fn columns_that_stay_are_known_whatever_they_are_called() {
    let now = source(3, &[(1, "id", 1), (2, "w", 5), (3, "v", 6)]);
    let of = |names: &[&str]| align(&loaded(), &now, &announced(names));

    assert_eq!(of(&["id", "v"]), Ok(vec![1, 2]));
    assert_eq!(of(&["id", "w"]), Ok(vec![1, 2]));
    assert_eq!(of(&["id", "w", "v"]), Ok(vec![1, 2, 3]));

    let before = source(3, &[(1, "id", 1), (2, "a", 1), (3, "b", 1)]);
    let swapped = source(3, &[(1, "id", 1), (2, "b", 7), (3, "a", 7)]);
    let of = |names: &[&str]| align(&before, &swapped, &announced(names));
    assert_eq!(of(&["id", "a", "b"]), Ok(vec![1, 2, 3]));
    assert_eq!(of(&["id", "b", "a"]), Ok(vec![1, 2, 3]));
}

#[test]
fn a_name_that_two_columns_had_is_not_guessed() {
    let anew = source(3, &[(1, "id", 1), (3, "v", 6)]);
    for names in [["id", "v"], ["id", "w"]] {
        assert_eq!(align(&loaded(), &anew, &announced(&names)), Err(Ambiguous));
    }
    assert_eq!(
        align(&loaded(), &anew, &announced(&["id", "w", "v"])),
        Ok(vec![1, 2, 3])
    );
    // It came and went again: only what is gone is unknown, and nobody asks for that.
    let gone = source(3, &[(1, "id", 1)]);
    assert_eq!(align(&loaded(), &gone, &announced(&["id", "v"])), Ok(vec![1, 2]));
}

#[test]
fn what_was_not_altered_is_announced_as_it_is() {
    assert_eq!(
        align(&loaded(), &loaded(), &announced(&["id", "v"])),
        Ok(vec![1, 2])
    );
    assert_eq!(
        align(&loaded(), &loaded(), &announced(&["id", "w"])),
        Err(Ambiguous)
    );
}

#[test]
fn a_message_is_what_is_known_before_the_next() {
    let anew = source(3, &[(1, "id", 1), (3, "v", 6)]);
    let names = announced(&["id", "w", "v"]);
    let numbers = align(&loaded(), &anew, &names).unwrap();
    let identified = Identified {
        numbers,
        now: anew.clone(),
    };
    let then = identified.table(&loaded(), &names);

    assert_eq!(align(&then, &anew, &announced(&["id", "v"])), Ok(vec![1, 3]));
}

#[test]
fn a_tree_is_known_by_names_where_they_can_mean_one_thing() {
    let before = source(3, &[(1, "id", 1), (2, "a", 1), (3, "b", 1)]);
    let of = |now: &SourceTable, names: &[&str]| align_tree(&before, now, &announced(names));

    assert_eq!(of(&before, &["b", "id", "a"]), Ok(vec![3, 1, 2]));
    let renamed = source(3, &[(1, "id", 1), (2, "c", 4), (3, "b", 1)]);
    assert_eq!(of(&renamed, &["b", "id", "a"]), Ok(vec![3, 1, 2]));
    assert_eq!(of(&renamed, &["b", "id", "c"]), Ok(vec![3, 1, 2]));
    let more = source(4, &[(1, "id", 1), (2, "a", 1), (3, "b", 1), (4, "n", 4)]);
    assert_eq!(of(&more, &["b", "n", "id", "a"]), Ok(vec![3, 4, 1, 2]));
    let swapped = source(3, &[(1, "id", 1), (2, "b", 4), (3, "a", 4)]);
    assert_eq!(of(&swapped, &["b", "id", "a"]), Err(Ambiguous));
    let anew = source(4, &[(1, "id", 1), (2, "a", 1), (4, "b", 4)]);
    assert_eq!(of(&anew, &["b", "id", "a"]), Err(Ambiguous));
}

fn target(names: &[(i16, &str)]) -> TargetTable {
    let column = |(number, name): &(i16, &str)| TargetColumn {
        name: (*name).to_owned(),
        number: *number,
        type_oid: 25,
        type_modifier: -1,
        type_name: "text".to_owned(),
        generation: Generation::Plain,
        image_equality: true,
        equality: OperatorName::equal(),
        list_form: ListForm::Binary(BinaryType::Text),
        binary: Some(BinaryType::Text),
    };
    TargetTable {
        identity: TableIdentity::default(),
        columns: names.iter().map(column).collect(),
        primary_key: vec!["id".to_owned()],
        is_partitioned: false,
    }
}

/// Of a table `(id, v)` that the target has with these numbers.
fn written(now: &SourceTable, names: &[&str], target: &TargetTable) -> Result<Vec<String>, DriftKind> {
    let former = Former {
        name: QualifiedName::new("s", "t"),
        source: loaded(),
        target: BTreeMap::from([("id".to_owned(), 1), ("v".to_owned(), 2)]),
    };
    let relation = Relation {
        id: 1,
        name: former.name.clone(),
        replica_identity: b'd',
        columns: announced(names),
    };
    let numbers = align(&former.source, now, &relation.columns).expect("one meaning");
    let identified = Identified {
        numbers,
        now: now.clone(),
    };
    counterparts(&former, &identified, &relation, target)
}

fn missing(column: &str) -> Result<Vec<String>, DriftKind> {
    Err(DriftKind::ColumnMissing {
        column: column.to_owned(),
    })
}

#[test]
fn the_target_s_column_is_the_one_that_has_the_values() {
    let names = |names: &[&str]| Ok(names.iter().map(ToString::to_string).collect());
    let now = source(3, &[(1, "id", 1), (2, "w", 5), (3, "v", 6)]);
    let followed = target(&[(1, "id"), (2, "w"), (3, "v")]);

    // The target is ahead of the stream.
    assert_eq!(written(&now, &["id", "v"], &followed), names(&["id", "w"]));
    assert_eq!(
        written(&now, &["id", "w", "v"], &followed),
        names(&["id", "w", "v"])
    );
    // It is behind.
    let behind = target(&[(1, "id"), (2, "v")]);
    assert_eq!(written(&now, &["id", "v"], &behind), names(&["id", "v"]));
    assert_eq!(written(&now, &["id", "w", "v"], &behind), missing("w"));
    let renamed = target(&[(1, "id"), (2, "w")]);
    assert_eq!(written(&now, &["id", "w", "v"], &renamed), missing("v"));
}

#[test]
fn a_column_that_is_gone_leaves_its_name_to_nobody() {
    let now = source(3, &[(1, "id", 1), (3, "v", 6)]);
    let reused = DriftKind::ColumnReused {
        column: "v".to_owned(),
    };
    let behind = target(&[(1, "id"), (2, "v")]);

    assert_eq!(written(&now, &["id", "w", "v"], &behind), Err(reused));
}

/// What may be done to a table.
#[derive(Debug, Clone)]
enum Step {
    Add(usize),
    Drop(usize),
    Rename(usize, usize),
}

const NAMES: [&str; 4] = ["id", "a", "b", "c"];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_usize..4).prop_map(Step::Add),
        (0_usize..4).prop_map(Step::Drop),
        (0_usize..4, 0_usize..4).prop_map(|(column, name)| Step::Rename(column, name)),
    ]
}

fn apply(table: &mut SourceTable, step: &Step, version: i64) {
    let is_free = |table: &SourceTable, name: &str| table.column_called(name).is_none();
    match step {
        Step::Add(name) if is_free(table, NAMES[*name]) => {
            table.attributes += 1;
            let made = source(0, &[(table.attributes, NAMES[*name], version)]);
            table.columns.extend(made.columns);
        }
        Step::Drop(place) if *place < table.columns.len() => {
            table.columns.remove(*place);
        }
        Step::Rename(place, name) if *place < table.columns.len() && is_free(table, NAMES[*name]) => {
            NAMES[*name].clone_into(&mut table.columns[*place].name);
            table.columns[*place].version = version;
        }
        _ => {}
    }
}

proptest! {
    /// Whatever is done to a table, a column that stays is found or nothing is; where none is dropped it is found.
    #[test]
    fn no_history_is_misread(steps in prop::collection::vec(step(), 0..8), at in 0_usize..9) {
        let before = source(3, &[(1, "id", 1), (2, "a", 1), (3, "b", 1)]);
        let mut now = before.clone();
        let mut then = before.clone();
        for (index, step) in steps.iter().enumerate() {
            if index <= at {
                then = now.clone();
            }
            apply(&mut now, step, 10 + i64::try_from(index).unwrap());
        }
        if steps.len() <= at {
            then = now.clone();
        }
        let names: Vec<&str> = then.columns.iter().map(|column| column.name.as_str()).collect();
        let truth: Vec<i16> = then.columns.iter().map(|column| column.number).collect();
        let aligned = align(&before, &now, &announced(&names));
        let drops = steps.iter().any(|step| matches!(step, Step::Drop(_)));
        prop_assert!(drops || aligned.is_ok());
        if let Ok(numbers) = aligned {
            for (number, true_number) in numbers.iter().zip(&truth) {
                let concerns_kept = now.column(*number).is_some() || now.column(*true_number).is_some();
                prop_assert!(number == true_number || !concerns_kept);
            }
        }
    }
}
