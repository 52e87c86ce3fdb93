//! Following, between two servers of the test's own: every change of the source is on the target, once.

mod atomic;
mod bench;
mod commands;
mod drift;
mod early;
mod identity;
mod images;
mod in_air;
mod in_progress;
mod kinds;
mod policy;
mod resume;
mod sets;
mod traffic;
