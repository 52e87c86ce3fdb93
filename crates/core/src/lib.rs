//! The decisions of a migration as pure code.
//!
//! Owns what must be true: which parts a table is split into, which change is applied or skipped,
//! how far the frontier may move, which phase may follow which, what a finding means. Refuses
//! sockets, clocks, randomness and SQL text: observations come in as values, decisions go out as
//! values, and every module is tested without a server.

pub mod addition;
pub mod agreement;
pub mod apply_plan;
pub mod archive;
pub mod assembly;
pub mod assess;
pub mod batch;
pub mod build;
pub mod capacity;
pub mod change;
pub mod changed;
pub mod command;
pub mod comparison;
pub mod direction;
pub mod disposition;
pub mod enum_labels;
pub mod error_policy;
pub mod exception;
pub mod finding;
pub mod format;
pub mod frontier;
pub mod gate;
pub mod hold;
pub mod in_progress;
pub mod key_ranges;
pub mod load;
pub mod net;
pub mod pgbouncer_file;
pub mod phase;
pub mod recheck;
pub mod schema_watch;
pub mod selection;
pub mod sequence;
pub mod sequence_value;
pub mod table;
pub mod tree_stream;
pub mod visibility;
pub mod vote;
pub mod wal_retention;
pub mod way_back;
pub mod write_pause;
