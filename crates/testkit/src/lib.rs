//! Disposable servers, workloads, faults and oracles for the tests of all crates.
//!
//! An oracle shares no code with the product: it reads through connections of its own. A server that is not
//! there is a failed test that names the command to fetch it, never a skipped one.

pub mod connection;
pub mod oracle;
pub mod pair;
pub mod pgbouncer;
pub mod program;
pub mod proxy;
pub mod schema;
pub mod server;
pub mod torture;
pub mod traffic;
pub mod workload;

pub use pair::Pair;
pub use server::{cluster, server};
