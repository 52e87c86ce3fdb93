//! PostgreSQL bytes without I/O.
//!
//! Owns LSNs, identifiers and their quoting, what may be printed, the pgoutput messages, values in binary format, and the replication commands
//! with their feedback, histories of timelines. Refuses sockets, async and SQL policy. Every received byte is
//! bounds-checked; malformed input is an error, never a panic.

pub mod binary;
pub mod ident;
pub mod lsn;
pub mod parse;
pub mod pgoutput;
pub mod printable;
pub mod replication;
pub mod timeline;
