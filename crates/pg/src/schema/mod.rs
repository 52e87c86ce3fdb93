//! The schema's way to the target: pg_dump's archive, its entries, restoring them, building indexes and constraints.
//!
//! Refuses to choose entries: core decides what is restored.

pub mod archive_file;
pub mod archive_list;
pub mod build;
pub mod dump;
pub mod firing;
pub mod restore;
