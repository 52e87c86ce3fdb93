use std::collections::{HashMap, HashSet};

use transhume_wire::ident::QualifiedName;

use super::{
    tests::{entry, of, relation},
    *,
};
use crate::selection::Selector;

/// What becomes of each entry where this table joins, and these objects are in the migration already.
fn joined(entries: Vec<Entry>, facts: Vec<(u32, u32, Fact)>, table: &str, known: &[(u32, u32)]) -> Decisions {
    let facts: Facts = facts
        .into_iter()
        .map(|(class, oid, fact)| (CatalogObject { class, oid }, fact))
        .collect();
    let selector = Selector::everything();
    let situation = ArchiveContext {
        facts: &facts,
        selector: &selector,
        target_schemas: &HashSet::from(["public".to_owned()]),
        target_extensions: &HashSet::new(),
        left_out: &HashMap::new(),
    };
    let known = known.iter().map(|&(class, oid)| CatalogObject { class, oid });
    let joining = Joining {
        tables: HashSet::from([QualifiedName::new("public", table)]),
        known: known.collect(),
    };
    decide_addition(entries, &situation, &joining)
}

/// A shop with `orders` in the migration, and `items` that joins it: items has a column of a new enum
/// and a trigger, orders a foreign key to it, and a view rests on both.
fn grown_shop() -> (Vec<Entry>, Vec<(u32, u32, Fact)>) {
    let entries = vec![
        entry("1; 1247 10 TYPE public kind o", &[]),
        entry("2; 1247 11 TYPE public old o", &[]),
        entry("3; 1259 20 TABLE public orders o", &[2]),
        entry("4; 1259 21 TABLE public items o", &[1, 2]),
        entry("5; 0 0 COMMENT public TABLE items o", &[4]),
        entry("6; 0 0 ACL public TABLE orders o", &[3]),
        entry("7; 1259 22 VIEW public both o", &[3, 4]),
        entry("8; 1259 23 TABLE public other o", &[]),
        entry("9; 0 0 TABLE DATA public items o", &[4]),
        entry("10; 2606 30 CONSTRAINT public items items_pkey o", &[4]),
        entry("11; 2606 31 FK CONSTRAINT public orders orders_item o", &[3, 10]),
        entry("12; 2606 32 FK CONSTRAINT public items items_other o", &[4, 8]),
    ];
    let key = |table: &str, refers_to: Option<&str>| Fact {
        key: refers_to.is_none(),
        refers_to: refers_to.map(|name| QualifiedName::new("public", name)),
        ..relation(table)
    };
    let view = Fact {
        view: true,
        ..relation("both")
    };
    let in_public = Fact {
        schema: Some("public".into()),
        ..Fact::default()
    };
    let facts = vec![
        (1247, 10, in_public.clone()),
        (1247, 11, in_public),
        (1259, 20, relation("orders")),
        (1259, 21, relation("items")),
        (1259, 22, view),
        (1259, 23, relation("other")),
        (2606, 30, key("items", None)),
        (2606, 31, key("orders", Some("items"))),
        (2606, 32, key("items", Some("other"))),
    ];
    (entries, facts)
}

#[test]
fn an_added_table_brings_what_it_needs_and_what_waited_for_it_and_nothing_else() {
    let (entries, facts) = grown_shop();
    let decisions = joined(entries, facts, "items", &[(1247, 11), (1259, 20)]);

    assert_eq!(of(&decisions, 1), &Decision::BeforeData, "the new type");
    assert_eq!(of(&decisions, 4), &Decision::BeforeData);
    assert_eq!(of(&decisions, 5), &Decision::BeforeData, "the comment");
    assert_eq!(of(&decisions, 7), &Decision::BeforeData, "the view that waited");
    assert_eq!(of(&decisions, 10), &Decision::Build);
    assert_eq!(
        of(&decisions, 11),
        &Decision::Build,
        "the foreign key that waited"
    );
    for left_out in [2, 3, 6, 8, 12] {
        assert!(
            matches!(of(&decisions, left_out), Decision::LeftOut(_)),
            "{left_out}"
        );
    }
    let unmet: Vec<_> = decisions
        .unmet
        .iter()
        .map(|unmet| (unmet.entry.as_str(), unmet.blocks))
        .collect();
    assert_eq!(unmet, [("FK CONSTRAINT public items items_other o", false)]);
}

#[test]
fn a_partition_whose_parent_is_known_brings_its_attachment() {
    let entries = vec![
        entry("1; 1259 20 TABLE public parent o", &[]),
        entry("2; 1259 21 TABLE public leaf o", &[1]),
        entry("3; 0 0 TABLE ATTACH public leaf o", &[1, 2]),
    ];
    let leaf = Fact {
        partition: true,
        ..relation("leaf")
    };
    let facts = vec![(1259, 20, relation("parent")), (1259, 21, leaf)];
    let decisions = joined(entries, facts, "leaf", &[(1259, 20)]);

    assert!(matches!(of(&decisions, 1), Decision::LeftOut(_)));
    assert_eq!(of(&decisions, 2), &Decision::BeforeData);
    assert_eq!(of(&decisions, 3), &Decision::BeforeData);
}
