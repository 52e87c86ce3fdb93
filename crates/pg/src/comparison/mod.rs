//! Digests and rows of a table, read in SQL, the same on both sides and in every version.
//!
//! A row's image is the text of its columns by name, in the session's pinned format; it is hashed with
//! hashtextextended under the collation "C", whose 64 bits are the same from version 12 to 18. (It reads
//! the text once and needs a third of the time of md5 with its detour over hexadecimal digits.)
//!
//! Every reading is a transaction of its own under the frozen snapshot: its lock on the table must not
//! keep the application waiting longer than that. A table that was truncated or rewritten since shows
//! older snapshots nothing, so it is said to have moved, never to be empty.

mod keys;
mod mend;
mod read;
mod shapes;
mod sightings;
mod statement;

use transhume_core::comparison::Subject;

use crate::version::ServerVersion;

pub use self::{
    keys::{ComparedKey, compared_keys},
    mend::{Mended, Mending},
    read::{ImageColumns, Reading, Side},
    shapes::shapes,
    sightings::sightings,
};

/// First version that scans by range of pages.
const SCANS_PAGE_RANGES: u32 = 14;

/// Conditions that cut one side of a table into so many pieces; none where it can only be read whole.
pub fn pieces(subject: &Subject, version: ServerVersion, pages: i64, count: usize) -> Option<Vec<String>> {
    statement::pieces(subject, version.major() >= SCANS_PAGE_RANGES, pages, count)
}
