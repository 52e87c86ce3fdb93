//! Digests and rows of a table, read in SQL, the same on both sides and in every version.
//!
//! Each row is hashed to 64 bits that are the same from version 12 to 18 (`image`).
//!
//! Every reading is a transaction of its own under the frozen snapshot: its lock on the table must not
//! keep the application waiting longer than that. A table that was truncated or rewritten since shows
//! older snapshots nothing, so it is said to have moved, never to be empty.

mod dividing;
mod image;
mod keys;
mod mend;
mod probe;
mod read;
mod shapes;
mod sightings;
mod spreads;
mod statement;

use transhume_core::verify::rows::Subject;

use crate::connection::version::ServerVersion;

pub use self::{
    keys::{ComparedKey, compared_keys},
    mend::{Mended, Mending},
    probe::{HashProbe, encoding, probe_hashes},
    read::{ImageColumns, Reading, ReadingSide},
    shapes::shapes,
    sightings::sightings,
    spreads::{IndexedColumns, spreads},
};

/// First version that scans by range of pages.
const SCANS_PAGE_RANGES: u32 = 14;

/// Conditions that cut one side of a table into so many pieces; none where it can only be read whole.
pub fn pieces(subject: &Subject, version: ServerVersion, pages: i64, count: usize) -> Option<Vec<String>> {
    dividing::pieces(subject, version.major() >= SCANS_PAGE_RANGES, pages, count)
}
