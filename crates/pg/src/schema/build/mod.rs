//! The statements of build work: from the source's definitions to rows of `transhume.build`.
//!
//! Owns the SQL of indexes, keys, foreign keys and refreshes. Every piece runs in one transaction, so
//! nothing here is CONCURRENTLY. Refuses the choice of what to build: the caller names the definitions.

mod foreign_keys;
mod indexes;
mod views;

pub use foreign_keys::foreign_keys;
pub use indexes::indexes;
pub use views::{analyze, analyze_trees, definitions, refreshes, vacuums};

#[cfg(test)]
mod tests;
