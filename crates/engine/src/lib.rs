//! Tasks that run what core decides, through pg.
//!
//! Owns the ways through a migration: assess, run, verify, cutover, finish. Refuses SQL text, bytes
//! and printing: it returns values and reports through a [`report::Reporter`].

pub mod assess;
pub mod cancel;
pub mod cutover;
pub mod demo;
pub mod endpoints;
pub mod error;
pub mod failpoint;
pub mod fallback;
pub mod finish;
pub mod follow;
pub mod guard;
mod identity;
pub mod load;
pub mod pause;
mod prepare;
mod present;
mod publishing;
pub mod report;
pub mod run;
mod runner;
pub mod schema;
mod slot_snapshot;
pub mod status;
pub mod tables;
pub mod verify;
pub mod worker;
pub mod write_pause;

// What the values of this crate are made of, for front ends that depend on nothing below it.
pub use transhume_core::{comparison, error_policy, finding, phase, schema_watch, selection, wal_retention};
pub use transhume_pg::conninfo;
pub use transhume_wire::{ident, lsn};
