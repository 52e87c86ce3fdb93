//! Regions of a table, and how one that differs is cut until its rows can be looked at one by one.
//!
//! A region is a range of numbers or of values, or the rows whose hashes have some low bits, or both. By
//! ranges, what is read again is the region alone, through an index; by hashes, all of the enclosing
//! range (or table) is read once for each level, whatever differs.
//!
//! Invariant: the regions of a cut do not overlap, and every row that made a bucket differ is in one.

use serde::{Deserialize, Serialize};

use super::{Buckets, PairDigest, SpreadColumn, ValueRange};

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

/// Buckets of a cut by values. Each level of the search for a row's bucket compares texts, so ten of them cost two thirds
/// of what hashing a short row does (measured); a table of eight million rows is at its rows after this cut.
const VALUES_MOST: i64 = 1024;

/// A range of values is looked at row by row up to here: values are picked from the table, not computed, so ranges
/// are uneven, and cutting one again would read it twice more.
const VALUES_LEAF_ROWS: i64 = 8 * LEAF_ROWS;

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

/// What is read: all rows that fulfil all of these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Region {
    pub range: Option<OrdinalRange>,
    pub values: Option<ValueRange>,
    pub hash: Option<HashPrefix>,
    /// The buckets of the table's own cut, without help of an index; empty for all.
    pub buckets: Vec<i32>,
    range_cuts: u8,
    /// The bucket of the table's own cut that this lies in, where an index finds its rows.
    range_bucket: Option<i32>,
}

/// A region whose rows are not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    pub region: Region,
    /// What all of its rows add up to.
    pub pair: PairDigest,
}

/// How the rows of a region fall into buckets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// All in bucket 0.
    Whole,
    /// Bucket n holds keys from `bounds[n − 1]` to `bounds[n]`; below the first is 0.
    Ranges { bounds: Vec<i128> },
    /// Likewise by values of the spread's columns.
    Values { bounds: Vec<Vec<String>> },
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

/// How many values to pick for cutting a table of so many rows.
pub fn values_wanted(rows: i64) -> usize {
    usize::try_from((rows / LEAF_ROWS).clamp(1, VALUES_MOST) - 1).unwrap_or_default()
}

/// By values of the table, in their order; by hashes where there are too few to be worth it.
pub fn cut_by_values(rows: i64, picked: Vec<Vec<String>>) -> Cut {
    let wanted = values_wanted(rows);
    if wanted == 0 || picked.is_empty() {
        return first_cut(rows, &[]);
    }
    let count = picked.len();
    let parts = wanted.min(count) + 1;
    let mut positions = (1..parts).map(|part| part * count / parts).peekable();
    let bounds = (0..)
        .zip(picked)
        .filter(|(position, _)| positions.next_if(|next| next == position).is_some())
        .map(|(_, values)| values)
        .collect();
    Cut::Values { bounds }
}

impl Region {
    /// Of the table's own cut, where an index finds its rows.
    pub(super) fn range_bucket(&self) -> Option<i32> {
        self.range_bucket
    }

    /// The same bucket of the table's own cut, asked of the index in the other way there is; none where there is none.
    pub(super) fn widened(&self, columns: &[SpreadColumn]) -> Option<Self> {
        let values = self.values.as_ref().filter(|values| !values.is_widened)?;
        values.beginning(columns)?;
        Some(Self {
            values: Some(ValueRange {
                is_widened: true,
                ..values.clone()
            }),
            range_bucket: self.range_bucket,
            ..Self::default()
        })
    }

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
        let most = if self.hash.is_some() || !self.buckets.is_empty() {
            TOGETHER_ROWS
        } else if self.values.is_some() {
            VALUES_LEAF_ROWS
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

/// The regions below `region` that differ, each with what its rows add up to.
pub fn next_regions(region: &Region, cut: &Cut, buckets: &Buckets) -> Vec<Suspect> {
    let different = buckets.different();
    match cut {
        // A bucket as any other: by numbers an index reads it too.
        Cut::Whole => different
            .map(|(bucket, pair)| Suspect {
                region: Region {
                    range_bucket: region.range_bucket.or(Some(bucket)),
                    ..region.clone()
                },
                pair,
            })
            .collect(),
        Cut::Ranges { bounds } => different
            .map(|(bucket, pair)| Suspect {
                region: sub_range(region, bounds, bucket),
                pair,
            })
            .collect(),
        Cut::Values { bounds } => different
            .map(|(bucket, pair)| Suspect {
                region: between_values(bounds, bucket),
                pair,
            })
            .collect(),
        Cut::Hash { shift, bits } => by_hash(region, *shift, *bits, different),
    }
}

/// Buckets of the table's own cut that an index does not find the rows of: as many together as one reading may list.
pub(super) fn without_index(buckets: &[(i32, PairDigest)]) -> Vec<Suspect> {
    let mut suspects: Vec<Suspect> = Vec::new();
    for (bucket, pair) in buckets {
        match suspects.last_mut() {
            Some(last) if last.pair.rows() + pair.rows() <= TOGETHER_ROWS => {
                last.region.buckets.push(*bucket);
                last.pair.add(*pair);
            }
            _ => suspects.push(Suspect {
                region: Region {
                    buckets: vec![*bucket],
                    ..Region::default()
                },
                pair: *pair,
            }),
        }
    }
    suspects
}

fn sub_range(region: &Region, bounds: &[i128], bucket: i32) -> Region {
    let number = usize::try_from(bucket).unwrap_or_default();
    let outer = region.range.unwrap_or(OrdinalRange::EVERYTHING);
    let from = number.checked_sub(1).and_then(|below| bounds.get(below));
    Region {
        range: Some(OrdinalRange {
            from: from.copied().unwrap_or(outer.from),
            to: bounds.get(number).copied().unwrap_or(outer.to),
        }),
        range_cuts: region.range_cuts + 1,
        range_bucket: region.range_bucket.or(Some(bucket)),
        ..Region::default()
    }
}

fn between_values(bounds: &[Vec<String>], bucket: i32) -> Region {
    let number = usize::try_from(bucket).unwrap_or_default();
    let from = number.checked_sub(1).and_then(|below| bounds.get(below));
    Region {
        values: Some(ValueRange {
            from: from.cloned(),
            to: bounds.get(number).cloned(),
            is_widened: false,
        }),
        range_bucket: Some(bucket),
        ..Region::default()
    }
}

/// Small buckets together, since one read finds the rows of many; a large one alone, to be cut again.
fn by_hash(
    region: &Region,
    shift: u32,
    bits: u32,
    different: impl Iterator<Item = (i32, PairDigest)>,
) -> Vec<Suspect> {
    let inner = region
        .hash
        .as_ref()
        .and_then(|hash| hash.values.first().copied())
        .unwrap_or_default();
    let mut suspects: Vec<Suspect> = Vec::new();
    for (bucket, pair) in different {
        let value = (i64::from(bucket) << shift) | inner;
        match suspects.last_mut() {
            Some(last) if last.pair.rows() + pair.rows() <= TOGETHER_ROWS => {
                if let Some(hash) = &mut last.region.hash {
                    hash.values.push(value);
                }
                last.pair.add(pair);
            }
            _ => {
                let hash = HashPrefix {
                    bits: shift + bits,
                    values: vec![value],
                };
                let region = Region {
                    hash: Some(hash),
                    ..region.clone()
                };
                suspects.push(Suspect { region, pair });
            }
        }
    }
    suspects
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
#[path = "region_tests.rs"]
mod tests;
