//! The `transhume` schema on the target: everything a migration remembers (design §2.1).
//!
//! One file per subject, its queries beside it in `sql/`. Functions take the session (or the
//! transaction on it) that does the work they describe, so that both commit together. This module
//! refuses policy: what a value means is decided in `core`.

pub mod addition;
pub mod apply;
pub mod archive;
pub mod build;
pub mod command;
pub mod deviation;
pub mod exception;
pub mod finding;
pub mod frontier;
pub mod held;
pub mod history;
pub mod known_type;
pub mod load;
pub mod migration;
pub mod notification;
pub mod overview;
pub mod rights;
pub mod runner;
pub mod sample;
pub mod table_overview;
pub mod trust;
pub mod undo;
pub mod verification;
pub mod way_back;
pub mod write_pause;
