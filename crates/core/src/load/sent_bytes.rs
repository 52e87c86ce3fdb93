//! How many bytes a load will have sent in all.
//!
//! What the source stores is not what it sends: headers, dead rows and pages of a few rows take room on disk only, compressed
//! values are sent whole. So what is left is what it takes on disk by the proportion that the finished parts had. Invariants:
//! never less than what was sent; once all parts are done, exactly that.

/// Of finished parts and of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentBytes {
    /// By finished parts.
    pub sent: u64,
    /// What finished parts take on disk.
    pub stored_done: u64,
    /// What all parts take on disk.
    pub stored: u64,
}

/// Before a fiftieth is done, the proportion of some parts says little of the others.
const TELLING: u64 = 50;

impl SentBytes {
    pub fn expected(self) -> u64 {
        let rest = self.stored.saturating_sub(self.stored_done);
        if self.stored_done == 0 || self.stored_done < self.stored / TELLING {
            return self.sent + rest;
        }
        let rest = u128::from(rest) * u128::from(self.sent) / u128::from(self.stored_done);
        self.sent.saturating_add(u64::try_from(rest).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(sent: u64, stored_done: u64, stored: u64) -> u64 {
        let bytes = SentBytes {
            sent,
            stored_done,
            stored,
        };
        bytes.expected()
    }

    #[test]
    fn what_is_left_is_as_what_was_done() {
        // Tables of one page with few rows: 8 KiB each on disk, 200 bytes on the way.
        let (tables, done) = (25_000, 2_500);
        assert_eq!(expected(200 * done, 8_192 * done, 8_192 * tables), 200 * tables);
        assert_eq!(
            expected(200 * tables, 8_192 * tables, 8_192 * tables),
            200 * tables
        );
    }

    #[test]
    fn the_first_parts_say_nothing_yet() {
        assert_eq!(expected(0, 0, 1_000_000), 1_000_000);
        assert_eq!(expected(10, 1_000, 1_000_000), 10 + 999_000);
        assert_eq!(expected(0, 0, 0), 0);
    }
}
