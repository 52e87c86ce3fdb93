//! The only crate that talks to a server or runs pg_dump and pg_restore.
//!
//! Owns connections, TLS, sessions with pinned settings, catalog queries (as `.sql` files), COPY,
//! the replication stream and the `transhume` schema. Refuses policy: it neither retries nor
//! decides which phase follows.

pub mod assess;
pub mod catalog;
pub mod connection;
pub mod cutover;
pub mod follow;
pub mod guard;
pub mod load;
pub mod review;
pub mod roles;
pub mod schema;
pub mod state;
mod unnamed_file;
pub mod verify;
pub mod wait;
