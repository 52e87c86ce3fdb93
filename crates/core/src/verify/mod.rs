//! Comparing both ends: `rows` by digests and descent, `objects` by their facts.
//!
//! Refuses to read either end: observations come in, differences and remedies go out.

pub mod objects;
pub mod rows;
