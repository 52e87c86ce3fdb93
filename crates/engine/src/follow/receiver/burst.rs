//! What the receiver hands to the applier in one piece.

use std::collections::VecDeque;

use tokio::sync::OwnedSemaphorePermit;
use transhume_core::follow::tree_stream::Translated;
use transhume_wire::{lsn::Lsn, pgoutput::Message};

use crate::follow::early::Early;

/// Received and not yet applied: enough to keep the applier busy while a batch commits, and a share of the 100 MB that
/// following may take.
pub(super) const BUFFERED_BYTES: u32 = 12 << 20;
/// What goes to the applier in one piece at most, while more is there already.
pub(super) const BURST_BYTES: usize = 256 << 10;
/// A transaction up to this size is handed on in one piece, even while nothing more is there.
pub(super) const WHOLE_BYTES: usize = 64 << 10;
/// A message costs this much more than its bytes: itself, and a value of 40 bytes for each column. Narrow columns come
/// as 4 bytes of length and some digits, so that three times the bytes cover them too.
const MESSAGE_OVERHEAD_BYTES: usize = 128;
const OVERHEAD_FACTOR: usize = 3;
/// Beyond, a message is values rather than overhead.
const OVERHEAD_UP_TO_BYTES: usize = 1024;

/// One thing that the stream told.
#[derive(Debug)]
pub(crate) enum Item {
    Message(Message),
    /// Everything up to here has been sent.
    WalEnd(Lsn),
    /// Of the next transaction everything is written or being written already.
    Early(Early),
}

/// Items in order; their bytes are given back when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Burst {
    pub(crate) items: VecDeque<Item>,
    /// So much comes, or so late, that more is surely on its way.
    pub(crate) is_dense: bool,
    /// What its items take.
    pub(super) bytes: usize,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

impl Burst {
    /// How much of the room it takes. One message may be larger than all of it: then it goes alone.
    pub(super) fn room(&self) -> u32 {
        u32::try_from(self.bytes).unwrap_or(u32::MAX).min(BUFFERED_BYTES)
    }

    /// A transaction begins in it and does not end. Messages outside of transactions may come last.
    pub(super) fn ends_within_transaction(&self) -> bool {
        let begins = self.items.iter().rev().find_map(|item| match item {
            Item::Message(Message::Begin(_)) => Some(true),
            Item::Message(Message::Commit(_)) => Some(false),
            _ => None,
        });
        begins.unwrap_or_default()
    }

    /// Adds a message, and what must be announced before it.
    pub(super) fn put(&mut self, translated: Translated, message_bytes: usize) {
        self.bytes += memory_of(message_bytes);
        let before = translated.before.into_iter().map(Item::Message);
        self.items.extend(before);
        self.items.push_back(Item::Message(translated.message));
    }
}

/// What a decoded message takes, more or less.
fn memory_of(message_bytes: usize) -> usize {
    message_bytes + MESSAGE_OVERHEAD_BYTES + OVERHEAD_FACTOR * message_bytes.min(OVERHEAD_UP_TO_BYTES)
}
