use super::*;

fn of(oid: u32, definition: Definition) -> UserType {
    UserType {
        oid,
        name: QualifiedName::new("s", "t"),
        definition,
    }
}

fn labels_of(labels: &[(u32, &str)]) -> UserType {
    let labels = labels.iter().map(|(oid, label)| Label {
        oid: *oid,
        label: (*label).to_owned(),
    });
    of(1, Definition::Enum(labels.collect()))
}

fn attributes_of(attributes: &[(i16, &str, &str)]) -> UserType {
    let attributes = attributes.iter().map(|(number, name, type_name)| Attribute {
        number: *number,
        name: (*name).to_owned(),
        type_name: (*type_name).to_owned(),
    });
    of(1, Definition::Composite(attributes.collect()))
}

fn kinds(before: UserType, now: UserType, there: UserType) -> Vec<TypeChangeKind> {
    let changes = changes(&[before], &[now], &[there]);
    changes.into_iter().map(|change| change.kind).collect()
}

#[test]
fn a_label_that_was_renamed_is_no_new_one() {
    let before = labels_of(&[(1, "ok"), (2, "bad")]);
    let now = labels_of(&[(1, "fine"), (2, "bad"), (3, "new")]);
    let found = kinds(before.clone(), now.clone(), labels_of(&[(8, "ok"), (9, "bad")]));
    assert!(matches!(
        found.as_slice(),
        [TypeChangeKind::LabelRenamed { before, after }, TypeChangeKind::LabelNew(missing)]
            if before == "ok" && after == "fine" && missing.label == "new"
    ));
    let done = labels_of(&[(8, "fine"), (9, "bad"), (10, "new")]);
    assert!(kinds(before.clone(), now.clone(), done.clone()).is_empty());
    assert_eq!(news(&[before], std::slice::from_ref(&now), &[done]), [now]);
}

#[test]
fn an_enum_without_labels_gets_its_first() {
    let found = kinds(labels_of(&[]), labels_of(&[(1, "a")]), labels_of(&[]));
    assert!(matches!(found.as_slice(), [TypeChangeKind::LabelNew(_)]));
}

#[test]
fn attributes_are_told_apart_by_their_numbers() {
    let before = attributes_of(&[(1, "street", "text"), (2, "unit", "text")]);
    let there = before.clone();
    let found = |now: &[(i16, &str, &str)]| kinds(before.clone(), attributes_of(now), there.clone());
    assert!(found(&[(1, "street", "text"), (2, "unit", "text")]).is_empty());
    assert!(matches!(
        found(&[(1, "street", "text"), (2, "flat", "text")]).as_slice(),
        [TypeChangeKind::AttributeRenamed { .. }]
    ));
    assert!(matches!(
        found(&[(1, "street", "text"), (2, "unit", "text"), (3, "city", "text")]).as_slice(),
        [TypeChangeKind::AttributeNew(_)]
    ));
    assert!(matches!(
        found(&[(1, "street", "text")]).as_slice(),
        [TypeChangeKind::AttributeGone { .. }]
    ));
    assert!(matches!(
        found(&[(1, "street", "text"), (2, "unit", "integer")]).as_slice(),
        [TypeChangeKind::AttributeRetyped(_)]
    ));
}

#[test]
fn a_domain_s_constraints_are_compared_by_name() {
    let domain = |names: &[&str]| {
        let constraints = names.iter().map(|name| DomainConstraint {
            name: (*name).to_owned(),
            definition: "CHECK (true)".to_owned(),
        });
        of(
            1,
            Definition::Domain(Domain {
                base: "text".to_owned(),
                not_null: false,
                default: None,
                constraints: constraints.collect(),
            }),
        )
    };
    let found = kinds(domain(&["a"]), domain(&["b"]), domain(&["a"]));
    assert!(matches!(
        found.as_slice(),
        [
            TypeChangeKind::ConstraintGone { .. },
            TypeChangeKind::ConstraintNew(_)
        ]
    ));
}
