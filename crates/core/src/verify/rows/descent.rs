//! From buckets that differ to the rows that do: what to read next, and what has been found.
//!
//! Owns the order of readings and what to make of one that does not add up. Every reading must give as many rows, of the
//! same sum of hashes, as the digest that it follows from. Where an index does not give them (it is damaged, or sorts
//! texts by a language's rules so unlike their bytes that the range was not found whole), a wider range of it is tried,
//! and then the bucket is read by the very expression that its rows were counted by, which no index has a part in.
//!
//! Invariant: a difference is told only if it follows from readings that add up.

use std::collections::BTreeMap;

use super::{
    Buckets, Cut, DifferenceKind, Digest, KeyedRow, PairDigest, Region, RowDifference, SpreadColumn, Subject,
    Suspect, compare_images, compare_keyed, next_regions, region::without_index,
};

/// Rows of one region on one side, one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    Keyed(Vec<KeyedRow>),
    /// Hashes and how often each occurs, in a table without a key.
    Images(Vec<(i64, i64)>),
}

/// What to read next, on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextReading {
    Digest { region: Region, cut: Cut },
    List(Region),
}

/// A reading without the help of an index was not what had been counted: nothing can be said of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsteady;

/// How far down the rows of one table are.
pub struct Descent {
    columns: Vec<SpreadColumn>,
    /// Rows whose spread differs lie in two buckets, one on each side.
    crosses: bool,
    /// Rows that are listed at the most.
    most: i64,
    /// The last is next.
    open: Vec<Suspect>,
    /// The bucket that is read by ranges, and what was found in it so far.
    bucket: Option<(i32, PairDigest)>,
    of_bucket: Vec<RowDifference>,
    /// Buckets whose rows an index did not find.
    astray: Vec<(i32, PairDigest)>,
    found: Vec<RowDifference>,
    looked_at: i64,
    is_all: bool,
    is_done: bool,
}

impl Descent {
    /// Below the table's own cut, listing so many rows at the most.
    pub fn new(subject: &Subject, buckets: &Buckets, most: i64) -> Self {
        // Rows that are divided by hashes are read without an index.
        let extremes = match subject.cut {
            Cut::Hash { .. } => None,
            _ => subject.extremes,
        };
        let whole = Region::whole(extremes);
        let mut open = next_regions(&whole, &subject.cut, buckets);
        open.reverse();
        Self {
            columns: subject.spread.clone(),
            crosses: subject.crosses(),
            most,
            open,
            bucket: None,
            of_bucket: Vec::new(),
            astray: Vec::new(),
            found: Vec::new(),
            looked_at: 0,
            is_all: true,
            is_done: false,
        }
    }

    /// Rows that were looked at one by one.
    pub fn looked_at(&self) -> i64 {
        self.looked_at
    }

    /// Whether the differences are all there are.
    pub fn is_all(&self) -> bool {
        self.is_all
    }

    /// None once everything is found, or as much as may be listed.
    pub fn step(&mut self) -> Option<NextReading> {
        loop {
            let Some(suspect) = self.open.last() else {
                self.end_bucket();
                if self.astray.is_empty() {
                    self.is_done = true;
                    return None;
                }
                self.open = without_index(&std::mem::take(&mut self.astray));
                continue;
            };
            let bucket = suspect.region.range_bucket();
            if bucket != self.bucket.map(|(number, _)| number) {
                let pair = suspect.pair;
                self.end_bucket();
                self.bucket = bucket.map(|number| (number, pair));
                continue;
            }
            let region = suspect.region.clone();
            let rows = suspect.pair.rows();
            if let Some(cut) = region.cut(rows) {
                return Some(NextReading::Digest { region, cut });
            }
            if self.looked_at > 0 && self.looked_at + rows > self.most {
                self.is_all = false;
                self.open.clear();
                self.astray.clear();
                continue;
            }
            return Some(NextReading::List(region));
        }
    }

    /// What a step to digest has read.
    pub fn digested(&mut self, cut: &Cut, inner: &Buckets) -> Result<(), Unsteady> {
        let Some(suspect) = self.open.pop() else {
            return Ok(());
        };
        if inner.total() != suspect.pair {
            return self.lose_the_way(&suspect.region);
        }
        let below = next_regions(&suspect.region, cut, inner);
        self.open.extend(below.into_iter().rev());
        Ok(())
    }

    /// What a step to list has read.
    pub fn listed(&mut self, source: Listed, target: Listed) -> Result<(), Unsteady> {
        let Some(suspect) = self.open.pop() else {
            return Ok(());
        };
        let pair = PairDigest {
            source: source.digest(),
            target: target.digest(),
        };
        if pair != suspect.pair {
            return self.lose_the_way(&suspect.region);
        }
        self.looked_at += pair.rows();
        self.of_bucket.extend(match (source, target) {
            (Listed::Keyed(source), Listed::Keyed(target)) => compare_keyed(source, target),
            (Listed::Images(source), Listed::Images(target)) => compare_images(source, target),
            _ => return Err(Unsteady),
        });
        Ok(())
    }

    /// Differences that are certain by now, each told once.
    pub fn take_found(&mut self) -> Vec<RowDifference> {
        if !self.crosses {
            return std::mem::take(&mut self.found);
        }
        if !self.is_done {
            return Vec::new();
        }
        brought_together(std::mem::take(&mut self.found))
    }

    fn end_bucket(&mut self) {
        self.found.append(&mut self.of_bucket);
        self.bucket = None;
    }

    /// The bucket is read again in another way, and what it seemed to hold is forgotten.
    fn lose_the_way(&mut self, region: &Region) -> Result<(), Unsteady> {
        let (number, pair) = self.bucket.ok_or(Unsteady)?;
        self.of_bucket.clear();
        self.open
            .retain(|suspect| suspect.region.range_bucket() != Some(number));
        match region.widened(&self.columns) {
            Some(region) => self.open.push(Suspect { region, pair }),
            None => self.astray.push((number, pair)),
        }
        Ok(())
    }
}

impl Listed {
    fn digest(&self) -> Digest {
        match self {
            Self::Keyed(rows) => Digest::of(rows.iter().map(|row| (row.hash, 1))),
            Self::Images(images) => Digest::of(images.iter().copied()),
        }
    }
}

/// A row that is missing from one bucket and surplus in another is one that differs in what it is divided by.
fn brought_together(differences: Vec<RowDifference>) -> Vec<RowDifference> {
    let mut surplus: BTreeMap<Vec<String>, Vec<RowDifference>> = BTreeMap::new();
    let mut together = Vec::new();
    for row in differences {
        if row.difference == DifferenceKind::Surplus {
            surplus.entry(row.key.clone()).or_default().push(row);
        } else {
            together.push(row);
        }
    }
    for row in &mut together {
        let is_missing = row.difference == DifferenceKind::Missing;
        if is_missing && surplus.get_mut(&row.key).and_then(Vec::pop).is_some() {
            row.difference = DifferenceKind::Different;
        }
    }
    together.extend(surplus.into_values().flatten());
    together
}

#[cfg(test)]
#[path = "descent_tests.rs"]
mod tests;
