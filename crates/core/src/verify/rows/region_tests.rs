use super::*;

fn values(numbers: impl Iterator<Item = usize>) -> Vec<Vec<String>> {
    numbers.map(|number| vec![format!("{number:06}")]).collect()
}

#[test]
fn the_width_of_all_uuids_can_be_divided() {
    assert_eq!(between(i128::MIN, i128::MAX, 1, 2), -1);
    let Cut::Ranges { bounds } = first_cut(1 << 40, &[i128::MIN, i128::MAX]) else {
        panic!("not by ranges");
    };
    assert_eq!(bounds.len(), 4095);
    assert!(bounds.is_sorted());
}

#[test]
fn of_the_values_picked_as_many_are_taken_as_there_are_ranges_evenly() {
    let Cut::Values { bounds } = cut_by_values(10 * LEAF_ROWS, values(0..100)) else {
        panic!("not by values");
    };
    assert_eq!(bounds, values((10..100).step_by(10)));
    let Cut::Values { bounds } = cut_by_values(10 * LEAF_ROWS, values(0..5)) else {
        panic!("not by values");
    };
    assert_eq!(bounds, values(0..5), "as many as there are");
    assert_eq!(cut_by_values(LEAF_ROWS, values(0..5)), Cut::Whole);
    assert!(matches!(
        cut_by_values(10 * LEAF_ROWS, Vec::new()),
        Cut::Hash { .. }
    ));
}

#[test]
fn ranges_of_values_touch_and_are_open_at_both_ends() {
    let cut = Cut::Values { bounds: values(1..3) };
    let mut buckets = Buckets::default();
    for bucket in 0..3 {
        buckets.add_source(bucket, crate::verify::rows::Digest { rows: 1, sum: 1 });
    }
    let ranges: Vec<_> = next_regions(&Region::default(), &cut, &buckets)
        .into_iter()
        .filter_map(|suspect| suspect.region.values)
        .map(|range| {
            (
                range.from.map(|from| from.concat()),
                range.to.map(|to| to.concat()),
            )
        })
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        ranges,
        [
            (None, text("000001")),
            (text("000001"), text("000002")),
            (text("000002"), None)
        ]
    );
}
