use super::*;

fn column(number: i16, name: &str) -> ShapeColumn {
    ShapeColumn {
        number,
        name: name.to_owned(),
        type_name: "integer".to_owned(),
        not_null: false,
        has_default: false,
        has_remembered_value: false,
    }
}

fn shape(name: &str) -> Shape {
    Shape {
        oid: 1,
        name: QualifiedName::new("s", name),
        is_logged: true,
        is_published: true,
        filenode: 10,
        partition_of: None,
        bound: None,
        partitions: Vec::new(),
        columns: vec![column(1, "id"), column(2, "x")],
    }
}

fn followed() -> Followed {
    Followed {
        oid: 1,
        name: QualifiedName::new("s", "t"),
        state: RelationState::Loaded,
        partitions: Vec::new(),
        baseline: Some(Baseline::of(&shape("t"))),
    }
}

fn kinds(source: &[Shape], target: &[Shape]) -> Vec<ChangeKind> {
    let changes = changes(&[followed()], source, target);
    changes.into_iter().map(|change| change.kind).collect()
}

fn changed(change: impl Fn(&mut Shape)) -> Vec<ChangeKind> {
    let mut source = shape("t");
    change(&mut source);
    kinds(&[source], &[shape("t")])
}

fn carried(source: &[Shape], target: &[Shape]) -> Vec<bool> {
    let followed = [followed()];
    changes(&followed, source, target)
        .iter()
        .map(|change| may_be_carried(change, &CarryOver::ALL, &followed, source, target))
        .collect()
}

#[test]
fn a_table_as_it_was_gives_nothing_whatever_the_target_calls_its_types() {
    let mut target = shape("t");
    target.oid = 99;
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
    assert_eq!(kinds(&[], &[shape("t")]), [ChangeKind::TableGone]);
    assert!(kinds(&[], &[]).is_empty());
    assert_eq!(
        changed(|source| source.is_published = false),
        [ChangeKind::NotPublished]
    );
    assert!(
        changed(|source| {
            source.is_published = false;
            source.is_logged = false;
        })
        .is_empty()
    );
    let before = QualifiedName::new("s", "t");
    assert_eq!(
        kinds(&[shape("u")], &[shape("t")]),
        [ChangeKind::Renamed { before }]
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
    assert_eq!(renamed, [ChangeKind::ColumnRenamed { before, after }]);
    let retyped = changed(|source| source.columns[1].type_name = "bigint".to_owned());
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
    let volatile = |source: &mut Shape| {
        source.filenode = 11;
        source.columns.push(column(3, "y"));
    };
    assert_eq!(changed(volatile).last(), Some(&ChangeKind::Rewritten));
    let mut source = shape("t");
    volatile(&mut source);
    assert_eq!(carried(&[source], &[shape("t")]), [false, false]);
    let remembered = changed(|source| {
        source.filenode = 11;
        source.columns.push(ShapeColumn {
            has_remembered_value: true,
            ..column(3, "y")
        });
    });
    assert_eq!(remembered.len(), 1);
}

#[test]
fn only_what_adds_nothing_to_rows_that_are_there_is_carried_over() {
    let with = |column: ShapeColumn| {
        let mut source = shape("t");
        source.columns.push(column);
        carried(&[source], &[shape("t")])
    };
    assert_eq!(with(column(3, "y")), [true]);
    assert_eq!(
        with(ShapeColumn {
            not_null: true,
            ..column(3, "y")
        }),
        [false]
    );
    assert_eq!(
        with(ShapeColumn {
            has_default: true,
            ..column(3, "y")
        }),
        [false]
    );
    assert_eq!(
        with(ShapeColumn {
            has_remembered_value: true,
            ..column(3, "y")
        }),
        [false]
    );
    // Loaded with it, so the target has lost it: nobody knows why.
    assert_eq!(
        carried(
            &[shape("t")],
            &[Shape {
                columns: vec![column(1, "id")],
                ..shape("t")
            }]
        ),
        [false]
    );
}

#[test]
fn a_partition_is_carried_over_beside_its_siblings_only() {
    let part = |oid, name: &str, parent: &str| Shape {
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
    source.is_published = false;
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
