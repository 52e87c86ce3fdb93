//! Messages inside a block of a transaction in progress: each but an origin bears, behind its kind, the XID that it is
//! of, a subtransaction's where one made the change.
//!
//! Owns which messages may stand in a block. They are looked at when they come, since only the XID matters then, and
//! decoded once the transaction has committed. A logical message bears the top-level XID even where a subtransaction
//! wrote it.

use bytes::Bytes;

use super::{
    Message,
    decode::{DecodeError, decode_body, malformed, unknown},
};
use crate::parse::Reader;

/// What a message in a block is, as far as it matters before the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InBlock {
    /// The block ends.
    Stop,
    /// Where the transaction came from: said again in each block, and nobody's business here.
    Origin,
    /// A part of this transaction or subtransaction.
    Part { xid: u32, kind: PartKind },
}

/// What a part is to whoever does not wait for the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// The relation of this OID is announced: also to what comes behind the commit.
    Relation(u32),
    Other,
}

/// Looks at a message in a block without decoding it.
pub fn look_in_block(data: &Bytes) -> Result<InBlock, DecodeError> {
    let mut reader = Reader::new(data.clone());
    match reader.u8() {
        Err(_) => Err(DecodeError::Empty),
        Ok(b'E') => match decode_body(b'E', reader)? {
            Message::StreamStop => Ok(InBlock::Stop),
            _ => unreachable!("invariant: the kind decides the message"),
        },
        Ok(b'O') => Ok(InBlock::Origin),
        Ok(kind) => part(kind, &mut reader),
    }
}

fn part(kind: u8, reader: &mut Reader) -> Result<InBlock, DecodeError> {
    let xid = xid(kind, reader)?;
    if kind != b'R' {
        let kind = PartKind::Other;
        return Ok(InBlock::Part { xid, kind });
    }
    let oid = reader.u32().map_err(|cause| malformed("block", cause, reader))?;
    let kind = PartKind::Relation(oid);
    Ok(InBlock::Part { xid, kind })
}

/// Decodes a [`InBlock::Part`].
pub fn decode_in_block(data: Bytes) -> Result<Message, DecodeError> {
    let mut reader = Reader::new(data);
    let kind = reader.u8().map_err(|_| DecodeError::Empty)?;
    xid(kind, &mut reader)?;
    decode_body(kind, reader)
}

fn xid(kind: u8, reader: &mut Reader) -> Result<u32, DecodeError> {
    match kind {
        b'R' | b'Y' | b'I' | b'U' | b'D' | b'T' | b'M' => {
            reader.u32().map_err(|cause| malformed("block", cause, reader))
        }
        _ => Err(unknown(kind, reader)),
    }
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
