use super::*;

fn column(number: i16, name: &str) -> ColumnFacts {
    ColumnFacts {
        number,
        name: name.to_owned(),
        type_oid: 23,
        type_modifier: -1,
        type_name: "integer".to_owned(),
        not_null: false,
        has_default: false,
        has_remembered_value: false,
        version: 700,
    }
}

const PUBLISHED: PublicationMembership = PublicationMembership {
    row: 5,
    publication_version: 600,
    is_whole: true,
};

pub(super) fn shape(name: &str) -> TableFacts {
    TableFacts {
        oid: 1,
        name: QualifiedName::new("s", name),
        is_logged: true,
        publication: Some(PUBLISHED),
        filenode: 10,
        partition_of: None,
        bound: None,
        root: None,
        partitions: Vec::new(),
        attributes: 2,
        columns: vec![column(1, "id"), column(2, "x")],
    }
}

fn followed() -> Followed {
    Followed {
        oid: 1,
        name: QualifiedName::new("s", "t"),
        state: RelationState::Loaded,
        partitions: Vec::new(),
        remembered: Some(Remembered::in_step(&shape("t"), &shape("t"))),
    }
}

fn kinds(source: &[TableFacts], target: &[TableFacts]) -> Vec<ChangeKind> {
    let changes = changes(&[followed()], source, target);
    changes.into_iter().map(|change| change.kind).collect()
}

fn changed(change: impl Fn(&mut TableFacts)) -> Vec<ChangeKind> {
    let mut source = shape("t");
    change(&mut source);
    kinds(&[source], &[shape("t")])
}

fn carried(source: &[TableFacts], target: &[TableFacts]) -> Vec<bool> {
    let followed = [followed()];
    changes(&followed, source, target)
        .iter()
        .map(|change| may_be_carried(change, &CarryOver::ALL, &followed, source, target))
        .collect()
}

#[test]
fn a_table_as_it_was_gives_nothing_whatever_the_target_calls_its_types() {
    let mut target = shape("t");
    target.columns[1].type_name = "other_schema.int_like".to_owned();
    assert!(kinds(&[shape("t")], &[target]).is_empty());
    // VACUUM FULL.
    assert!(changed(|source| source.filenode = 11).is_empty());
}

#[test]
fn tables_that_come_go_move_and_turn_logged_are_told() {
    let mut late = shape("late");
    late.oid = 2;
    let new = kinds(&[shape("t"), late.clone()], &[shape("t")]);
    assert_eq!(new, [ChangeKind::TableNew { partition: None }]);
    let on_target = QualifiedName::new("s", "t");
    assert_eq!(kinds(&[], &[shape("t")]), [ChangeKind::TableGone { on_target }]);
    assert!(kinds(&[], &[]).is_empty());
    assert_eq!(
        changed(|source| source.publication = None),
        [ChangeKind::NotPublished]
    );
    assert!(
        changed(|source| {
            source.publication = None;
            source.is_logged = false;
        })
        .is_empty()
    );
    let before = QualifiedName::new("s", "t");
    assert_eq!(
        kinds(&[shape("u")], &[shape("t")]),
        [ChangeKind::Renamed {
            before,
            is_occupied: false
        }]
    );
    assert!(kinds(&[shape("u")], &[shape("u")]).is_empty());
    let parent = QualifiedName::new("s", "parent");
    let moved = changed(|source| {
        source.partition_of = Some(parent.clone());
        source.bound = Some("DEFAULT".to_owned());
    });
    let after = Some((parent.clone(), "DEFAULT".to_owned()));
    assert_eq!(moved, [ChangeKind::Moved { before: None, after }]);
}

#[test]
fn columns_are_told_apart_by_their_numbers() {
    let new = changed(|source| source.columns.push(column(3, "y")));
    assert_eq!(
        new,
        [ChangeKind::ColumnNew {
            column: column(3, "y")
        }]
    );
    let renamed = changed(|source| source.columns[1].name = "z".to_owned());
    let (before, after) = ("x".to_owned(), "z".to_owned());
    assert_eq!(
        renamed,
        [ChangeKind::ColumnRenamed {
            before,
            after,
            is_occupied: false
        }]
    );
    let retyped = changed(|source| {
        source.columns[1].type_oid = 20;
        source.columns[1].type_name = "bigint".to_owned();
    });
    let (column_x, type_name) = ("x".to_owned(), "bigint".to_owned());
    assert_eq!(
        retyped,
        [ChangeKind::ColumnRetyped {
            column: column_x.clone(),
            type_name
        }]
    );
    let gone = changed(|source| source.columns.truncate(1));
    assert_eq!(
        gone,
        [ChangeKind::ColumnGone {
            column: column_x.clone(),
            is_required: false
        }]
    );
    let anew = changed(|source| source.columns[1].number = 3);
    assert_eq!(anew, [ChangeKind::ColumnMadeAnew { column: column_x }]);
}

#[test]
fn a_rewrite_with_new_values_needs_a_load_and_is_never_carried_over() {
    let volatile = |source: &mut TableFacts| {
        source.filenode = 11;
        source.columns.push(column(3, "y"));
    };
    assert_eq!(changed(volatile).last(), Some(&ChangeKind::Rewritten));
    let mut source = shape("t");
    volatile(&mut source);
    assert_eq!(carried(&[source], &[shape("t")]), [false, false]);
    let remembered = changed(|source| {
        source.filenode = 11;
        source.columns.push(ColumnFacts {
            has_remembered_value: true,
            ..column(3, "y")
        });
    });
    assert_eq!(remembered.len(), 1);
}

#[test]
fn only_what_adds_nothing_to_rows_that_are_there_is_carried_over() {
    let with = |column: ColumnFacts| {
        let mut source = shape("t");
        source.columns.push(column);
        carried(&[source], &[shape("t")])
    };
    assert_eq!(with(column(3, "y")), [true]);
    assert_eq!(
        with(ColumnFacts {
            not_null: true,
            ..column(3, "y")
        }),
        [false]
    );
    assert_eq!(
        with(ColumnFacts {
            has_default: true,
            ..column(3, "y")
        }),
        [false]
    );
    assert_eq!(
        with(ColumnFacts {
            has_remembered_value: true,
            ..column(3, "y")
        }),
        [false]
    );
    // Loaded with it, so the target has lost it: nobody knows why.
    assert_eq!(
        carried(
            &[shape("t")],
            &[TableFacts {
                columns: vec![column(1, "id")],
                ..shape("t")
            }]
        ),
        [false]
    );
}

#[test]
fn a_partition_is_carried_over_beside_its_siblings_only() {
    let part = |oid, name: &str, parent: &str| TableFacts {
        oid,
        partition_of: Some(QualifiedName::new("s", parent)),
        bound: Some("FOR VALUES IN (1)".to_owned()),
        ..shape(name)
    };
    let old = part(1, "t", "parent");
    let target = [old.clone()];
    assert_eq!(carried(&[old.clone(), part(2, "new", "parent")], &target), [true]);
    assert_eq!(
        carried(&[old.clone(), part(2, "new", "stranger")], &target),
        [false]
    );
    assert_eq!(
        carried(
            &[old.clone(), part(2, "new", "parent")],
            &[old, part(5, "new", "parent")]
        ),
        [false]
    );
}

#[test]
fn words_read_back() {
    for kind in CarryOver::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    assert!("all".parse::<CarryOver>().is_err());
}

#[test]
fn a_table_that_is_being_added_is_neither_new_nor_changed() {
    let adding = Followed {
        state: RelationState::Adding,
        ..followed()
    };
    let mut source = shape("t");
    source.publication = None;
    source.partition_of = Some(QualifiedName::new("s", "parent"));
    assert!(changes(std::slice::from_ref(&adding), &[source], &[shape("t")]).is_empty());
    assert!(changes(&[adding], &[], &[shape("t")]).is_empty());
}

#[test]
fn other_partitions_than_were_loaded_are_told_of_a_tree() {
    let partitions_of = |partitions: &[u32]| changed(|shape| shape.partitions = partitions.to_vec());
    assert_eq!(partitions_of(&[]), []);
    assert_eq!(partitions_of(&[7]), [ChangeKind::PartitionsChanged]);
    assert_eq!(ChangeKind::PartitionsChanged.severity(), Severity::Blocker);
}

#[test]
fn a_rewrite_is_told_by_the_column_s_version_even_where_nothing_else_shows() {
    let using = |source: &mut TableFacts| {
        source.filenode = 11;
        source.columns[1].version = 701;
    };
    assert_eq!(changed(using), [ChangeKind::Rewritten]);
    // SET NOT NULL without a rewrite.
    assert!(changed(|source| source.columns[1].version = 701).is_empty());
}

#[test]
fn a_moment_outside_of_the_publication_is_told_by_its_numbers() {
    let member = |change: fn(&mut PublicationMembership)| {
        changed(|source| change(source.publication.as_mut().expect("it is published")))
    };
    assert_eq!(member(|member| member.row = 6), [ChangeKind::PublishedAnew]);
    assert_eq!(
        member(|member| member.publication_version = 601),
        [ChangeKind::PublishedAnew]
    );
    assert_eq!(
        member(|member| member.is_whole = false),
        [ChangeKind::NotPublished]
    );
}

#[test]
fn names_that_were_swapped_are_two_renames() {
    let table = |oid, name: &str| TableFacts { oid, ..shape(name) };
    let of = |source: TableFacts, target: TableFacts| Followed {
        oid: source.oid,
        name: target.name.clone(),
        remembered: Some(Remembered::in_step(&source, &target)),
        ..followed()
    };
    let both = [
        of(table(1, "a"), table(11, "a")),
        of(table(2, "b"), table(12, "b")),
    ];
    let target = [table(11, "a"), table(12, "b")];
    assert!(changes(&both, &[table(1, "a"), table(2, "b")], &target).is_empty());
    let swapped = changes(&both, &[table(1, "b"), table(2, "a")], &target);
    let renamed = |before: &str| ChangeKind::Renamed {
        before: QualifiedName::new("s", before),
        is_occupied: true,
    };
    let kinds: Vec<_> = swapped.into_iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [renamed("a"), renamed("b")]);
}

#[test]
fn names_of_columns_that_were_swapped_are_two_renames() {
    let swapped = changed(|source| {
        source.columns[0].name = "x".to_owned();
        source.columns[1].name = "id".to_owned();
    });
    let renamed = |before: &str, after: &str| ChangeKind::ColumnRenamed {
        before: before.to_owned(),
        after: after.to_owned(),
        is_occupied: true,
    };
    assert_eq!(swapped, [renamed("id", "x"), renamed("x", "id")]);
}

#[test]
fn what_is_in_step_again_is_remembered_anew() {
    let mut source = shape("t");
    source.columns.push(column(3, "y"));
    assert!(news(&[followed()], std::slice::from_ref(&source), &[shape("t")]).is_empty());
    let mut target = shape("t");
    target.columns.push(column(7, "y"));
    let news = news(&[followed()], &[source.clone()], &[target.clone()]);
    assert_eq!(news, [(1, Remembered::in_step(&source, &target))]);
    let followed = Followed {
        remembered: Some(news[0].1.clone()),
        ..followed()
    };
    source.columns[2].name = "z".to_owned();
    let kinds = changes(&[followed], &[source], &[target]);
    assert!(matches!(
        kinds[0].kind,
        ChangeKind::ColumnRenamed { ref before, .. } if before == "y"
    ));
}

#[test]
fn a_rewritten_table_is_loaded_anew_with_its_columns() {
    let of = |oid: u32, kind: ChangeKind| SchemaChange {
        oid,
        table: QualifiedName::new("s", format!("t{oid}")),
        kind,
    };
    let gone = || ChangeKind::ColumnGone {
        column: "x".to_owned(),
        is_required: false,
    };
    let changes = [
        of(1, ChangeKind::Rewritten),
        of(1, ChangeKind::PublishedAnew),
        of(2, gone()),
        of(2, ChangeKind::Rewritten),
        of(3, gone()),
    ];
    let name = |number: u32| (number, QualifiedName::new("s", format!("t{number}")));
    assert_eq!(to_reload(&changes), [name(1), name(2)]);
}
