//! Reaching a server: connection settings, name and socket, TLS, login, and the sessions that stand on them.
//!
//! Owns every byte between this program and a server, and what its errors mean. Refuses retries: those are the engine's.

pub mod attempt;
pub(crate) mod connect;
pub mod conninfo;
pub mod error;
pub mod identity;
pub mod login;
pub mod names;
pub(crate) mod pieces;
pub(crate) mod pinned;
pub mod place;
pub mod quiet;
pub mod raw;
mod reached;
pub mod server_limits;
pub mod session;
pub(crate) mod silence;
pub mod snapshot;
pub mod tls;
pub mod version;
