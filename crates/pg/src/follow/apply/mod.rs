//! Writing the changes of the stream to the target.
//!
//! Owns the apply session, the match of announced relations with the target's tables, statement
//! texts, the gathering of changes, and the one type that writes a batch. Refuses policy: which transactions form a batch,
//! what is retried and when to stop is decided by the caller.

mod batch;
mod buffer;
mod conflict;
mod drift;
mod exception;
mod flight;
mod in_air;
mod parameter;
mod portion;
mod relation_map;
mod serial;
pub mod session;
mod set;
mod sets;
mod statement;
mod target_table;

pub use self::{
    batch::{BatchWriter, Committed, Origin, TargetPosition},
    conflict::{ApplyError, Conflict, ConflictKind},
    drift::{Remedy, added_column, remedy, standing},
    exception::Care,
    portion::{BatchEnd, Gatherer, Portion},
    session::{blockers, open},
};
