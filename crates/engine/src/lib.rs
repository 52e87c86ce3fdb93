//! Tasks that run what core decides, through pg.
//!
//! Owns the ways through a migration: assess, run, verify, cutover, finish. Refuses SQL text, bytes
//! and printing: it returns values and reports through a [`report::Reporter`].

pub mod assess;
mod back_off;
mod call;
pub mod cancel;
pub mod cutover;
mod door;
pub mod endpoints;
pub mod error;
mod facing;
pub mod failpoint;
pub mod finish;
pub mod follow;
pub mod guard;
pub mod instance;
pub mod load;
pub mod notify;
mod prepare;
mod present;
pub mod report;
pub mod review;
pub mod roles;
pub mod run;
mod runner;
mod sampling;
pub mod schema;
pub mod selection;
mod silence;
pub mod status;
mod stopped;
mod succession;
pub mod tables;
pub mod verify;

// What the values of this crate are made of, for front ends that depend on nothing below it.
pub use transhume_core::{count, finding, follow::error_policy, guard::wal_retention, phase, shell, sides};
pub use transhume_pg::connection::{conninfo, login};
pub use transhume_wire::{ident, lsn, printable};
