use transhume_core::{
    follow::{
        change::{Change, RowIdentity as Old},
        net::{self, Net, NetBatch, Shape, Shapes},
        row::{RowLookup, TableIdentity},
    },
    table::Generation,
};
use transhume_wire::{
    ident::{OperatorName, QualifiedName},
    pgoutput::Tuple,
};

use super::*;

fn column(name: &str, list_form: ListForm, image_equality: bool) -> TargetColumn {
    TargetColumn {
        name: name.to_owned(),
        number: 0,
        type_oid: 23,
        type_modifier: -1,
        type_name: "s.dom".to_owned(),
        generation: Generation::Plain,
        image_equality,
        equality: OperatorName::equal(),
        list_form,
        binary: None,
    }
}

fn plan() -> RowPlan {
    let base_type = "numeric".to_owned();
    RowPlan {
        table: QualifiedName::new("s", "t"),
        target: TableIdentity::default(),
        columns: vec![
            column("line", ListForm::Binary(BinaryType::Int8), true),
            column("sum", ListForm::Text { base_type }, false),
        ],
        identity: RowLookup::Image,
        is_partitioned: false,
    }
}

fn of(operation: SetOperation, written: &[usize], nulls: &[usize]) -> String {
    let nulls: ColumnSet = nulls.iter().copied().collect();
    let shape = SetShape {
        operation,
        written: written.iter().copied().collect(),
        nulls: Some(nulls.clone()),
        is_counted: false,
    };
    text(&plan(), &shape, &nulls)
}

#[test]
fn each_image_is_looked_for_once_and_each_change_takes_a_row_of_its_own() {
    assert_eq!(
        of(SetOperation::Update, &[1], &[]),
        r#"update only "s"."t" as stored set "sum" = change.c5::numeric from (select found.place, change.* from (select stored.ctid as place, image.number, pg_catalog.row_number() over (partition by image.number) as copy from only "s"."t" as stored, unnest($1::pg_catalog.int8[], $2::pg_catalog.text[]) with ordinality as image (c1, c2, number) where stored."line" operator(pg_catalog.=) image.c1 and stored."sum" is distinct from null and pg_catalog.concat(stored."sum") collate pg_catalog."C" operator(pg_catalog.=) image.c2::pg_catalog.text) as found full join unnest($3::pg_catalog.int4[], $4::pg_catalog.int4[], $5::pg_catalog.text[]) as change (c3, c4, c5) on found.number operator(pg_catalog.=) change.c3 and found.copy operator(pg_catalog.=) change.c4 offset 0) as change where stored.ctid operator(pg_catalog.=) change.place and change.c3 is not null and pg_catalog.current_setting('transaction_isolation') operator(pg_catalog.=) 'read committed'"#
    );
}

#[test]
fn a_row_of_nulls_alone_has_no_list() {
    let delete = of(SetOperation::Delete, &[], &[0, 1]);
    assert!(
        delete.contains(
            r#"(values (1::pg_catalog.int8)) as image (number) where stored."line" is not distinct from null and stored."sum" is not distinct from null) as found full join unnest($1::pg_catalog.int4[], $2::pg_catalog.int4[]) as change (c1, c2) on "#
        ),
        "{delete}"
    );
}

fn row(line: Option<&'static str>) -> Tuple {
    let text = |value: &'static str| ColumnValue::Text(Bytes::from_static(value.as_bytes()));
    Tuple(vec![line.map_or(ColumnValue::Null, text), text("1.0")])
}

/// A table of two columns without a key.
fn keyless() -> Shapes {
    let shape = Shape {
        width: 2,
        key: vec![],
    };
    [(7, shape)].into()
}

/// What the changes of the one table come to.
fn only_set<'b, 'a>(batch: &'b NetBatch<'a>) -> &'b SetChanges<'a> {
    let (_, Net::Set(set)) = &batch.relations[0] else {
        panic!("{batch:?}");
    };
    set
}

#[test]
fn equal_rows_are_counted_and_nulls_are_apart() {
    let deletes = [Some("1"), Some("1"), None, Some("2"), Some("1")];
    let changes = deletes.map(|line| Change::Delete {
        relation: 7,
        identity: Old::WholeRow(row(line)),
    });
    let shapes = keyless();
    let batch = net::collapse(&shapes, &changes);
    let set = only_set(&batch);

    let writes = writes(&plan(), set, usize::MAX).unwrap();
    let rows: Vec<_> = writes.iter().map(|write| write.rows).collect();
    assert_eq!(rows, [4, 1]);
    let lists = &writes[0].values;
    assert_eq!(lists[2], list::numbers(&[1, 1, 2, 1]).unwrap());
    assert_eq!(lists[3], list::numbers(&[1, 2, 1, 3]).unwrap());
    // Two images of 8 bytes each.
    assert_eq!(lists[0].len(), 20 + 2 * 12);
}

#[test]
fn rows_of_several_partitions_are_not_told_apart_by_their_places() {
    let changes = [row(None), row(Some("1")), row(Some("2"))].map(|gone| Change::Delete {
        relation: 7,
        identity: Old::WholeRow(gone),
    });
    let shapes = keyless();
    let batch = net::collapse(&shapes, &changes);
    let set = only_set(&batch);
    let plan = RowPlan {
        is_partitioned: true,
        ..plan()
    };
    assert_eq!(crate::follow::apply::set::writes(&plan, set, usize::MAX), None);
}

#[test]
fn one_or_two_rows_are_looked_for_one_by_one_but_not_where_all_are_new() {
    let new = || Change::Insert {
        relation: 7,
        new: row(None),
    };
    let gone = Change::Delete {
        relation: 7,
        identity: Old::WholeRow(row(None)),
    };
    let shapes = keyless();
    let of = |changes: &[Change]| {
        let batch = net::collapse(&shapes, changes);
        writes(&plan(), only_set(&batch), usize::MAX).map(|writes| writes.len())
    };
    assert_eq!(of(&[gone, new(), new()]), None);
    assert_eq!(of(&[new()]), Some(1));
}
