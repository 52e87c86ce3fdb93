//! What the ways through a migration do against real servers: one binary, one module for each part.

mod assessing;
mod demo;
