use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::comparison::Digest;

/// A row as the two servers see it: a key that sorts, a hash of the key, a hash of the row.
#[derive(Debug, Clone, Copy)]
struct Row {
    key: i128,
    hash: i64,
    image: i64,
}

fn holds(region: &Region, row: &Row) -> bool {
    let in_range = region
        .range
        .is_none_or(|range| range.from <= row.key && row.key < range.to);
    let has_prefix = region.hash.as_ref().is_none_or(|hash| {
        let mask = if hash.bits == 64 {
            -1
        } else {
            (1_i64 << hash.bits) - 1
        };
        hash.values.contains(&(row.hash & mask))
    });
    in_range && has_prefix
}

fn bucket(cut: &Cut, row: &Row) -> i32 {
    let bucket = match cut {
        Cut::Whole => 0,
        Cut::Ranges { bounds } => bounds.partition_point(|bound| *bound <= row.key),
        Cut::Hash { shift, bits } => {
            usize::try_from((row.hash >> shift) & ((1 << bits) - 1)).expect("masked")
        }
    };
    i32::try_from(bucket).expect("few buckets")
}

fn digest(region: &Region, cut: &Cut, source: &[Row], target: &[Row]) -> Buckets {
    let mut buckets = Buckets::default();
    let one = |row: &Row| Digest {
        rows: 1,
        sum: i128::from(row.image),
    };
    for row in source.iter().filter(|row| holds(region, row)) {
        buckets.add_source(bucket(cut, row), one(row));
    }
    for row in target.iter().filter(|row| holds(region, row)) {
        buckets.add_target(bucket(cut, row), one(row));
    }
    buckets
}

/// Keys of all rows that differ, and how many rows were read again to find them.
fn search(source: &[Row], target: &[Row], bounds: &[i128]) -> (Vec<i128>, usize) {
    let rows = i64::try_from(source.len()).expect("few rows");
    let cut = first_cut(rows, bounds);
    let whole = Region::default();
    let buckets = digest(&whole, &cut, source, target);
    let mut open = next_regions(&whole, &cut, &buckets);
    let (mut found, mut read) = (Vec::new(), 0);
    while let Some((region, rows)) = open.pop() {
        let of_source: Vec<_> = source.iter().filter(|row| holds(&region, row)).collect();
        read += of_source.len();
        if let Some(cut) = region.cut(rows) {
            open.extend(next_regions(
                &region,
                &cut,
                &digest(&region, &cut, source, target),
            ));
            continue;
        }
        let of_target: BTreeMap<i128, i64> = target
            .iter()
            .filter(|row| holds(&region, row))
            .map(|row| (row.key, row.image))
            .collect();
        found.extend(
            of_source
                .iter()
                .filter(|row| of_target.get(&row.key) != Some(&row.image))
                .map(|row| row.key),
        );
    }
    found.sort_unstable();
    (found, read)
}

/// Spreads bits as a hash does (Steele and others, "Fast splittable pseudorandom number generators").
fn mixed(number: i128) -> i64 {
    let mut bits = i64::try_from(number & 0xFFFF_FFFF)
        .expect("masked")
        .cast_unsigned();
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)).cast_signed()
}

fn row(key: i128) -> Row {
    Row {
        key,
        hash: mixed(key),
        image: mixed(key + 1),
    }
}

/// Another image, with another hash as far away as any.
fn damage(row: &mut Row) {
    row.image = mixed(i128::from(row.image) + 1);
}

#[test]
fn one_row_of_a_million_is_found_by_reading_a_thousandth_again() {
    let source: Vec<Row> = (0..1_000_000).map(row).collect();
    let mut target = source.clone();
    damage(&mut target[765_432]);
    let (found, read) = search(&source, &target, &[0, 1_000_000]);
    assert_eq!(found, [765_432]);
    assert!(read <= 2 * usize::try_from(LEAF_ROWS).unwrap(), "{read}");
}

#[test]
fn keys_that_crowd_at_one_end_are_found_all_the_same() {
    let mut source: Vec<Row> = (0..300_000).map(row).collect();
    source.push(row(i128::from(i64::MAX)));
    let mut target = source.clone();
    damage(&mut target[4711]);
    let (found, _) = search(&source, &target, &[0, i128::from(i64::MAX)]);
    assert_eq!(found, [4711]);
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_differs_is_found(
        step in 1_i128..1000,
        count in 1_i128..30_000,
        changed in proptest::collection::btree_set(0_i128..30_000, 0..5),
        ordered: bool,
    ) {
        let source: Vec<Row> = (0..count).map(|number| row(number * step)).collect();
        let mut target = source.clone();
        let expected: Vec<i128> = changed.into_iter().filter(|number| *number < count).collect();
        for number in &expected {
            damage(&mut target[usize::try_from(*number).unwrap()]);
        }
        let bounds = if ordered { vec![0, count * step] } else { Vec::new() };
        let (found, _) = search(&source, &target, &bounds);
        let expected: Vec<i128> = expected.iter().map(|number| number * step).collect();
        prop_assert_eq!(found, expected);
    }
}
