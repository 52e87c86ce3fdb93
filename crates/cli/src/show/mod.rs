//! What people see: the terminal, progress, reports and quantities in their words.
//!
//! Refuses to ask the engine for anything: values come in, text goes out.

pub(crate) mod attention;
pub(crate) mod breakable;
pub(crate) mod document;
pub(crate) mod forecast;
pub(crate) mod metrics;
pub(crate) mod progress;
pub(crate) mod quantity;
pub(crate) mod report;
#[cfg(test)]
pub(crate) mod sample_status;
pub(crate) mod series;
pub(crate) mod story;
pub(crate) mod terminal;
