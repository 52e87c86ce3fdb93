//! Splitting a table by ranges of an integer key: where each range may then be read under a snapshot of its own, or where the
//! server cannot scan by ctid range.
//!
//! Invariant: the ranges touch, do not overlap, and are open at both ends, so that every row is in
//! exactly one whatever its key, and whatever was estimated of the keys.

/// Keys from `from` (included) to `to` (not included); an open end has no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRange {
    pub from: Option<i64>,
    pub to: Option<i64>,
}

/// An integer column that leads a primary key, with what the source's statistics say of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegerKey {
    pub column: String,
    /// Sorted values with equally many rows between neighbours; fewer than two when never analysed.
    pub bounds: Vec<i64>,
    /// The key has no other column.
    pub is_whole_key: bool,
    /// Each range may be read under a snapshot of its own.
    pub keeps_ranges_apart: bool,
    /// Between the order of the values and that of the rows on disk, from -1 to 1; none when never analysed.
    pub correlation: Option<f32>,
    /// How many there are; below 0, as a share of the rows. None when never analysed.
    pub distinct_values: Option<f32>,
}

/// Least correlation of a table that is read by ranges of its key although its pages could be read in their order. A share of
/// 1 - c of the rows may lie anywhere: of a table larger than the source's memory each of those is a read of its own, and at a
/// hundred rows a page one in a hundred doubles what is read.
const CORRELATION_LEAST: f32 = 0.99;

impl IntegerKey {
    /// The ranges of it are worth more than ranges of pages: about as cheap to read, and what was read of them stays when the
    /// snapshot is lost.
    pub fn is_worth_ranges(&self) -> bool {
        let is_in_order = self
            .correlation
            .is_some_and(|correlation| correlation.abs() >= CORRELATION_LEAST);
        // Of few values, some have more rows than a range should.
        let is_spread = self.is_whole_key || self.distinct_values.is_some_and(|distinct| distinct < 0.0);
        self.keeps_ranges_apart && is_in_order && is_spread && self.bounds.len() > 1
    }
}

/// Ranges of about equal row counts. `bounds` are sorted values with equally many rows between
/// neighbours: a histogram, or just the smallest and the largest key.
pub fn split_by_key(bounds: &[i64], pieces: usize) -> Vec<KeyRange> {
    let mut cuts: Vec<i64> = (1..pieces)
        .filter_map(|piece| quantile(bounds, piece, pieces))
        .collect();
    cuts.dedup();
    let starts = std::iter::once(None).chain(cuts.iter().copied().map(Some));
    let ends = cuts.iter().copied().map(Some).chain(std::iter::once(None));
    starts.zip(ends).map(|(from, to)| KeyRange { from, to }).collect()
}

/// The key below which `piece` of `pieces` parts of the rows lie, interpolated between bounds.
fn quantile(bounds: &[i64], piece: usize, pieces: usize) -> Option<i64> {
    let spans = bounds.len().checked_sub(1).filter(|spans| *spans > 0)?;
    let position = piece * spans;
    let (span, rest) = (position / pieces, position % pieces);
    let (low, high) = (i128::from(bounds[span]), i128::from(bounds[span + 1]));
    let cut = low + (high - low) * rest as i128 / pieces as i128;
    i64::try_from(cut).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: Option<i64>, to: Option<i64>) -> KeyRange {
        KeyRange { from, to }
    }

    #[test]
    fn ranges_of_a_key_are_for_tables_that_lie_in_its_order() {
        let key = IntegerKey {
            column: "id".to_owned(),
            bounds: vec![1, 9],
            is_whole_key: false,
            keeps_ranges_apart: true,
            correlation: Some(-0.995),
            distinct_values: Some(-0.4),
        };
        assert!(key.is_worth_ranges());
        let without: [fn(&mut IntegerKey); 5] = [
            |key| key.bounds.clear(),
            |key| key.keeps_ranges_apart = false,
            |key| key.correlation = Some(0.9),
            |key| key.correlation = None,
            |key| key.distinct_values = Some(50.0),
        ];
        for without in without {
            let mut key = key.clone();
            without(&mut key);
            assert!(!key.is_worth_ranges(), "{key:?}");
        }
    }

    #[test]
    fn equal_shares_lie_between_open_ends() {
        assert_eq!(
            split_by_key(&[0, 100], 4),
            [
                range(None, Some(25)),
                range(Some(25), Some(50)),
                range(Some(50), Some(75)),
                range(Some(75), None)
            ]
        );
    }

    #[test]
    fn a_histogram_bends_the_cuts_to_where_the_rows_are() {
        assert_eq!(
            split_by_key(&[0, 10, 1000], 2),
            [range(None, Some(10)), range(Some(10), None)]
        );
    }

    #[test]
    fn extremes_and_too_few_keys_still_cover_everything_once() {
        let ranges = split_by_key(&[i64::MIN, i64::MAX], 3);
        assert_eq!(ranges.len(), 3);
        assert_eq!(
            split_by_key(&[5, 5], 4),
            [range(None, Some(5)), range(Some(5), None)]
        );
        assert_eq!(split_by_key(&[], 4), [range(None, None)]);
    }
}
