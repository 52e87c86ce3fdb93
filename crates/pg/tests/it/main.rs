//! What the connections do against real servers: one binary, one module for each part.

mod catalog;
mod connecting;
mod copying;
mod probing;
mod securing;
mod streaming;
