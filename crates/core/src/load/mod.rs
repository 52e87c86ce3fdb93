//! The full load: pieces, defaults, and the states of a relation.
//!
//! Owns how a table is split into parts, how many loaders work by default, and which state of a
//! relation may follow which. Refuses SQL: a part is a range of pages, and who reads it writes the
//! condition.

pub mod capacity;
pub mod extension_rows;
pub mod format;
pub mod key_ranges;
mod parts;
mod relation_state;
mod sent_bytes;
mod storage;

pub use self::{
    parts::{PageRange, PartSize, split_by_ctid},
    relation_state::{RelationState, UnknownRelationState},
    sent_bytes::SentBytes,
    storage::Storage,
};

/// What the two servers and the machine between them can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Connections that the source would still accept.
    pub source_free_connections: u32,
    /// Connections that the target would still accept.
    pub target_free_connections: u32,
    /// Processor cores of the target; `None` where it does not tell, as managed servers rarely do.
    pub target_cores: Option<u32>,
}

/// Loaders for a target that does not tell its cores: as many as a small production server has. More
/// would only wait for each other there, and every setting may be overridden.
const LOADERS_FOR_UNKNOWN_CORES: u32 = 4;

/// Most loaders by default: beyond it we expect disks and WAL to be the limit, and only an operator who
/// knows the servers should go there.
const LOADERS_MOST: u32 = 16;

/// Connections left to the application and to our own sessions (stream, state, snapshot holder, verify).
const CONNECTIONS_KEPT_FREE: u32 = 8;

/// How many loaders work when the operator names no number: one for each core of the target, since
/// COPY keeps a core busy there, within what both sides can accept. Each takes one connection on either
/// side; of the free ones at most half are taken, for the application shall not feel it. Never 0.
pub fn loaders_default(capacity: Capacity) -> u32 {
    let free = capacity
        .source_free_connections
        .min(capacity.target_free_connections)
        .saturating_sub(CONNECTIONS_KEPT_FREE);
    let cores = capacity.target_cores.unwrap_or(LOADERS_FOR_UNKNOWN_CORES);
    // Two at least: while one waits for the network the other keeps the target busy.
    let wanted = cores.clamp(2, LOADERS_MOST);
    wanted.min(free / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaders(source_free: u32, target_free: u32, target_cores: Option<u32>) -> u32 {
        loaders_default(Capacity {
            source_free_connections: source_free,
            target_free_connections: target_free,
            target_cores,
        })
    }

    #[test]
    fn loaders_follow_the_target_s_cores_within_the_connections() {
        assert_eq!(loaders(100, 100, Some(8)), 8);
        assert_eq!(loaders(100, 100, None), 4);
        assert_eq!(loaders(100, 100, Some(1)), 2);
        assert_eq!(loaders(100, 100, Some(64)), 16);
        assert_eq!(loaders(20, 100, Some(16)), 6);
        assert_eq!(loaders(100, 12, Some(16)), 2);
        assert_eq!(loaders(0, 0, Some(16)), 1);
    }
}
