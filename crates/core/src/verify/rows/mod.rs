//! Comparing two tables by digests, from whole tables down to rows (design §8).
//!
//! Owns which buckets of a table differ, how a bucket that differs is cut further, and what two lists
//! of rows say of each other. Refuses SQL and order: both sides may lie in any physical order and sort
//! text as they like, and an index may be damaged.
//!
//! Invariants: a digest is a count and an exact sum over row hashes, so neither order nor duplicates
//! cancel; digests of pieces add up to the digest of the whole, however either side was cut into pieces.

pub mod changed;
mod descent;
mod differing;
mod digest;
mod key_domain;
pub mod recheck;
mod region;
mod spread;
mod subject;
mod value_range;

pub use self::{
    descent::{Descent, Listed, NextReading, Unsteady},
    differing::{DifferenceKind, KeyedRow, RowDifference, compare_images, compare_keyed},
    digest::{Buckets, Digest, PairDigest},
    key_domain::KeyDomain,
    region::{
        Cut, HashPrefix, LEAF_ROWS, OrdinalRange, Region, Suspect, cut_by_values, first_cut, next_regions,
        values_wanted,
    },
    spread::{Division, Order, SpreadColumn, SpreadIndex, division},
    subject::{ComparedColumn, KeyColumn, Subject, key_bounds},
    value_range::{Beginning, ValueRange},
};
