//! What becomes of every entry of a schema archive's table of contents.
//!
//! Owns the decision for each entry: restored before the data, restored after it, replaced by work of
//! our own, granted separately, or left out with a reason. Refuses names: an entry is known by its
//! dump id, its catalog OID and its kind; the text is only shown to people.
//! Invariants: every entry gets exactly one decision; nothing is left out without a reason; an entry
//! whose needs are left out by the selection is left out too and reported as unmet where it was
//! itself selected.

mod addition;
mod decide;
mod entry;
mod kind;

pub use addition::{Joining, decide_addition};
pub use decide::{
    ArchiveContext, Chosen, Decision, Decisions, Fact, Facts, LeaveOut, Unmet, decide, sections,
};
pub use entry::{CatalogObject, Entry, join_shells_to_types};
pub use kind::EntryKind;

#[cfg(test)]
mod addition_tests;
#[cfg(test)]
mod tests;
