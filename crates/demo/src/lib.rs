//! The demonstration: two throwaway servers, a shop with live traffic, and a whole migration between them.
//!
//! Owns servers by `initdb` and the shop. It is a user of the engine, not a part of it: nothing of the product depends on
//! it but the command `demo`; tests take their servers from here.

pub mod cluster;
pub mod demo;
pub mod shop;
mod traffic;
