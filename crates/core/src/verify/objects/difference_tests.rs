use std::collections::BTreeMap;

use proptest::{collection::btree_map, prelude::*, sample::select};
use transhume_wire::ident::QualifiedName;

use super::*;

const SAME: Versions = Versions {
    source: 15,
    target: 15,
};

fn object(kind: ObjectKind, name: &str, definition: &str) -> Object {
    Object {
        kind,
        name: name.to_owned(),
        schema: None,
        relation: None,
        definition: definition.to_owned(),
        comment: None,
        text: None,
        privileges: None,
    }
}

fn table(name: &str) -> Object {
    Object {
        schema: Some("shop".to_owned()),
        relation: Some(QualifiedName::new("shop", name)),
        ..object(ObjectKind::Table, &format!("\"shop\".\"{name}\""), "{}")
    }
}

fn column(table: &str, name: &str, definition: &str) -> Object {
    Object {
        schema: Some("shop".to_owned()),
        relation: Some(QualifiedName::new("shop", table)),
        ..object(
            ObjectKind::Column,
            &format!("\"shop\".\"{table}\".\"{name}\""),
            definition,
        )
    }
}

fn reported(found: &[Difference<'_>]) -> Vec<String> {
    found
        .iter()
        .map(|difference| {
            let aspect = match &difference.aspect {
                Aspect::Missing => "missing".to_owned(),
                Aspect::Surplus => "surplus".to_owned(),
                Aspect::Different(traits) => {
                    let names: Vec<_> = traits.iter().map(|one| one.name.as_str()).collect();
                    names.join("+")
                }
            };
            format!("{} {} {aspect}", difference.object.kind, difference.object.name)
        })
        .collect()
}

#[test]
fn what_falls_with_its_table_is_told_once() {
    let source = [
        table("a"),
        column("a", "x", "{}"),
        column("b", "x", "{}"),
        table("b"),
    ];
    let target = [table("b")];
    assert_eq!(
        reported(&differences(&source, &target, SAME)),
        [
            "table \"shop\".\"a\" missing",
            "column \"shop\".\"b\".\"x\" missing"
        ]
    );
    let schema = Object {
        schema: Some("shop".to_owned()),
        ..object(ObjectKind::Schema, "\"shop\"", "{}")
    };
    let target = [schema, table("a"), column("a", "x", "{}")];
    assert_eq!(
        reported(&differences(&[], &target, SAME)),
        ["schema \"shop\" surplus"]
    );
}

#[test]
fn all_that_differs_of_one_object_is_one_difference() {
    let source = [column("a", "x", r#"{"type":"integer","default":"1"}"#)];
    let target = [column("a", "x", r#"{"type":"integer","not null":"yes"}"#)];
    assert_eq!(
        reported(&differences(&source, &target, SAME)),
        ["column \"shop\".\"a\".\"x\" default+not null"]
    );
}

#[test]
fn versions_may_print_one_type_differently() {
    let source = [object(ObjectKind::Column, "c", r#"{"type":"\"json\""}"#)];
    let target = [object(ObjectKind::Column, "c", r#"{"type":"json"}"#)];
    let versions = Versions {
        source: 13,
        target: 17,
    };
    assert!(differences(&source, &target, versions).is_empty());
    assert_eq!(reported(&differences(&source, &target, SAME)).len(), 1);
}

fn databases() -> impl Strategy<Value = BTreeMap<u8, (u8, u8)>> {
    btree_map(0_u8..12, (0_u8..3, 0_u8..3), 0..12)
}

/// Objects in any order; the trait is left out where its value is 0.
fn objects(database: &BTreeMap<u8, (u8, u8)>, turn: usize) -> Vec<Object> {
    let kinds = [
        ObjectKind::Function,
        ObjectKind::Type,
        ObjectKind::Other("cast".to_owned()),
    ];
    let mut objects: Vec<Object> = database
        .iter()
        .map(|(number, (first, second))| {
            let mut traits = BTreeMap::new();
            for (name, value) in [("first", first), ("second", second)] {
                if *value > 0 {
                    traits.insert(name, value.to_string());
                }
            }
            let definition = serde_json::to_string(&traits).unwrap();
            object(
                kinds[usize::from(*number) % 3].clone(),
                &format!("n{number}"),
                &definition,
            )
        })
        .collect();
    if !objects.is_empty() {
        let turn = turn % objects.len();
        objects.rotate_left(turn);
    }
    objects
}

proptest! {
    #[test]
    fn every_difference_is_found_once_in_any_order(
        source in databases(), target in databases(), turn in select(vec![0_usize, 1, 5])
    ) {
        let mut expected = 0;
        for (number, value) in &source {
            expected += usize::from(target.get(number) != Some(value));
        }
        expected += target.keys().filter(|number| !source.contains_key(number)).count();
        let (left, right) = (objects(&source, turn), objects(&target, turn * 3));
        let found = differences(&left, &right, SAME);
        prop_assert_eq!(found.len(), expected);
        for difference in &found {
            let number: u8 = difference.object.name[1..].parse().unwrap();
            match &difference.aspect {
                Aspect::Missing => prop_assert!(!target.contains_key(&number)),
                Aspect::Surplus => prop_assert!(!source.contains_key(&number)),
                Aspect::Different(traits) => {
                    let (left, right) = (source[&number], target[&number]);
                    let differing = usize::from(left.0 != right.0) + usize::from(left.1 != right.1);
                    prop_assert_eq!(traits.len(), differing);
                }
            }
        }
        let back = differences(&right, &left, SAME);
        prop_assert_eq!(back.len(), found.len());
        prop_assert!(differences(&left, &left, SAME).is_empty());
    }
}
