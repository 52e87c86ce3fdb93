//! Counts what goes through while it goes through, for progress and rates.

use std::sync::atomic::{AtomicU64, Ordering};

/// Shared by whoever copies and whoever shows it.
#[derive(Debug, Default)]
pub struct CopyMeter {
    bytes: AtomicU64,
}

impl CopyMeter {
    /// Bytes of rows so far, over all COPYs that share this meter.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}
