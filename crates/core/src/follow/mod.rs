//! From messages of the stream to rows that can be written: assembly, visibility, net changes, batches, the frontier.
//!
//! Refuses sockets and SQL. Invariants: a batch holds whole source transactions; a change that a table's snapshot
//! shows is skipped; the frontier never passes what is not applied.

pub mod anchor;
pub mod assembly;
pub mod batch;
pub mod behind;
pub mod change;
pub mod error_policy;
pub mod exception;
pub mod frontier;
pub mod hold;
pub mod identity;
pub mod in_progress;
pub mod latency;
pub mod net;
pub mod portion;
pub mod portion_buffer;
pub mod read_ranges;
pub mod row;
pub mod tree_stream;
pub mod visibility;
