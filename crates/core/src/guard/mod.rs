//! What is watched while changes are followed: the schemas of both ends and the WAL that the slot retains.
//!
//! Owns which difference is carried over, which one holds the stream, and when retained WAL is too much, and whether
//! the source is still the server that it was. Refuses to act.

pub mod access;
pub mod anew;
pub mod enum_labels;
pub mod schema;
pub mod succession;
pub mod user_types;
pub mod wal_retention;

/// Origin of what is found here, in the list of findings.
pub const ORIGIN: &str = "guard";

/// Code of the finding that says why the slot is gone.
pub const SLOT_DROPPED: &str = "slot-dropped";
