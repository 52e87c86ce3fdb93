use super::*;

fn selects(include: &[&str], exclude: &[&str], schema: &str, name: &str) -> bool {
    let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    let selection = Selection {
        include: owned(include),
        exclude: owned(exclude),
        ..Selection::default()
    };
    let selector = selection.selector().expect("patterns are valid");
    selector.selects(&QualifiedName::new(schema, name))
}

#[test]
fn everything_but_system_schemas_is_selected_by_default() {
    assert!(selects(&[], &[], "public", "orders"));
    assert!(!selects(&[], &[], "pg_catalog", "pg_class"));
    assert!(!selects(&["*"], &[], "transhume", "part"));
}

#[test]
fn exclusion_wins_over_inclusion() {
    assert!(selects(&["shop"], &["shop.audit_*"], "shop", "orders"));
    assert!(!selects(&["shop"], &["shop.audit_*"], "shop", "audit_2024"));
    assert!(!selects(&["shop.orders"], &[], "shop", "items"));
}

#[test]
fn an_added_table_is_selected_whatever_the_patterns_say_and_by_its_exact_name() {
    let before = Selection {
        include: vec!["shop".into()],
        exclude: vec!["shop.a*".into()],
        ..Selection::default()
    };
    let name = |name: &str| QualifiedName::new("shop", name);
    let grown = before.with(&[name("a*"), name("orders")]).unwrap();
    assert_eq!(
        grown.added,
        [name("a*")],
        "what is selected already stays as it is"
    );
    let selector = grown.selector().unwrap();
    assert!(selector.selects(&name("a*")));
    assert!(!selector.selects(&name("audit")));

    let stored = serde_json::to_value(&grown).unwrap();
    assert_eq!(serde_json::from_value::<Selection>(stored).unwrap(), grown);
}

#[test]
fn a_migration_that_has_grown_is_resumed_with_its_former_patterns_or_with_ones_that_take_as_much() {
    let including = |pattern: &str| Selection {
        include: vec![pattern.into()],
        ..Selection::default()
    };
    let names = ["a", "b", "c"].map(|name| QualifiedName::new("shop", name));
    let grown = including("shop.a").with(&names[1..2]).unwrap();
    for given in [Selection::default(), including("shop.a"), including("shop.[ab]")] {
        assert!(grown.is_resumed_by(&given, &names).unwrap(), "{given:?}");
    }
    for given in [including("shop.b"), including("shop")] {
        assert!(!grown.is_resumed_by(&given, &names).unwrap(), "{given:?}");
    }
    assert_eq!(grown.without_added(&names), including("shop.a"));
}

#[test]
fn two_selections_agree_where_they_take_the_same_of_the_tables_there_are() {
    let selector = |include: &str| {
        let selection = Selection {
            include: vec![include.into()],
            ..Selection::default()
        };
        selection.selector().unwrap()
    };
    let names = [QualifiedName::new("shop", "a"), QualifiedName::new("shop", "b")];
    assert!(selector("shop").agrees(&selector("shop.?"), &names));
    assert!(!selector("shop").agrees(&selector("shop.a"), &names));
}

#[test]
fn an_object_to_be_left_out_has_a_kind_and_no_rows() {
    for good in [
        "refused",
        "extension hstore",
        "function shop.f(integer, text)",
        "table constraint key on shop.orders",
    ] {
        assert!(check_left_out(good).is_ok(), "{good}");
    }
    for bad in ["hstore", "", "table shop.orders"] {
        assert!(check_left_out(bad).is_err(), "{bad}");
    }
    let selection = Selection {
        leave_out: vec!["refused".into(), "extension \"uuid-ossp\"".into()],
        ..Selection::default()
    };
    assert!(selection.leaves_refused() && selection.has_no_patterns());
    assert_eq!(selection.left_out_extensions().collect::<Vec<_>>(), ["uuid-ossp"]);
}

#[test]
fn partitions_come_with_what_they_belong_to_unless_they_are_excluded_by_name() {
    let name = QualifiedName::new;
    let (root, leaf, old) = (
        name("app", "orders"),
        name("parts", "orders_1"),
        name("parts", "orders_0"),
    );
    let partitions = [(leaf.clone(), root.clone()), (old.clone(), root.clone())];
    let selection = Selection {
        include: vec!["app".into()],
        exclude: vec!["parts.*_0".into()],
        ..Selection::default()
    };
    let (grown, torn) = selection.with_partitions(&partitions).unwrap();
    assert_eq!(grown.added, [leaf]);
    assert_eq!((torn.len(), &torn[0].partition), (1, &old));
    assert!(torn[0].finding().message.contains("app.orders"));
}

#[test]
fn a_broken_pattern_is_named() {
    let selection = Selection {
        include: vec!["a[".into()],
        ..Selection::default()
    };
    assert_eq!(selection.selector().unwrap_err().pattern, "a[");
}
