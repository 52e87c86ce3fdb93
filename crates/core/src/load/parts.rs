//! Splitting a table into ranges of pages.
//!
//! The ranges of a table cover every page there is and will be: the first is open at the start, the
//! last at the end, because a table may have grown since its pages were counted and its statistics may
//! be stale. No page is in two ranges.

/// Pages of a table's heap: rows with `ctid >= (from,0)` and `ctid < (to,0)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRange {
    /// First page; `None` from the start.
    pub from: Option<u32>,
    /// First page after it; `None` to the end, wherever that is.
    pub to: Option<u32>,
}

impl PageRange {
    pub const WHOLE: Self = Self { from: None, to: None };
}

/// Most bytes of a part. One COPY takes seconds for it, against milliseconds to claim and commit, and
/// it is all that a crash makes a loader do again. A terabyte is 4,096 parts.
const PART_BYTES_MOST: u64 = 256 << 20;

/// Least bytes of a part: below, claiming and committing would weigh against the copying, and a small
/// table would lose COPY FREEZE, which needs it whole.
const PART_BYTES_LEAST: u64 = 32 << 20;

/// Parts that each loader should get at least, so that one slow part leaves the others idle for no more
/// than about a quarter of the load.
const PARTS_EACH_LOADER: u64 = 4;

/// How large a part should be when the operator names no size.
pub fn part_bytes(total_bytes: u64, loaders: u32) -> u64 {
    let even = total_bytes / (u64::from(loaders.max(1)) * PARTS_EACH_LOADER);
    even.clamp(PART_BYTES_LEAST, PART_BYTES_MOST)
}

/// Splits a table of so many heap pages and bytes (TOAST included) into parts of about `part_bytes`,
/// all of as many pages, give or take one. A table up to half as large again as a part stays whole.
pub fn split_by_ctid(pages: u32, bytes: u64, part_bytes: u64) -> Vec<PageRange> {
    let part_bytes = part_bytes.max(1);
    // Rounded, not up: ten parts and a crumb would cost a claim for the crumb.
    let parts = bytes.saturating_add(part_bytes / 2) / part_bytes;
    let parts = parts.clamp(1, u64::from(pages.max(1)));
    let bound = |number: u64| {
        let page = u64::from(pages) * number / parts;
        let inner = number > 0 && number < parts;
        inner.then(|| u32::try_from(page).expect("invariant: a part's bound is at most `pages`"))
    };
    (0..parts)
        .map(|number| PageRange {
            from: bound(number),
            to: bound(number + 1),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MEBIBYTE: u64 = 1 << 20;

    #[test]
    fn small_and_empty_tables_stay_whole() {
        assert_eq!(split_by_ctid(0, 0, MEBIBYTE), [PageRange::WHOLE]);
        assert_eq!(split_by_ctid(100, MEBIBYTE, MEBIBYTE), [PageRange::WHOLE]);
        assert_eq!(split_by_ctid(1, 100 * MEBIBYTE, MEBIBYTE), [PageRange::WHOLE]);
    }

    #[test]
    fn a_large_table_is_split_evenly_and_open_at_both_ends() {
        let bound = |from, to| PageRange { from, to };

        assert_eq!(
            split_by_ctid(10, 3 * MEBIBYTE, MEBIBYTE),
            [
                bound(None, Some(3)),
                bound(Some(3), Some(6)),
                bound(Some(6), None)
            ]
        );
    }

    #[test]
    fn parts_shrink_so_that_all_loaders_have_some_and_never_below_their_worth() {
        assert_eq!(part_bytes(1 << 40, 8), 256 * MEBIBYTE);
        assert_eq!(part_bytes(3200 * MEBIBYTE, 8), 100 * MEBIBYTE);
        assert_eq!(part_bytes(MEBIBYTE, 0), 32 * MEBIBYTE);
    }

    proptest! {
        #[test]
        fn every_page_is_in_exactly_one_part(
            pages in 0_u32..2000,
            bytes in 0_u64..100_000,
            part_bytes in 0_u64..5000,
            probe in 0_u32..4000,
        ) {
            let ranges = split_by_ctid(pages, bytes, part_bytes);
            let holding = ranges.iter().filter(|range| {
                range.from.is_none_or(|from| probe >= from) && range.to.is_none_or(|to| probe < to)
            });
            prop_assert_eq!(holding.count(), 1);
        }

        #[test]
        fn parts_of_any_table_differ_by_one_page_at_most(
            pages: u32,
            parts in 1_u64..200,
        ) {
            let ranges = split_by_ctid(pages, parts * 1000, 1000);
            let sizes: Vec<u32> = ranges
                .iter()
                .map(|range| range.to.unwrap_or(pages) - range.from.unwrap_or(0))
                .collect();
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            prop_assert!(pages == 0 || sizes.iter().all(|size| *size > 0));
        }
    }
}
