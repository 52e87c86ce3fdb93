//! Regions of a table, and how one that differs is cut until its rows can be looked at one by one.
//!
//! A region is a range of a key that both sides sort alike, or the rows whose hashes have some low
//! bits, or both. By ranges, what is read again is the region alone, through the key's index; by
//! hashes, all of the enclosing range (or table) is read once for each level, whatever differs.
//!
//! Invariant: the regions of a cut do not overlap, and every row that made a bucket differ is in one.

use serde::{Deserialize, Serialize};

use super::{Buckets, PairDigest};

/// A region of at most this many rows is looked at row by row: two short lists over the network cost
/// less than another round of digests.
pub const LEAF_ROWS: i64 = 1024;

/// Rows of buckets that are looked at together, where one read serves many (by hash): about 100 MB of
/// keys and hashes at the most, on the machine that compares.
const TOGETHER_ROWS: i64 = 200_000;

/// Buckets of one cut. A table of four million rows is at its rows after one cut; the answer to a
/// query stays below a few hundred kilobytes.
const BUCKETS_MOST: i64 = 4096;

/// Bits of a hash that a cut of [`BUCKETS_MOST`] takes.
const BUCKET_BITS: u32 = 12;

/// Cuts by range before hashes take over, where keys crowd together: each divides the range by
/// thousands, so two suffice for keys that are spread at all.
const RANGE_CUTS_MOST: u8 = 2;

/// Numbers of keys, `from` included, `to` not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdinalRange {
    pub from: i128,
    pub to: i128,
}

impl OrdinalRange {
    pub const EVERYTHING: Self = Self {
        from: i128::MIN,
        to: i128::MAX,
    };
}

/// Rows whose hash has one of these values in its lowest bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashPrefix {
    pub bits: u32,
    pub values: Vec<i64>,
}

/// What is read: all rows that fulfil both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Region {
    pub range: Option<OrdinalRange>,
    pub hash: Option<HashPrefix>,
    range_cuts: u8,
}

/// How the rows of a region fall into buckets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// All in bucket 0.
    Whole,
    /// Bucket n holds keys from `bounds[n − 1]` to `bounds[n]`; below the first is 0.
    Ranges { bounds: Vec<i128> },
    /// By so many bits of the hash, above `shift`.
    Hash { shift: u32, bits: u32 },
}

/// How a whole table is cut. `bounds` are numbers of keys with about equally many rows between
/// neighbours, the smallest and largest among them; empty where its key has no such order.
pub fn first_cut(rows: i64, bounds: &[i128]) -> Cut {
    let buckets = (rows / LEAF_ROWS).clamp(1, BUCKETS_MOST);
    if buckets == 1 {
        return Cut::Whole;
    }
    match cut_between(bounds, buckets) {
        Some(bounds) => Cut::Ranges { bounds },
        None => Cut::Hash {
            shift: 0,
            bits: bits_for(buckets),
        },
    }
}

impl Region {
    /// The whole table, whose keys lie in this range; open at both ends all the same.
    pub fn whole(extremes: Option<OrdinalRange>) -> Self {
        Self {
            range: extremes,
            ..Self::default()
        }
    }

    /// How this region of so many rows is cut; none where it is to be looked at row by row.
    pub fn cut(&self, rows: i64) -> Option<Cut> {
        let together = self.hash.as_ref().is_some_and(|hash| hash.values.len() > 1);
        let most = if self.hash.is_some() {
            TOGETHER_ROWS
        } else {
            LEAF_ROWS
        };
        if rows <= most || together {
            return None;
        }
        let buckets = (rows / LEAF_ROWS).clamp(2, BUCKETS_MOST);
        if let (Some(range), None) = (self.range, &self.hash)
            && self.range_cuts < RANGE_CUTS_MOST
            && let Some(bounds) = cut_between(&[range.from, range.to], buckets)
        {
            return Some(Cut::Ranges { bounds });
        }
        let shift = self.hash.as_ref().map_or(0, |hash| hash.bits);
        // Rows that agree in all bits are looked at together, however many they are.
        let bits = bits_for(buckets).min(u64::BITS - shift);
        (bits > 0).then_some(Cut::Hash { shift, bits })
    }
}

/// The regions below `region` that differ, each with the rows of its larger side.
pub fn next_regions(region: &Region, cut: &Cut, buckets: &Buckets) -> Vec<(Region, i64)> {
    let different = buckets.different();
    match cut {
        Cut::Whole => different.map(|(_, pair)| (region.clone(), pair.rows())).collect(),
        Cut::Ranges { bounds } => different
            .map(|(bucket, pair)| (sub_range(region, bounds, bucket), pair.rows()))
            .collect(),
        Cut::Hash { shift, bits } => by_hash(region, *shift, *bits, different),
    }
}

fn sub_range(region: &Region, bounds: &[i128], bucket: i32) -> Region {
    let bucket = usize::try_from(bucket).unwrap_or_default();
    let outer = region.range.unwrap_or(OrdinalRange::EVERYTHING);
    let from = bucket.checked_sub(1).and_then(|below| bounds.get(below));
    Region {
        range: Some(OrdinalRange {
            from: from.copied().unwrap_or(outer.from),
            to: bounds.get(bucket).copied().unwrap_or(outer.to),
        }),
        hash: None,
        range_cuts: region.range_cuts + 1,
    }
}

/// Small buckets together, since one read finds the rows of many; a large one alone, to be cut again.
fn by_hash(
    region: &Region,
    shift: u32,
    bits: u32,
    different: impl Iterator<Item = (i32, PairDigest)>,
) -> Vec<(Region, i64)> {
    let inner = region
        .hash
        .as_ref()
        .and_then(|hash| hash.values.first().copied())
        .unwrap_or_default();
    let mut regions: Vec<(Region, i64)> = Vec::new();
    for (bucket, pair) in different {
        let value = (i64::from(bucket) << shift) | inner;
        match regions.last_mut() {
            Some((last, rows)) if *rows + pair.rows() <= TOGETHER_ROWS => {
                if let Some(hash) = &mut last.hash {
                    hash.values.push(value);
                }
                *rows += pair.rows();
            }
            _ => {
                let hash = HashPrefix {
                    bits: shift + bits,
                    values: vec![value],
                };
                let next = Region {
                    hash: Some(hash),
                    ..region.clone()
                };
                regions.push((next, pair.rows()));
            }
        }
    }
    regions
}

fn bits_for(buckets: i64) -> u32 {
    (i64::BITS - (buckets - 1).leading_zeros()).clamp(1, BUCKET_BITS)
}

/// Interior bounds of about so many buckets, interpolated between what is known of the keys.
fn cut_between(bounds: &[i128], buckets: i64) -> Option<Vec<i128>> {
    let spans = bounds.len().checked_sub(1).filter(|spans| *spans > 0)?;
    let buckets = usize::try_from(buckets).ok()?;
    let mut cuts: Vec<i128> = (1..buckets)
        .map(|bucket| {
            let position = bucket * spans;
            let (span, rest) = (position / buckets, position % buckets);
            between(bounds[span], bounds[span + 1], rest, buckets)
        })
        .filter(|cut| *cut > bounds[0])
        .collect();
    cuts.dedup();
    (!cuts.is_empty()).then_some(cuts)
}

/// `low + (high − low) × part / whole` without overflow: UUIDs use all 128 bits.
fn between(low: i128, high: i128, part: usize, whole: usize) -> i128 {
    let width = high.abs_diff(low);
    let (part, whole) = (part as u128, whole as u128);
    let step = width / whole * part + width % whole * part / whole;
    low.wrapping_add_unsigned(step)
}

#[cfg(test)]
mod tests;
