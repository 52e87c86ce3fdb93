//! Slot, publication, snapshot and stream on the source; writing batches on the target.
//!
//! Refuses to decide what is written: batches come from core. Invariant: a batch and its frontier commit together.

pub mod announcing;
pub mod apply;
pub mod drift;
pub mod marker;
pub mod publication;
pub mod replica_identity;
pub mod slot;
pub mod stream;
pub mod wal;
