//! Digests of both sides, bucket by bucket, added up over the pieces that were read.

use std::collections::BTreeMap;

/// Of a set of rows on one side: how many, and the exact sum of their 64-bit hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest {
    pub rows: i64,
    /// At most 2^63 rows of at most 2^63: never overflows.
    pub sum: i128,
}

/// The same set of rows on both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairDigest {
    pub source: Digest,
    pub target: Digest,
}

/// Digests of a table or a region by the number of the bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buckets(pub BTreeMap<i32, PairDigest>);

impl Digest {
    /// Of rows given as hash and number of equal rows.
    pub fn of(rows: impl Iterator<Item = (i64, i64)>) -> Self {
        rows.fold(Self::default(), |so_far, (hash, count)| Self {
            rows: so_far.rows + count,
            sum: so_far.sum + i128::from(hash) * i128::from(count),
        })
    }

    /// For people and files: two equal ones are of equal rows.
    pub fn text(self) -> String {
        format!("{:032x}", self.sum)
    }

    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum += other.sum;
    }
}

impl PairDigest {
    pub(super) fn add(&mut self, other: Self) {
        self.source.add(other.source);
        self.target.add(other.target);
    }

    pub fn is_equal(&self) -> bool {
        self.source == self.target
    }

    /// Of the side that has more.
    pub fn rows(&self) -> i64 {
        self.source.rows.max(self.target.rows)
    }
}

impl Buckets {
    /// Of what each side has in its buckets.
    pub fn of_sides(
        source: impl IntoIterator<Item = (i32, Digest)>,
        target: impl IntoIterator<Item = (i32, Digest)>,
    ) -> Self {
        let mut buckets = Self::default();
        for (bucket, digest) in source {
            buckets.add_source(bucket, digest);
        }
        for (bucket, digest) in target {
            buckets.add_target(bucket, digest);
        }
        buckets
    }

    pub fn add_source(&mut self, bucket: i32, digest: Digest) {
        self.0.entry(bucket).or_default().source.add(digest);
    }

    pub fn add_target(&mut self, bucket: i32, digest: Digest) {
        self.0.entry(bucket).or_default().target.add(digest);
    }

    pub fn merge(&mut self, other: &Self) {
        for (bucket, pair) in &other.0 {
            self.add_source(*bucket, pair.source);
            self.add_target(*bucket, pair.target);
        }
    }

    pub fn total(&self) -> PairDigest {
        let mut total = PairDigest::default();
        for pair in self.0.values() {
            total.source.add(pair.source);
            total.target.add(pair.target);
        }
        total
    }

    /// Buckets whose rows are not the same on both sides, in their order.
    pub fn different(&self) -> impl Iterator<Item = (i32, PairDigest)> {
        self.0
            .iter()
            .filter(|(_, pair)| !pair.is_equal())
            .map(|(bucket, pair)| (*bucket, *pair))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(hash: i64) -> Digest {
        Digest {
            rows: 1,
            sum: i128::from(hash),
        }
    }

    /// Each row falls into the bucket of its lowest two bits.
    fn bucket(hash: i64) -> i32 {
        i32::try_from(hash & 3).unwrap()
    }

    #[test]
    fn duplicates_and_what_would_cancel_under_xor_are_seen() {
        let mut buckets = Buckets::default();
        for _ in 0..2 {
            buckets.add_source(0, row(7));
            buckets.add_target(0, row(9));
        }
        assert_eq!(buckets.different().count(), 1);
    }

    proptest! {
        /// However either side is cut into pieces, a bucket differs exactly when its rows do.
        #[test]
        fn pieces_add_up(
            rows in proptest::collection::vec(any::<i64>(), 0..60),
            dropped in proptest::option::of(0_usize..60),
            source_pieces in 1_usize..7,
            target_pieces in 1_usize..7,
        ) {
            let mut pieces = vec![Buckets::default(); source_pieces.max(target_pieces)];
            for (number, hash) in rows.iter().enumerate() {
                pieces[number % source_pieces].add_source(bucket(*hash), row(*hash));
                if dropped != Some(number) {
                    pieces[number % target_pieces].add_target(bucket(*hash), row(*hash));
                }
            }
            let mut whole = Buckets::default();
            for piece in &pieces {
                whole.merge(piece);
            }
            let expected: Vec<i32> = dropped
                .and_then(|number| rows.get(number))
                .map(|hash| bucket(*hash))
                .into_iter()
                .collect();
            let found: Vec<i32> = whole.different().map(|(bucket, _)| bucket).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(whole.total().source.rows, i64::try_from(rows.len()).unwrap());
        }
    }
}
