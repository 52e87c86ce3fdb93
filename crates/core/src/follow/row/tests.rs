use std::sync::Arc;

use bytes::Bytes;
use transhume_wire::{
    binary::BinaryType,
    ident::{OperatorName, QualifiedName},
    pgoutput::{ColumnValue, Relation, RelationColumn, Tuple},
};

use super::*;
use crate::follow::change::RowIdentity as OldRow;

const INT4: u32 = 23;

fn announced(name: &str, is_key: bool) -> RelationColumn {
    RelationColumn {
        is_key,
        name: name.to_owned(),
        type_oid: INT4,
        type_modifier: -1,
    }
}

fn column(name: &str, generation: Generation) -> TargetColumn {
    TargetColumn {
        name: name.to_owned(),
        number: 0,
        type_oid: INT4,
        type_modifier: -1,
        type_name: "integer".to_owned(),
        generation,
        image_equality: true,
        equality: OperatorName::equal(),
        list_form: ListForm::Binary(BinaryType::Int4),
        binary: Some(BinaryType::Int4),
    }
}

fn relation(identity: u8, columns: Vec<RelationColumn>) -> Arc<Relation> {
    Arc::new(Relation {
        id: 1,
        name: QualifiedName::new("s", "t"),
        replica_identity: identity,
        columns,
    })
}

fn table(columns: Vec<TargetColumn>, primary_key: &[&str]) -> TargetTable {
    TargetTable {
        identity: TableIdentity::default(),
        columns,
        primary_key: primary_key.iter().map(ToString::to_string).collect(),
        is_partitioned: false,
    }
}

/// `~` is unchanged, `-` is null.
fn tuple(values: &[&str]) -> Tuple {
    Tuple(
        values
            .iter()
            .map(|value| match *value {
                "~" => ColumnValue::Unchanged,
                "-" => ColumnValue::Null,
                text => ColumnValue::Text(Bytes::copy_from_slice(text.as_bytes())),
            })
            .collect(),
    )
}

fn values(write: &RowWrite) -> Vec<&str> {
    write
        .values
        .iter()
        .map(|value| {
            value
                .as_ref()
                .map_or("-", |bytes| std::str::from_utf8(bytes).unwrap())
        })
        .collect()
}

fn keyed() -> RowPlan {
    let relation = relation(b'd', vec![announced("id", true), announced("body", false)]);
    let target = table(
        vec![
            column("body", Generation::Plain),
            column("extra", Generation::Plain),
            column("id", Generation::Plain),
        ],
        &["id"],
    );
    plan(&relation, Some(&target)).unwrap()
}

fn keyless() -> RowPlan {
    let relation = relation(b'f', vec![announced("a", true), announced("b", true)]);
    let target = table(
        vec![column("a", Generation::Plain), column("b", Generation::Plain)],
        &[],
    );
    plan(&relation, Some(&target)).unwrap()
}

fn with_identity_column(is_key: bool) -> RowPlan {
    let relation = relation(
        b'd',
        vec![
            announced("id", is_key),
            announced("code", !is_key),
            announced("big", false),
        ],
    );
    let target = table(
        vec![
            column("id", Generation::IdentityAlways),
            column("code", Generation::Plain),
            column("big", Generation::Plain),
        ],
        &[],
    );
    plan(&relation, Some(&target)).unwrap()
}

#[test]
fn columns_match_by_name_and_extra_ones_of_the_target_do_not_matter() {
    let plan = keyed();

    assert_eq!(plan.columns[0].name, "id");
    assert_eq!(plan.columns[1].name, "body");
    assert_eq!(plan.identity, RowLookup::Key([0].into_iter().collect()));
}

#[test]
fn whatever_does_not_fit_is_drift() {
    let one = |columns: Vec<TargetColumn>| {
        plan(
            &relation(b'd', vec![announced("id", true)]),
            Some(&table(columns, &[])),
        )
        .unwrap_err()
        .kind
    };
    let id = || "id".to_owned();
    let mut text = column("id", Generation::Plain);
    text.type_oid = 25;

    assert_eq!(one(vec![]), DriftKind::ColumnMissing { column: id() });
    assert_eq!(
        one(vec![column("id", Generation::Computed)]),
        DriftKind::Computed { column: id() }
    );
    assert!(matches!(one(vec![text]), DriftKind::TypeDiffers { .. }));
    assert_eq!(
        plan(&relation(b'd', vec![]), None).unwrap_err().kind,
        DriftKind::TableMissing
    );
}

/// A column of the one type is written to a column of the other.
fn fits(source: u32, target: u32) -> bool {
    let mut announced = announced("id", true);
    announced.type_oid = source;
    let mut column = column("id", Generation::Plain);
    column.type_oid = target;
    plan(&relation(b'd', vec![announced]), Some(&table(vec![column], &[]))).is_ok()
}

#[test]
fn a_type_that_takes_every_value_of_the_other_is_no_drift() {
    let [int8, int2, int4, text, float4, float8, varchar, bpchar] = [20, 21, 23, 25, 700, 701, 1043, 1042];
    assert!(fits(int2, int4) && fits(int2, int8) && fits(int4, int8) && fits(varchar, text));
    for (source, target) in [
        (int8, int4),
        (int4, int2),
        (float4, float8),
        (text, varchar),
        (bpchar, text),
        (int4, text),
    ] {
        assert!(!fits(source, target), "{source} as {target}");
    }
}

#[test]
fn a_wider_column_on_the_target_takes_everything_and_a_narrower_one_nothing() {
    let fits = |type_oid: u32, source: i32, target: i32| {
        let mut announced = announced("id", true);
        (announced.type_oid, announced.type_modifier) = (type_oid, source);
        let mut column = column("id", Generation::Plain);
        (column.type_oid, column.type_modifier) = (type_oid, target);
        plan(&relation(b'd', vec![announced]), Some(&table(vec![column], &[]))).is_ok()
    };
    let numeric = |precision: i32, scale: i32| ((precision << 16) | scale) + 4;

    assert!(fits(1043, 14, 24) && fits(1043, 14, -1) && !fits(1043, 24, 14) && !fits(1043, -1, 14));
    assert!(fits(1700, numeric(10, 2), numeric(12, 2)) && fits(1700, numeric(10, 2), -1));
    assert!(!fits(1700, numeric(10, 2), numeric(12, 4)) && !fits(1700, -1, numeric(10, 2)));
    assert!(!fits(1042, 14, 24));
    assert!(fits(1042, 14, 14));
}

#[test]
fn types_of_the_users_own_have_other_oids_on_the_target() {
    assert!(fits(20_000, 30_000));
    assert!(!fits(20_000, 25) && !fits(25, 30_000));
}

/// The old values of the key, as (index, value).
fn key(values: &[(usize, &str)]) -> OldRow {
    OldRow::Key(
        values
            .iter()
            .map(|(index, value)| (*index, tuple(&[value]).0.remove(0)))
            .collect(),
    )
}

fn update(plan: &RowPlan, old: &OldRow, new: &[&str]) -> Result<RowWrite, Unwritable> {
    row_write(
        plan,
        RowChange::Update {
            old,
            new: &tuple(new),
        },
    )
}

#[test]
fn an_update_that_left_the_key_alone_writes_only_what_was_sent() {
    let write = update(&keyed(), &key(&[(0, "7")]), &["7", "x"]).unwrap();
    assert_eq!(write.shape.operation, Operation::Update);
    assert_eq!(write.shape.written, [1].into_iter().collect());
    assert_eq!(values(&write), ["x", "7"]);

    let write = update(&keyed(), &key(&[(0, "7")]), &["7", "~"]).unwrap();
    assert_eq!(write.shape.operation, Operation::Find);
    assert_eq!(values(&write), ["7"]);
}

#[test]
fn a_changed_key_is_matched_by_its_old_value() {
    let write = update(&keyed(), &key(&[(0, "7")]), &["8", "~"]).unwrap();

    assert_eq!(write.shape.written, [0].into_iter().collect());
    assert_eq!(values(&write), ["8", "7"]);
}

#[test]
fn an_unchanged_toasted_key_is_matched_but_not_written() {
    let write = update(&keyed(), &key(&[(0, "long")]), &["~", "x"]).unwrap();

    assert_eq!(values(&write), ["x", "long"]);
}

#[test]
fn a_keyless_row_is_matched_by_its_whole_image() {
    let old = OldRow::WholeRow(tuple(&["1", "-"]));
    let write = row_write(&keyless(), RowChange::Delete { old: &old }).unwrap();
    let nulls = [1].into_iter().collect();
    assert_eq!(write.shape.matching, Matching::Image { nulls });
    assert_eq!(values(&write), ["1"]);

    let write = update(&keyless(), &old, &["2", "-"]).unwrap();
    assert_eq!(write.shape.written, [0].into_iter().collect());
    assert_eq!(values(&write), ["2", "1"]);

    let refused = update(&keyless(), &key(&[(0, "1")]), &["2", "-"]);
    assert_eq!(refused, Err(Unwritable::OldRowIncomplete));
}

#[test]
fn with_identity_full_the_targets_key_finds_the_row() {
    let relation = relation(b'f', vec![announced("a", true), announced("b", true)]);
    let columns = || vec![column("a", Generation::Plain), column("b", Generation::Plain)];
    let identity = |key: &[&str]| plan(&relation, Some(&table(columns(), key))).unwrap().identity;

    assert_eq!(identity(&["b"]), RowLookup::Key([1].into_iter().collect()));
    assert_eq!(identity(&["b", "computed"]), RowLookup::Image);

    let keyed = plan(&relation, Some(&table(columns(), &["b"]))).unwrap();
    let old = OldRow::WholeRow(tuple(&["1", "2"]));
    assert_eq!(values(&update(&keyed, &old, &["3", "2"]).unwrap()), ["3", "2"]);
}

#[test]
fn an_always_identity_is_left_out_when_it_keeps_its_value() {
    let write = update(&with_identity_column(true), &key(&[(0, "1")]), &["1", "x", "~"]).unwrap();

    assert_eq!(write.shape.operation, Operation::Update);
    assert_eq!(values(&write), ["x", "1"]);
}

#[test]
fn a_changed_always_identity_replaces_the_row_and_keeps_what_was_not_sent() {
    let write = update(&with_identity_column(true), &key(&[(0, "1")]), &["2", "x", "~"]).unwrap();

    assert_eq!(write.shape.operation, Operation::Replace);
    assert_eq!(write.shape.written, [0, 1].into_iter().collect());
    assert_eq!(values(&write), ["2", "x", "1"]);
}

#[test]
fn an_always_identity_outside_the_key_may_have_changed_unseen() {
    let write = update(&with_identity_column(false), &key(&[(1, "x")]), &["2", "x", "y"]).unwrap();

    assert_eq!(write.shape.operation, Operation::Replace);
    assert_eq!(values(&write), ["2", "y", "x"]);
}

#[test]
fn a_change_of_another_width_or_without_identity_is_refused() {
    let refused = row_write(&keyed(), RowChange::Insert { new: &tuple(&["1"]) });
    assert_eq!(
        refused,
        Err(Unwritable::WrongWidth {
            found: 1,
            announced: 2
        })
    );

    let relation = relation(b'n', vec![announced("a", false)]);
    let target = table(vec![column("a", Generation::Plain)], &[]);
    let plan = plan(&relation, Some(&target)).unwrap();
    assert_eq!(
        update(&plan, &key(&[(0, "1")]), &["1"]),
        Err(Unwritable::NoIdentity)
    );
}

#[test]
fn a_table_is_netted_by_its_key_unless_a_column_cannot_travel_in_lists() {
    let target = TargetTable {
        identity: TableIdentity::default(),
        columns: vec![
            column("id", Generation::IdentityAlways),
            column("body", Generation::Plain),
        ],
        primary_key: vec!["id".to_owned()],
        is_partitioned: false,
    };
    let relation = relation(b'f', vec![announced("id", false), announced("body", false)]);
    let mut plan = plan(&relation, Some(&target)).unwrap();

    let shape = plan.net_shape().unwrap();
    assert_eq!((shape.width, shape.key), (2, vec![0]));
    assert!(plan.can_set(&[1]) && !plan.can_set(&[0, 1]));

    plan.columns[1].list_form = ListForm::Single;
    assert_eq!(plan.net_shape(), None);
}
