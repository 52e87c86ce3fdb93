//! Statements of a cutover: the fence, sequence values, opening an end, PgBouncer's console, what the gate observes.
//!
//! Refuses the order of the steps and any verdict.

pub mod fence;
pub mod gate;
pub mod lock_order;
pub mod opening;
pub mod opening_mark;
pub mod pgbouncer;
pub mod sequence_values;
pub mod way_back;
pub mod write_grant;
