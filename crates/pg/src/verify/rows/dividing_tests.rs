use transhume_core::verify::rows::{ComparedColumn, KeyColumn};
use transhume_wire::ident::{OperatorName, QualifiedName};

use super::*;

fn spread(columns: &[(&str, Order)]) -> Vec<SpreadColumn> {
    columns
        .iter()
        .map(|(name, order)| SpreadColumn {
            name: (*name).to_owned(),
            order: *order,
        })
        .collect()
}

fn subject(spread: Vec<SpreadColumn>) -> Subject {
    Subject {
        table: QualifiedName::new("s", "t"),
        columns: vec![ComparedColumn::new("id", 20, Some(20))],
        key: vec![KeyColumn {
            name: "id".to_owned(),
            type_name: "bigint".to_owned(),
            equality: OperatorName::equal(),
        }],
        spread,
        extremes: Some(OrdinalRange { from: 0, to: 100 }),
        cut: Cut::Whole,
        is_sampled: false,
        is_partitioned: false,
    }
}

fn by_id() -> Subject {
    subject(spread(&[("id", Order::Numbers(KeyDomain::Integer))]))
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

#[test]
fn the_outermost_regions_are_open() {
    let region = Region::whole(Some(OrdinalRange { from: 0, to: 50 }));
    assert_eq!(
        within(&by_id(), &region),
        [r#"stored."id" < '50'::pg_catalog.int8"#]
    );
}

#[test]
fn pieces_touch_and_are_open_at_both_ends() {
    let by_page = pieces(&subject(Vec::new()), true, 100, 3).unwrap();
    assert_eq!(
        by_page,
        [
            "stored.ctid < '(33,0)'::pg_catalog.tid",
            "stored.ctid >= '(33,0)'::pg_catalog.tid and stored.ctid < '(66,0)'::pg_catalog.tid",
            "stored.ctid >= '(66,0)'::pg_catalog.tid",
        ]
    );
    assert_eq!(pieces(&subject(Vec::new()), false, 100, 3), None);
    assert_eq!(
        pieces(&subject(Vec::new()), true, 0, 1),
        Some(vec![String::new()])
    );
}

#[test]
fn pieces_by_numbers_hold_what_has_none_too() {
    let mut subject = by_id();
    subject.cut = Cut::Ranges {
        bounds: vec![25, 50, 75],
    };
    let pieces = pieces(&subject, false, 100, 2).unwrap();
    assert_eq!(
        pieces,
        [
            r#"(stored."id" < '50'::pg_catalog.int8 or stored."id" is null)"#,
            r#"stored."id" >= '50'::pg_catalog.int8"#,
        ]
    );
}

#[test]
fn a_row_s_bucket_is_searched_by_halves() {
    let columns = spread(&[("k", Order::Bytes)]);
    let bounds = [texts(&["a"]), texts(&["b"]), texts(&["c"])];
    let is_below = |value: &str| format!(r#"stored."k" < '{value}'::pg_catalog.bytea"#);
    assert_eq!(
        by_halves(&bounds, 0, &|bound| by_bytes(&columns, "<", bound)),
        format!(
            "case when {} then case when {} then 0 else 1 end else case when {} then 2 else 3 end end",
            is_below("b"),
            is_below("a"),
            is_below("c")
        )
    );
}

#[test]
fn a_range_of_values_is_exact_by_bytes_and_looked_for_by_the_collation() {
    let columns = spread(&[("a", Order::Numbers(KeyDomain::Integer)), ("b", Order::Text)]);
    let range = ValueRange {
        from: Some(texts(&["5", "it's"])),
        to: Some(texts(&["5", "x"])),
        is_widened: false,
    };
    let five = "'5'::pg_catalog.int8";
    assert_eq!(
        within_values(&columns, &range),
        [
            format!(
                r#"(stored."a", (stored."b"::pg_catalog.text collate pg_catalog."C")) >= ({five}, 'it''s'::pg_catalog.text)"#
            ),
            format!(
                r#"(stored."a", (stored."b"::pg_catalog.text collate pg_catalog."C")) < ({five}, 'x'::pg_catalog.text)"#
            ),
            format!(r#"stored."a" = {five}"#),
            r#"stored."b" >= 'it''s'::pg_catalog.text"#.to_owned(),
            r#"stored."b" <= 'x'::pg_catalog.text"#.to_owned(),
        ]
    );
    let open = ValueRange {
        from: None,
        to: Some(texts(&["5", "x"])),
        is_widened: false,
    };
    assert_eq!(within_values(&columns, &open).len(), 2);
    let widened = ValueRange {
        from: Some(texts(&["5", "abX"])),
        to: Some(texts(&["5", "aba"])),
        is_widened: true,
    };
    assert_eq!(
        within_values(&columns, &widened)[2..],
        [
            format!(r#"stored."a" = {five}"#),
            r#"stored."b" >= 'ab'::pg_catalog.text"#.to_owned(),
            r#"stored."b" < 'ac'::pg_catalog.text"#.to_owned(),
        ]
    );
}
