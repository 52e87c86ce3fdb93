//! What both ends show for a comparison: `rows` by digests, `objects` by catalog facts.
//!
//! Refuses verdicts. Invariant: what one comparison reads of one end is read under one snapshot.

pub mod objects;
pub mod rows;
