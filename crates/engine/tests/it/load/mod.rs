//! The full load between real servers: exactness, resuming, several processes, builds.

mod altering;
mod builds;
mod copying;
mod kindness;
mod large_objects;
mod loading;

mod resuming;
mod sequences;
