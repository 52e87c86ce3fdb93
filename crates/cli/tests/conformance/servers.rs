//! The servers that scenarios run on: one pair for all that leave it in peace, a pair of its own for each other.

use std::sync::OnceLock;

use transhume_demo::cluster::ClusterOptions;
use transhume_testkit::{
    Pair,
    server::{EVERYDAY_MAJOR, server},
};

/// With room for many scenarios at once.
pub(crate) fn start(source: u32, target: u32) -> Pair {
    let options = |major| {
        let options = ClusterOptions::new(server(major));
        let options = options.setting("max_connections", "200");
        // Each scenario leaves its slot behind until it ends.
        options.setting("max_replication_slots", "50")
    };
    Pair::start(options(source), options(target))
}

/// Started by the first scenario that wants it, ended with the last.
#[derive(Default)]
pub(crate) struct Shared(OnceLock<Pair>);

impl Shared {
    pub(crate) fn pair(&self) -> &Pair {
        self.0.get_or_init(|| start(EVERYDAY_MAJOR, EVERYDAY_MAJOR))
    }
}
