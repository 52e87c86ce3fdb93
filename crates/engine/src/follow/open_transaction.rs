//! The source transaction that the stream is in the middle of.

use transhume_core::follow::{anchor::Anchor, portion::Origin};

/// The source transaction that is being received.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenTransaction {
    pub(super) origin: Origin,
    /// An earlier run applied it; the server sends it again.
    pub(super) is_applied: bool,
    /// Something of it was written.
    pub(super) is_written: bool,
    /// The server sends it whatever is asked for: there is a change or a marker of ours in it.
    pub(super) has_content: bool,
    pub(super) commit_time_micros: i64,
}

impl OpenTransaction {
    pub(super) fn anchor(&self) -> Anchor {
        Anchor {
            commit_lsn: self.origin.commit_lsn,
            xid: self.origin.xid,
            commit_time_micros: self.commit_time_micros,
        }
    }
}
