//! What the connections do against real servers: one binary, one module for each part.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helping functions too"
)]

mod catalog;
mod comparing;
mod connecting;
mod copying;
mod encoding;
mod facts;
mod fencing;
mod logging_in;
mod probing;
mod reaching;
mod remedies;
mod restoring;
mod securing;
mod silence;
mod standing;
mod state;
mod streaming;
