//! Copying rows that exist: COPY from one server to the other, parts of tables, large objects.
//!
//! Refuses planning. Invariant: bytes of rows pass through untouched and unbuffered.

pub mod copy;
pub mod copy_statement;
pub mod extension_rows;
pub mod large_objects;
pub(crate) mod null_test;
pub mod part_copy;
pub mod storage;
