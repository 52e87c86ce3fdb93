//! What is observed of both ends while changes are followed: their schemas, and what each server is now.
//!
//! Refuses to compare: core says what a difference means.

pub mod fingerprint;
pub mod remedy;
pub mod schema_change;
pub mod standing;
pub mod user_types;
