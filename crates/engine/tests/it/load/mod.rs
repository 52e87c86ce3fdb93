//! The full load between real servers: exactness, resuming, several processes, builds.

mod builds;
mod copying;
mod pair;
mod resuming;
mod sequences;
