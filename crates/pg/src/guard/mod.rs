//! What is observed of both schemas while changes are followed.
//!
//! Refuses to compare: core says what a difference means.

pub mod enum_labels;
pub mod schema_change;
