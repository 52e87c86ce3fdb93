//! What the catalogs say of a database, as values of core.
//!
//! Every query is set-based: the number of round trips does not grow with the number of tables.
//! Everything here reads only and runs inside whatever transaction is open on the session, so that
//! a caller under a snapshot sees that snapshot. Expects a session with `search_path = ''`.

pub mod sequences;
pub mod tables;
