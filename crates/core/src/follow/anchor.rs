//! The anchor: the latest transaction of the source that the target remembers, by which the source's past is known.
//!
//! A source that was set back and written on has WAL at every position again, but another transaction there. So the slot
//! is confirmed only up to the anchor's commit record, each stream begins there, and the first that a source with the same
//! past sends is the anchor itself: the same position, transaction id and commit time. Until it has come nothing is
//! believed; anything behind its place in its stead is another past.

use transhume_wire::lsn::Lsn;

/// A transaction of the source as its BEGIN announces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Start of its commit record.
    pub commit_lsn: Lsn,
    pub xid: u32,
    /// Microseconds since 2000-01-01 00:00 UTC.
    pub commit_time_micros: i64,
}

/// The source's WAL is not the one that was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OtherPast {
    #[error(
        "at {} the target remembers transaction {}, and the source has transaction {}{}",
        .remembered.commit_lsn, .remembered.xid, .found.xid,
        if .found.xid == .remembered.xid { " of another time" } else { "" }
    )]
    Different { remembered: Anchor, found: Anchor },
    #[error("the source has no transaction at {}, where the target remembers transaction {}", .0.commit_lsn, .0.xid)]
    Missing(Anchor),
}

/// What is still to be seen of a stream before it is believed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recognition {
    awaited: Option<Anchor>,
}

impl Recognition {
    /// `None`: the target remembers nothing of this source yet, and there is nothing to compare.
    pub fn of(remembered: Option<Anchor>) -> Self {
        Self { awaited: remembered }
    }

    /// The source is the one that was followed.
    pub fn is_done(&self) -> bool {
        self.awaited.is_none()
    }

    /// A transaction begins in the stream.
    pub fn transaction(&mut self, found: Anchor) -> Result<(), OtherPast> {
        let Some(remembered) = self.awaited else {
            return Ok(());
        };
        if found.commit_lsn < remembered.commit_lsn {
            return Ok(());
        }
        if found.commit_lsn > remembered.commit_lsn {
            return Err(OtherPast::Missing(remembered));
        }
        if found != remembered {
            return Err(OtherPast::Different { remembered, found });
        }
        self.awaited = None;
        Ok(())
    }

    /// All below was sent.
    pub fn wal_end(&self, wal_end: Lsn) -> Result<(), OtherPast> {
        match self.awaited {
            Some(remembered) if wal_end > remembered.commit_lsn => Err(OtherPast::Missing(remembered)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REMEMBERED: Anchor = Anchor {
        commit_lsn: Lsn(100),
        xid: 7,
        commit_time_micros: 1_000,
    };

    #[test]
    fn the_same_transaction_at_its_place_is_the_same_past() {
        let mut recognition = Recognition::of(Some(REMEMBERED));
        let earlier = Anchor {
            commit_lsn: Lsn(90),
            ..REMEMBERED
        };
        assert_eq!(recognition.transaction(earlier), Ok(()));
        assert_eq!(recognition.wal_end(Lsn(100)), Ok(()));
        assert!(!recognition.is_done());
        assert_eq!(recognition.transaction(REMEMBERED), Ok(()));
        assert!(recognition.is_done());
        assert_eq!(recognition.wal_end(Lsn(500)), Ok(()));
    }

    #[test]
    fn another_transaction_there_is_another_past() {
        for found in [
            Anchor { xid: 8, ..REMEMBERED },
            Anchor {
                commit_time_micros: 1_001,
                ..REMEMBERED
            },
        ] {
            let different = OtherPast::Different {
                remembered: REMEMBERED,
                found,
            };
            assert_eq!(
                Recognition::of(Some(REMEMBERED)).transaction(found),
                Err(different)
            );
        }
    }

    #[test]
    fn whatever_comes_behind_in_its_stead_is_another_past() {
        let behind = Anchor {
            commit_lsn: Lsn(101),
            ..REMEMBERED
        };
        let missing = Err(OtherPast::Missing(REMEMBERED));
        assert_eq!(Recognition::of(Some(REMEMBERED)).transaction(behind), missing);
        assert_eq!(Recognition::of(Some(REMEMBERED)).wal_end(Lsn(101)), missing);
    }

    #[test]
    fn nothing_remembered_is_nothing_to_compare() {
        let mut recognition = Recognition::of(None);
        assert!(recognition.is_done());
        assert_eq!(recognition.transaction(REMEMBERED), Ok(()));
        assert_eq!(recognition.wal_end(Lsn(1)), Ok(()));
    }
}
