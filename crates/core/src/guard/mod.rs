//! What is watched while changes are followed: the schemas of both ends and the WAL that the slot retains.
//!
//! Owns which difference is carried over, which one holds the stream, and when retained WAL is too much. Refuses to act.

pub mod enum_labels;
pub mod schema;
pub mod wal_retention;
