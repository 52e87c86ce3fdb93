//! What the ways through a migration do against real servers: one binary, one module for each part.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helping functions too"
)]

mod assessing;
mod follow;
mod load;
mod migration;
mod schema;
mod trial;
