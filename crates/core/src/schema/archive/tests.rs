use std::collections::{HashMap, HashSet};

use transhume_wire::ident::QualifiedName;

use super::*;
use crate::selection::{Selection, Selector};

fn selector(include: &[&str]) -> Selector {
    let include = include.iter().map(ToString::to_string).collect();
    Selection {
        include,
        ..Selection::default()
    }
    .selector()
    .unwrap()
}

pub(super) fn entry(line: &str, depends_on: &[i32]) -> Entry {
    Entry {
        depends_on: depends_on.to_vec(),
        ..Entry::parse(line).unwrap()
    }
}

pub(super) fn relation(name: &str) -> Fact {
    Fact {
        schema: Some("public".into()),
        relation: Some(QualifiedName::new("public", name)),
        ..Fact::default()
    }
}

fn decisions(entries: &[Entry], facts: &[(u32, u32, Fact)], include: &[&str]) -> Decisions {
    let facts: Facts = facts
        .iter()
        .map(|(class, oid, fact)| {
            (
                CatalogObject {
                    class: *class,
                    oid: *oid,
                },
                fact.clone(),
            )
        })
        .collect();
    let target_schemas = HashSet::from(["public".to_owned()]);
    let selector = selector(include);
    decide(
        entries.to_vec(),
        &ArchiveContext {
            facts: &facts,
            selector: &selector,
            target_schemas: &target_schemas,
            target_extensions: &HashSet::new(),
            left_out: &HashMap::new(),
        },
    )
}

pub(super) fn of(decisions: &Decisions, dump_id: i32) -> &Decision {
    let found = decisions
        .entries
        .iter()
        .find(|(entry, _)| entry.dump_id == dump_id);
    &found.expect("every entry has a decision").1
}

#[test]
fn a_schema_named_like_a_kind_does_not_confuse() {
    assert_eq!(
        entry("216; 1259 16385 TABLE ATTACH t postgres", &[]).kind,
        EntryKind::Relation
    );
    assert_eq!(
        entry("3295; 0 0 TABLE ATTACH public p1 postgres", &[]).kind,
        EntryKind::TableAttach
    );
    assert_eq!(
        entry("5; 1259 7 SEQUENCE SET s postgres", &[]).kind,
        EntryKind::Relation
    );
    assert_eq!(
        entry("6; 0 0 SEQUENCE SET public s postgres", &[]).kind,
        EntryKind::Data
    );
    assert_eq!(
        entry("7; 2604 9 DEFAULT ACL t postgres", &[]).kind,
        EntryKind::OtherBeforeData
    );
    assert_eq!(
        entry("8; 1 9 HOLOGRAM public t postgres", &[]).kind,
        EntryKind::OtherBeforeData
    );
    assert!(Entry::parse("; a comment").is_err());
}

#[test]
fn postponed_definitions_wait_for_the_keys() {
    let entries = [
        entry("1; 1259 10 TABLE public f postgres", &[]),
        entry("2; 2606 11 CONSTRAINT public f f_pkey postgres", &[1]),
        entry("3; 1259 12 MATERIALIZED VIEW public m postgres", &[2, 1]),
        entry("4; 2606 13 CONSTRAINT public f nn postgres", &[1]),
        entry("5; 3381 14 STATISTICS public st postgres", &[1]),
        entry("6; 0 0 COMMENT public CONSTRAINT f_pkey ON f postgres", &[2]),
    ];
    let facts = [
        (1259, 10, relation("f")),
        (
            2606,
            11,
            Fact {
                key: true,
                ..relation("f")
            },
        ),
        (1259, 12, relation("m")),
        (2606, 13, relation("f")),
    ];
    let result = decisions(&entries, &facts, &[]);
    let expected = [
        (1, Decision::BeforeData),
        (2, Decision::Build),
        (3, Decision::Definition),
        (4, Decision::AfterData),
        (5, Decision::BeforeData),
        (6, Decision::AfterData),
    ];
    for (dump_id, decision) in expected {
        assert_eq!(of(&result, dump_id), &decision, "dump id {dump_id}");
    }
}

#[test]
fn what_belongs_to_a_server_stays_there_with_a_reason() {
    let entries = [
        entry("1; 2615 20 SCHEMA - public postgres", &[]),
        entry("2; 0 0 COMMENT - SCHEMA public postgres", &[1]),
        entry("3; 3079 21 EXTENSION - pgcrypto ", &[]),
        entry("4; 0 0 COMMENT - EXTENSION pgcrypto ", &[3]),
        entry("5; 6104 22 PUBLICATION - pub postgres", &[]),
        entry("6; 0 0 COMMENT - PUBLICATION pub postgres", &[5]),
        entry("7; 1262 5 DATABASE - postgres postgres", &[]),
        entry("8; 0 0 COMMENT - DATABASE postgres postgres", &[7]),
    ];
    let facts = [(
        2615,
        20,
        Fact {
            schema: Some("public".into()),
            ..Fact::default()
        },
    )];
    let result = decisions(&entries, &facts, &[]);
    for dump_id in [1, 4, 5, 6, 8] {
        assert!(
            matches!(of(&result, dump_id), Decision::LeftOut(reason) if !reason.is_empty()),
            "{dump_id}"
        );
    }
    assert_eq!(of(&result, 2), &Decision::BeforeData);
    assert_eq!(of(&result, 3), &Decision::BeforeData);
}

/// Two tables, a sequence, a function, a view over both, a foreign key between them.
fn shop() -> (Vec<Entry>, Vec<(u32, u32, Fact)>) {
    let entries = vec![
        entry("1; 1255 30 FUNCTION lib f() postgres", &[]),
        entry("2; 1259 31 TABLE public orders postgres", &[]),
        entry("3; 1259 32 TABLE public customers postgres", &[]),
        entry("4; 1259 33 SEQUENCE public free postgres", &[]),
        entry("5; 2604 34 DEFAULT public orders id postgres", &[2, 4, 1]),
        entry("6; 1259 35 VIEW public both postgres", &[2, 3]),
        entry("7; 0 0 ACL public TABLE both postgres", &[6]),
        entry("9; 0 0 COMMENT public COLUMN orders.id postgres", &[2]),
        entry("10; 1259 37 TABLE public heir postgres", &[3]),
        entry("8; 2606 36 FK CONSTRAINT public orders fk postgres", &[2]),
    ];
    let facts = vec![
        (
            1255,
            30,
            Fact {
                schema: Some("lib".into()),
                ..Fact::default()
            },
        ),
        (1259, 31, relation("orders")),
        (1259, 32, relation("customers")),
        (
            1259,
            33,
            Fact {
                free_sequence: true,
                ..relation("free")
            },
        ),
        (2604, 34, relation("orders")),
        (
            1259,
            35,
            Fact {
                view: true,
                ..relation("both")
            },
        ),
        (
            2606,
            36,
            Fact {
                refers_to: Some(QualifiedName::new("public", "customers")),
                ..relation("orders")
            },
        ),
        (1259, 37, relation("heir")),
    ];
    (entries, facts)
}

#[test]
fn a_selected_table_brings_what_it_needs_and_nothing_more() {
    let (entries, facts) = shop();
    let result = decisions(&entries, &facts, &["public.orders", "public.both"]);
    for dump_id in [1, 2, 4, 5, 9] {
        assert_eq!(of(&result, dump_id), &Decision::BeforeData, "dump id {dump_id}");
    }
    for dump_id in [3, 6, 7, 8, 10] {
        assert!(
            matches!(of(&result, dump_id), Decision::LeftOut(_)),
            "dump id {dump_id}"
        );
    }
    let unmet: Vec<_> = result
        .unmet
        .iter()
        .map(|unmet| (unmet.entry.as_str(), unmet.blocks))
        .collect();
    assert_eq!(
        unmet,
        [
            ("VIEW public both postgres", false),
            ("FK CONSTRAINT public orders fk postgres", false)
        ]
    );
}

#[test]
fn a_selected_heir_without_its_parent_blocks() {
    let (entries, facts) = shop();
    let result = decisions(&entries, &facts, &["public.heir"]);
    assert!(
        result
            .unmet
            .iter()
            .any(|unmet| unmet.blocks && unmet.entry.contains("heir"))
    );
}

#[test]
fn a_partition_stands_alone_when_its_parent_is_not_selected() {
    let entries = [
        entry("1; 1259 40 TABLE public p postgres", &[]),
        entry("2; 1259 41 TABLE public p1 postgres", &[1]),
        entry("3; 0 0 TABLE ATTACH public p1 postgres", &[2, 1]),
        entry("4; 2606 42 CONSTRAINT public p p_pkey postgres", &[1]),
        entry("5; 2606 43 CONSTRAINT public p1 p1_pkey postgres", &[2, 4]),
        entry("6; 0 0 INDEX ATTACH public p1_pkey postgres", &[5, 4]),
    ];
    let key = |name| Fact {
        key: true,
        ..relation(name)
    };
    let facts = [
        (1259, 40, relation("p")),
        (
            1259,
            41,
            Fact {
                partition: true,
                ..relation("p1")
            },
        ),
        (2606, 42, key("p")),
        (
            2606,
            43,
            Fact {
                partition: true,
                ..key("p1")
            },
        ),
    ];
    let result = decisions(&entries, &facts, &["public.p1"]);
    assert_eq!(of(&result, 2), &Decision::BeforeData);
    assert_eq!(of(&result, 5), &Decision::Build);
    assert!(matches!(of(&result, 3), Decision::LeftOut(_)) && matches!(of(&result, 6), Decision::LeftOut(_)));
    assert!(result.unmet.is_empty());
}

#[test]
fn every_entry_is_decided_once_whatever_is_selected() {
    let (entries, facts) = shop();
    for include in [&[][..], &["nothing"], &["public"], &["public.c*"]] {
        let result = decisions(&entries, &facts, include);
        let mut seen = HashMap::new();
        for (entry, _) in &result.entries {
            *seen.entry(entry.dump_id).or_insert(0) += 1;
        }
        assert!(seen.len() == entries.len() && seen.values().all(|count| *count == 1));
    }
}

#[test]
fn what_the_operator_leaves_out_takes_along_what_needs_it_unless_the_target_has_it() {
    let entries = [
        entry("1; 1255 10 FUNCTION public f() ann", &[]),
        entry("2; 1259 20 VIEW public v ann", &[1]),
        entry("3; 1259 21 TABLE public t ann", &[1]),
        entry("4; 1259 22 VIEW public w ann", &[2]),
    ];
    let view = |name| Fact {
        view: true,
        ..relation(name)
    };
    let facts: Facts = [(20, view("v")), (21, relation("t")), (22, view("w"))]
        .into_iter()
        .map(|(oid, fact)| (CatalogObject { class: 1259, oid }, fact))
        .collect();
    let selector = Selector::everything();
    let decided = |how: LeaveOut| {
        let situation = ArchiveContext {
            facts: &facts,
            selector: &selector,
            target_schemas: &HashSet::new(),
            target_extensions: &HashSet::new(),
            left_out: &HashMap::from([(1, how)]),
        };
        decide(entries.to_vec(), &situation)
    };
    let gone = decided(LeaveOut::Gone);
    assert_eq!(gone.chosen[0].dependents, [2, 3, 4]);
    let blocking: Vec<&str> = gone.unmet.iter().map(|unmet| unmet.entry.as_str()).collect();
    assert_eq!(
        blocking,
        ["TABLE public t ann"],
        "views are told with the function"
    );
    assert!(gone.unmet[0].blocks && gone.unmet[0].by_choice);

    let there = decided(LeaveOut::OnTarget);
    assert!(there.chosen[0].dependents.is_empty() && there.unmet.is_empty());
    assert_eq!(of(&there, 3), &Decision::BeforeData);
}
