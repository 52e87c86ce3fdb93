//! The servers that scenarios run on: one pair for all that leave it in peace, a pair of its own for each other.

use std::sync::OnceLock;

use transhume_demo::cluster::{Cluster, ClusterOptions};
use transhume_testkit::server::{self, EVERYDAY_MAJOR};

pub(crate) struct Pair {
    pub(crate) source: Cluster,
    pub(crate) target: Cluster,
    pub(crate) newest_major: u32,
}

impl Pair {
    pub(crate) fn start(source: u32, target: u32) -> Self {
        let start = |major| {
            let options = ClusterOptions::new(server::server(major));
            let options = options.setting("max_connections", "200");
            // Each scenario leaves its slot behind until it ends.
            server::start(options.setting("max_replication_slots", "50"))
        };
        Self {
            source: start(source),
            target: start(target),
            newest_major: source.max(target),
        }
    }
}

/// Started by the first scenario that wants it, ended with the last.
#[derive(Default)]
pub(crate) struct Shared(OnceLock<Pair>);

impl Shared {
    pub(crate) fn pair(&self) -> &Pair {
        self.0.get_or_init(|| Pair::start(EVERYDAY_MAJOR, EVERYDAY_MAJOR))
    }
}
