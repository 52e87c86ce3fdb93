//! The assessment: observations of both ends in, findings out.

pub mod capability;
pub mod observation;
