//! The exact filter between a table's load and the stream (design §2.3).
//!
//! A load read its table under a snapshot. A change is already in what it read exactly when its
//! transaction is visible in that snapshot; such changes are skipped, all others applied. Only
//! top-level transaction ids take part: the stream names them in BEGIN, and a snapshot's text lists
//! no others.

use std::{fmt, str::FromStr};

/// What `txid_current_snapshot()` or `pg_current_snapshot()` said, `xmin:xmax:xip,xip`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Every transaction below has ended.
    pub xmin: u64,
    /// No transaction from here on had begun.
    pub xmax: u64,
    /// Transactions between the two that were running, ascending.
    pub in_progress: Vec<u64>,
}

impl Snapshot {
    /// Whether the work of a transaction that committed is visible.
    ///
    /// The stream carries 32-bit ids and the snapshot 64-bit ones. The server keeps all ids in use
    /// within half of the 32-bit circle, so the one meant is the one nearest to `xmax`.
    pub fn sees(&self, xid: u32) -> bool {
        let Some(xid) = self.widen(xid) else {
            return true;
        };
        if xid < self.xmin {
            return true;
        }
        xid < self.xmax && self.in_progress.binary_search(&xid).is_err()
    }

    /// Whether all transactions that ran while the slot was created had ended: those might be in the
    /// stream and yet not in the snapshot, or in neither. `horizon` is the first id not assigned then.
    pub fn is_past(&self, horizon: u64) -> bool {
        self.xmin >= horizon
    }

    /// `None`: so old that it was before the first of all ids.
    fn widen(&self, xid: u32) -> Option<u64> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low half is what the stream carries"
        )]
        let low = self.xmax as u32;
        let distance = xid.wrapping_sub(low).cast_signed();
        self.xmax.checked_add_signed(i64::from(distance))
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:", self.xmin, self.xmax)?;
        for (index, xid) in self.in_progress.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{xid}")?;
        }
        Ok(())
    }
}

/// Text that is no snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a snapshot of the form xmin:xmax:xip,xip")]
pub struct ParseSnapshotError(pub String);

impl FromStr for Snapshot {
    type Err = ParseSnapshotError;

    fn from_str(text: &str) -> Result<Self, ParseSnapshotError> {
        read(text).ok_or_else(|| ParseSnapshotError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Snapshot> {
    let mut fields = text.split(':');
    let xmin = number(fields.next()?)?;
    let xmax = number(fields.next()?)?;
    let list = fields.next()?;
    let in_progress = match list {
        "" => Vec::new(),
        _ => list.split(',').map(number).collect::<Option<Vec<_>>>()?,
    };
    // The snapshot of a slot may say an xmin above its xmax: the first is the oldest that ran, the second follows the last
    // that committed, and what ended in between was rolled back. The server looks at xmin first, so that everything
    // below it is visible, and everything from it on is not: as if xmax were the same.
    let xmax = if list.is_empty() { xmax.max(xmin) } else { xmax };
    let ascending = in_progress.is_sorted_by(|left, right| left < right);
    let within = in_progress.iter().all(|xid| (xmin..xmax).contains(xid));
    let complete = fields.next().is_none() && xmin <= xmax;
    (ascending && within && complete).then_some(Snapshot {
        xmin,
        xmax,
        in_progress,
    })
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One turn of the 32-bit circle.
    const EPOCH: u64 = 1 << 32;

    #[test]
    fn the_server_s_rule_decides() {
        let snapshot: Snapshot = "10:20:10,14,15".parse().unwrap();

        for (xid, seen) in [
            (3, true),
            (9, true),
            (10, false),
            (11, true),
            (14, false),
            (15, false),
            (19, true),
            (20, false),
            (21, false),
        ] {
            assert_eq!(snapshot.sees(xid), seen, "xid {xid}");
        }
    }

    /// A live migration met this one.
    #[test]
    fn a_slot_s_snapshot_may_end_before_it_begins() {
        let snapshot: Snapshot = "2184:2183:".parse().unwrap();

        assert_eq!(snapshot.to_string(), "2184:2184:");
        assert!(snapshot.sees(2182) && snapshot.sees(2183));
        assert!(!snapshot.sees(2184) && !snapshot.sees(2185));
    }

    #[test]
    fn ids_on_both_sides_of_a_wraparound_are_told_apart() {
        let after: Snapshot = format!("{}:{}:{}", EPOCH - 5, EPOCH + 8, EPOCH - 5)
            .parse()
            .unwrap();
        assert!(after.sees(u32::MAX - 9));
        assert!(!after.sees(u32::MAX - 4));
        assert!(after.sees(u32::MAX));
        assert!(after.sees(7));
        assert!(!after.sees(8));

        let before: Snapshot = format!("{0}:{0}:", EPOCH - 5).parse().unwrap();
        assert!(before.sees(u32::MAX - 5));
        assert!(!before.sees(u32::MAX - 4));
        assert!(!before.sees(3));
    }

    #[test]
    fn text_of_another_form_is_refused() {
        for text in [
            "", "1", "1:2", "2:1:1", "1:2:3", "1:9:4,3", "1:9:3,3", "1:9:,", "1:9:3,", "a:b:", "1:2::",
            "+1:2:", "-1:2:",
        ] {
            assert!(text.parse::<Snapshot>().is_err(), "{text}");
        }
    }

    /// A snapshot anywhere on the 64-bit line and a transaction within reach of it.
    fn snapshot_and_xid() -> impl Strategy<Value = (Snapshot, u64)> {
        let start = prop_oneof![3_u64..100, EPOCH - 50..EPOCH + 50, 7 * EPOCH - 50..7 * EPOCH + 50];
        let running = prop::collection::btree_set(0_u64..60, 0..8);
        (start, 0_u64..60, running, 0_u64..200).prop_map(|(xmin, width, running, at)| {
            let xmax = xmin + width;
            let in_progress = running
                .into_iter()
                .map(|distance| xmin + distance)
                .filter(|xid| *xid < xmax)
                .collect();
            let xid = (xmin + at).saturating_sub(70).max(3);
            (
                Snapshot {
                    xmin,
                    xmax,
                    in_progress,
                },
                xid,
            )
        })
    }

    proptest! {
        #[test]
        fn the_low_half_of_an_id_decides_as_the_whole_id_does((snapshot, xid) in snapshot_and_xid()) {
            let naive = xid < snapshot.xmin || (xid < snapshot.xmax && !snapshot.in_progress.contains(&xid));
            #[expect(clippy::cast_possible_truncation, reason = "what the stream does")]
            let low = xid as u32;
            prop_assert_eq!(snapshot.sees(low), naive);
        }

        /// `XidInMVCCSnapshot` of the server, as it stands there.
        #[test]
        fn limits_in_any_order_mean_what_they_mean_to_the_server(xmin in 3_u64..60, xmax in 3_u64..60, xid in 3_u32..70) {
            let is_running = |xid: u64| xid >= xmin && xid >= xmax;
            let snapshot: Snapshot = format!("{xmin}:{xmax}:").parse().unwrap();
            prop_assert_eq!(snapshot.sees(xid), !is_running(u64::from(xid)));
            prop_assert!(snapshot.xmin <= snapshot.xmax);
        }

        #[test]
        fn a_snapshot_reads_back_what_it_prints((snapshot, _) in snapshot_and_xid()) {
            prop_assert_eq!(snapshot.to_string().parse(), Ok(snapshot));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text: String) {
            let _ = text.parse::<Snapshot>();
        }
    }
}
