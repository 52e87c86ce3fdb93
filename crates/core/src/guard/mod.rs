//! What is watched while changes are followed: the schemas of both ends and the WAL that the slot retains.
//!
//! Owns which difference is carried over, which one holds the stream, and when retained WAL is too much, and whether
//! the source is still the server that it was. Refuses to act.

pub mod enum_labels;
pub mod schema;
pub mod succession;
pub mod wal_retention;
