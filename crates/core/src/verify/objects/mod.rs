//! Whether two databases agree in what is not rows: definitions, owners, privileges, comments, states.
//!
//! Owns what is a difference, how much it weighs, what remedies it, and which differences a running
//! migration makes on purpose. Refuses catalogs: both sides come as lists of objects.

mod deliberate;
mod difference;
mod meaning;
mod object;
mod recency;
mod remedy;
mod role_names;
mod selected;
mod sequence_position;
mod verdict;

pub use self::{
    deliberate::{Deliberate, as_named},
    difference::Versions,
    meaning::{MadeAs, Meanings, Reprinted, Wording},
    object::{Object, ObjectKind, for_people},
    recency::{Extent, LastVerification, Outcome, Shortfall, judge as judge_recency},
    sequence_position::{SequenceSituation, positions},
    verdict::{Agreement, Compared, ComparisonContext},
};
