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

/// Least bytes of a part: below, claiming and committing would weigh against the copying.
const PART_BYTES_LEAST: u64 = 32 << 20;

/// Most bytes of a table that is not split: some ten seconds for one COPY.
const WHOLE_BYTES_MOST: u64 = 1 << 30;

/// Most bytes of a range of a key. The smaller it is, the less is read again after a crash; at the least bytes of a part, where
/// claiming and committing begin to weigh, that is a second's work of each loader.
const RANGE_BYTES_MOST: u64 = 64 << 20;

/// Most ranges of one table: each is a row of the state, and the stream's filter holds those with other snapshots in memory.
const RANGES_MOST: u64 = 10_000;

/// Parts that each loader should get at least, so that one slow part leaves the others idle for no more
/// than about a quarter of the load.
const PARTS_EACH_LOADER: u64 = 4;

/// How large parts are, and which tables are worth splitting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartSize {
    bytes: u64,
    /// A table of no more than this stays whole.
    whole_bytes: u64,
}

impl PartSize {
    /// Parts of so many bytes, and no part that is less than half of that.
    pub fn of(bytes: u64) -> Self {
        let bytes = bytes.max(1);
        Self {
            bytes,
            whole_bytes: bytes.saturating_add(bytes / 2),
        }
    }

    /// What suits a load of so many bytes when the operator names no size.
    ///
    /// Splitting has a price, a fifth of the servers' time for the table (docs/performance.md): sessions that
    /// extend one table wait for each other, and rows that no COPY froze are read and written once more. It is
    /// paid only where others would wait long for the one that copies the table in one go.
    pub fn of_load(total_bytes: u64, loaders: u32) -> Self {
        let even = total_bytes / (u64::from(loaders.max(1)) * PARTS_EACH_LOADER);
        Self {
            bytes: even.clamp(PART_BYTES_LEAST, PART_BYTES_MOST),
            whole_bytes: WHOLE_BYTES_MOST,
        }
    }

    /// Into how many parts a table of so many bytes is split.
    pub fn parts(self, bytes: u64) -> u64 {
        if bytes <= self.whole_bytes {
            return 1;
        }
        // Rounded, not up: ten parts and a crumb would cost a claim for the crumb.
        bytes.saturating_add(self.bytes / 2) / self.bytes
    }

    /// Into how many ranges of its key a table of so many bytes is split.
    pub fn ranges(self, bytes: u64) -> u64 {
        match self.parts(bytes) {
            0 | 1 => 1,
            parts => parts.max(bytes / RANGE_BYTES_MOST).min(RANGES_MOST.max(parts)),
        }
    }
}

/// Splits a table of so many heap pages into so many parts, or as many as it has pages, all of as many pages,
/// give or take one.
pub fn split_by_ctid(pages: u32, parts: u64) -> Vec<PageRange> {
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
        assert_eq!(split_by_ctid(0, 7), [PageRange::WHOLE]);
        assert_eq!(split_by_ctid(100, 1), [PageRange::WHOLE]);
        assert_eq!(split_by_ctid(1, 100), [PageRange::WHOLE]);
        assert_eq!(PartSize::of(0).parts(0), 1);
        assert_eq!(PartSize::of(MEBIBYTE).parts(MEBIBYTE * 3 / 2), 1);
        assert_eq!(PartSize::of(MEBIBYTE).parts(MEBIBYTE * 3 / 2 + 1), 2);
    }

    #[test]
    fn a_large_table_is_split_evenly_and_open_at_both_ends() {
        let bound = |from, to| PageRange { from, to };

        assert_eq!(
            split_by_ctid(10, PartSize::of(MEBIBYTE).parts(3 * MEBIBYTE)),
            [
                bound(None, Some(3)),
                bound(Some(3), Some(6)),
                bound(Some(6), None)
            ]
        );
    }

    #[test]
    fn a_table_that_takes_long_is_split_so_that_all_loaders_have_some_of_it() {
        let parts = |loaders, mebibytes| {
            let bytes = mebibytes * MEBIBYTE;
            PartSize::of_load(bytes, loaders).parts(bytes)
        };
        assert_eq!(parts(8, 1 << 20), 1 << 12);
        assert_eq!(parts(8, 3200), 32);
        assert_eq!(parts(4, 1025), 16, "of 64 MiB");
        assert_eq!(parts(4, 1024), 1);
        assert_eq!(parts(0, 1), 1);
    }

    #[test]
    fn ranges_of_a_key_are_small() {
        let ranges = |mebibytes| {
            let bytes = mebibytes * MEBIBYTE;
            PartSize::of_load(bytes, 4).ranges(bytes)
        };
        assert_eq!(ranges(1024), 1);
        assert_eq!(ranges(5 << 10), 80);
        assert_eq!(ranges(5 << 20), 20_480, "as many as there are parts of 256 MiB");
        assert_eq!(PartSize::of(MEBIBYTE).ranges(3 * MEBIBYTE), 3);
    }

    proptest! {
        #[test]
        fn every_page_is_in_exactly_one_part(
            pages in 0_u32..2000,
            parts in 0_u64..5000,
            probe in 0_u32..4000,
        ) {
            let ranges = split_by_ctid(pages, parts);
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
            let ranges = split_by_ctid(pages, parts);
            let sizes: Vec<u32> = ranges
                .iter()
                .map(|range| range.to.unwrap_or(pages) - range.from.unwrap_or(0))
                .collect();
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            prop_assert!(pages == 0 || sizes.iter().all(|size| *size > 0));
        }
    }
}
