//! What the connections do against real servers: one binary, one module for each part.

mod connecting;
mod copying;
mod streaming;
