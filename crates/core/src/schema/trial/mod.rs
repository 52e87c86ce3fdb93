//! The trial restore: what is tried on the target before anything is made there, and what its refusals mean.
//!
//! Owns the course of a trial (an entry is tried only if nothing it needs was refused), the cut into pieces
//! that fit into the target's lock table, and the findings. Refuses SQL and servers.
//! Invariant: every entry ends as tried, as refused by the server, or under the refusal that it hangs on.

mod course;
mod finding;
mod piece;
mod rows;

pub use course::{Answer, Course, Refusal};
pub use finding::{KnownObject, Names, REFUSED, Verdicts, findings};
pub use piece::{Pieces, pieces};
pub use rows::{RefusedRows, check_refused, rows_refused};
