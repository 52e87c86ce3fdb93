//! Room on a target that turns read-only before its storage is full, as managed servers do.
//!
//! Owns when the load waits, and when it goes on. Refuses servers: what they hold is told. Invariant: between waiting and
//! going on lies a gap, so that a size that wavers does not switch to and fro.

/// A managed server takes no writes from this share on (Azure: 95 %).
const READ_ONLY_SHARE: f64 = 0.95;
/// Or once less than this is free, in bytes (Azure: 5 GiB).
const READ_ONLY_FREE: f64 = 5.0 * 1024.0 * 1024.0 * 1024.0;
/// Below it the second rule would leave nothing: no service sells less storage, in bytes.
const SMALLEST_SOLD: f64 = 32.0 * 1024.0 * 1024.0 * 1024.0;
/// Parts under way, builds and WAL go on growing: the load waits from this share of the storage before.
const WAITS_BEFORE: f64 = 0.02;
/// And goes on this share below the point where it waits.
const GOES_ON_BELOW: f64 = 0.02;

/// What the operator says that the target has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage(pub u64);

impl Storage {
    /// Whether the load shall wait; `waits`: it does so already.
    pub fn is_short(self, used: u64, waits: bool) -> bool {
        let from = self.short_from();
        let limit = if waits {
            from - float(self.0) * GOES_ON_BELOW
        } else {
            from
        };
        float(used) >= limit
    }

    /// Bytes from which on the load waits.
    fn short_from(self) -> f64 {
        let all = float(self.0);
        let by_share = all * READ_ONLY_SHARE;
        let read_only = if all >= SMALLEST_SOLD {
            by_share.min(all - READ_ONLY_FREE)
        } else {
            by_share
        };
        read_only - all * WAITS_BEFORE
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn float(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1 << 30;

    #[test]
    fn the_load_waits_before_the_server_turns_read_only_and_goes_on_below_that() {
        let large = Storage(1_000 * GB);
        assert!(!large.is_short(929 * GB, false));
        assert!(large.is_short(931 * GB, false));
        assert!(large.is_short(920 * GB, true));
        assert!(!large.is_short(909 * GB, true));
        // 5 GB of 32 are free when it turns read-only.
        let small = Storage(32 * GB);
        assert!(small.is_short(27 * GB, false));
        assert!(!small.is_short(26 * GB, false));
        assert!(!Storage(GB).is_short(GB / 2, false));
    }
}
