//! The only crate that talks to a server or runs pg_dump and pg_restore.
//!
//! Owns connections, TLS, sessions with pinned settings, catalog queries (as `.sql` files), COPY,
//! the replication stream and the `transhume` schema. Refuses policy: it neither retries nor
//! decides which phase follows.

pub mod apply;
pub mod archive_file;
pub mod archive_list;
pub mod build;
pub mod catalog;
pub mod cluster;
pub mod comparison;
mod connect;
pub mod conninfo;
pub mod copy;
pub mod copy_statement;

pub mod dump;
pub mod enum_labels;
pub mod error;
mod extent;
pub mod facts;
pub mod fence;
pub mod gate;
pub mod large_objects;
pub mod marker;
pub mod names;
pub mod opening;
pub mod part_copy;
pub mod pgbouncer;
mod pinned;
pub mod probe;
pub mod publication;
pub mod raw;
pub mod replica_identity;
pub mod restore;
pub mod schema_change;
pub mod sequence_values;
pub mod server_limits;
pub mod session;
pub mod shop;
pub mod slot;
pub mod snapshot;
pub mod state;
pub mod stream;
pub mod tls;
pub mod version;
pub mod wal;
pub mod way_back;
