//! The only crate that talks to a server or runs pg_dump and pg_restore.
//!
//! Owns connections, TLS, sessions with pinned settings, catalog queries (as `.sql` files), COPY,
//! the replication stream and the `transhume` schema. Refuses policy: it neither retries nor
//! decides which phase follows.

pub mod catalog;
pub mod cluster;
mod connect;
pub mod conninfo;
pub mod digest;
pub mod error;
pub mod fence;
pub mod marker;
pub mod names;
mod pinned;
pub mod probe;
pub mod publication;
pub mod raw;
pub mod replica_identity;
pub mod session;
pub mod slot;
pub mod state;
mod tls;
pub mod version;
pub mod wal;
