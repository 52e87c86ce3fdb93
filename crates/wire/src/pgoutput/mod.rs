//! The messages of `pgoutput`, protocol versions 1 and 2 (PostgreSQL manual, "Logical Replication Message
//! Formats").
//!
//! Owns their shapes. Column values are slices of the received bytes. Refuses any judgement about the
//! order of messages or their meaning for a table. Messages of two-phase transactions, which we never ask
//! for, are unknown here.

mod block;
mod decode;

use bytes::Bytes;

pub use self::{
    block::{InBlock, PartKind, decode_in_block, look_in_block},
    decode::{DecodeError, decode},
};
use crate::{ident::QualifiedName, lsn::Lsn};

/// One message of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Begin(Begin),
    Commit(Commit),
    Origin {
        commit_lsn: Lsn,
        name: String,
    },
    Relation(Relation),
    Type {
        oid: u32,
        name: QualifiedName,
    },
    Insert {
        relation_id: u32,
        new: Tuple,
    },
    Update {
        relation_id: u32,
        old: Option<OldTuple>,
        new: Tuple,
    },
    Delete {
        relation_id: u32,
        old: OldTuple,
    },
    Truncate {
        relation_ids: Vec<u32>,
        cascade: bool,
        restart_identity: bool,
    },
    Logical(LogicalMessage),
    /// A block of messages of a transaction in progress begins; each bears an XID (see [`look_in_block`]).
    StreamStart(StreamStart),
    /// The block ends, the transaction goes on.
    StreamStop,
    /// A transaction that was sent in blocks has committed; nothing else of it comes.
    StreamCommit(StreamCommit),
    /// Nothing of this subtransaction, or of the whole transaction where both are the same, is to be applied.
    /// PostgreSQL 18 says so of transactions that it found aborted before it sent any of them, also to those
    /// who never asked for transactions in progress.
    StreamAbort {
        xid: u32,
        subtransaction_xid: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamStart {
    /// Of the top-level transaction.
    pub xid: u32,
    /// No block of it came before.
    pub is_first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamCommit {
    /// Of the top-level transaction.
    pub xid: u32,
    pub commit: Commit,
}

/// A transaction begins; it carries the LSN of its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    /// The commit LSN: start of the commit record.
    pub final_lsn: Lsn,
    /// Microseconds since 2000-01-01 00:00 UTC.
    pub commit_time_micros: i64,
    pub xid: u32,
}

/// A transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    pub commit_lsn: Lsn,
    pub end_lsn: Lsn,
    /// Microseconds since 2000-01-01 00:00 UTC.
    pub commit_time_micros: i64,
}

/// A table as announced in the stream, before its first change and after every change of its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub id: u32,
    pub name: QualifiedName,
    /// `d` default, `n` nothing, `f` full, `i` index: `pg_class.relreplident`.
    pub replica_identity: u8,
    pub columns: Vec<RelationColumn>,
}

/// A column of a relation. Generated columns are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationColumn {
    /// Part of the replica identity (with identity full, every column is).
    pub is_key: bool,
    pub name: String,
    pub type_oid: u32,
    pub type_modifier: i32,
}

/// The old row of an update or delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OldTuple {
    /// Only the identity columns mean anything; the others are sent as null.
    Key(Tuple),
    /// The whole row (replica identity full).
    Full(Tuple),
}

impl OldTuple {
    pub fn tuple(&self) -> &Tuple {
        match self {
            Self::Key(tuple) | Self::Full(tuple) => tuple,
        }
    }
}

/// One row image: a value for each column of the relation, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuple(pub Vec<ColumnValue>);

/// One value of a tuple.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ColumnValue {
    Null,
    /// A TOAST value that the change did not touch and the server did not send.
    Unchanged,
    Text(Bytes),
    Binary(Bytes),
}

/// What `pg_logical_emit_message` wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogicalMessage {
    pub transactional: bool,
    /// End of the message's own record.
    pub lsn: Lsn,
    pub prefix: String,
    pub content: Bytes,
}
