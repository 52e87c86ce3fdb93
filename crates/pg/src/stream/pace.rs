//! How long to let the socket fill between two reads.
//!
//! Invariant: an idle stream is never held back; that would be lag for nothing.

use std::time::Duration;

/// Long enough for some hundred changes to gather, short against the lag of a stream that is behind. The
/// runtime's timer counts whole milliseconds; a thread could sleep more briefly, but waking it costs a
/// busy machine more than it saves.
const FILL_TIME: Duration = Duration::from_millis(1);
/// A read that brings this many bytes (some hundred narrow changes) was surely not the last of a backlog.
const BEHIND_BYTES: usize = 16 * 1024;
/// Reads in a row that must be this full: a single large transaction is not a backlog.
const BEHIND_READS: u32 = 2;

#[derive(Debug, Default)]
pub(super) struct Pace {
    full_reads: u32,
    /// The wait after the last read is over, or none is due.
    rested: bool,
}

impl Pace {
    pub(super) fn received(&mut self, bytes: usize) {
        self.full_reads = if bytes >= BEHIND_BYTES {
            self.full_reads.saturating_add(1)
        } else {
            0
        };
        self.rested = false;
    }

    pub(super) fn is_behind(&self) -> bool {
        self.full_reads >= BEHIND_READS
    }

    pub(super) async fn wait(&mut self) {
        if self.is_behind() && !self.rested {
            tokio::time::sleep(FILL_TIME).await;
        }
        self.rested = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_reads_in_a_row_mean_behind() {
        let mut pace = Pace::default();
        for (bytes, behind) in [
            (100_000, false),
            (100_000, true),
            (200, false),
            (100_000, false),
            (16_384, true),
            (16_384, true),
        ] {
            pace.received(bytes);
            assert_eq!(pace.is_behind(), behind);
        }
    }
}
