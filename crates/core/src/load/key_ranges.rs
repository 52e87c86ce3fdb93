//! Splitting a table by ranges of an integer key, where the server cannot scan by ctid range.
//!
//! Invariant: the ranges touch, do not overlap, and are open at both ends, so that every row is in
//! exactly one whatever its key, and whatever was estimated of the keys.

/// Keys from `from` (included) to `to` (not included); an open end has no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRange {
    pub from: Option<i64>,
    pub to: Option<i64>,
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
