//! Writing the changes of the stream to the target.
//!
//! Owns the apply session, the match of announced relations with the target's tables, statement
//! texts, and the one type that writes a batch. Refuses policy: which transactions form a batch,
//! what is retried and when to stop is decided by the caller.

mod asking;
mod batch;
mod carrying;
mod carrying_access;
mod carrying_drops;
mod carrying_objects;
mod conflict;
mod exception;
mod flight;
mod identities;
mod in_air;
mod object_statement;
mod parameter;
mod planned;
mod refusal;
mod relation_map;
mod serial;
pub mod session;
mod set;
mod set_aside;
mod sets;
mod settling;
mod source_tables;
mod staged;
mod statement;
mod target_table;

pub use self::{
    batch::{BatchWriter, Committed, TargetPosition},
    carrying::described,
    carrying_objects::REFUSED,
    conflict::{ApplyError, Conflict, ConflictKind},
    session::{blockers, end_former, open},
    settling::settle,
    source_tables::SourceTables,
};
pub(crate) use self::{
    relation_map::match_relation,
    source_tables::source_tables,
    target_table::{TargetTables, prepare_table_query, read_tables},
};
