//! The decisions of a migration as pure code.
//!
//! Owns what must be true: which parts a table is split into, which change is applied or skipped,
//! how far the frontier may move, which phase may follow which, what a finding means. Refuses
//! sockets, clocks, randomness and SQL text: observations come in as values, decisions go out as
//! values, and every module is tested without a server.

pub mod assess;
pub mod command;
pub mod count;
pub mod cutover;
pub mod direction;
pub mod disposition;
pub mod finding;
pub mod follow;
pub mod guard;
pub mod load;
pub mod login;
pub mod notify;
pub mod phase;
pub mod review;
pub mod role_map;
pub mod roles;
pub mod schema;
pub mod selection;
pub mod sequence;
pub mod shell;
pub mod sides;
pub mod silence;
pub mod sqlstate;
pub mod table;
pub mod value_encoding;
pub mod verify;
