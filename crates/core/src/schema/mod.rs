//! Which entries of the archive are restored, left out or rewritten, and how tables and builds join later.
//!
//! Refuses to read archives or to run statements.

pub mod addition;
pub mod archive;
pub mod build;
pub mod logged;
pub mod reserved_options;
pub mod role_names;
mod tokens;
pub mod trial;
