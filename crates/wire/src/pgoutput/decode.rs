//! Bytes to [`Message`]: one function for each kind of message.
//!
//! A message must be consumed to its last byte. Counts and lengths are checked against what is left
//! before anything is allocated for them.

use std::fmt::Write as _;

use bytes::Bytes;

use super::{
    Begin, ColumnValue, Commit, LogicalMessage, Message, OldTuple, Relation, RelationColumn, StreamCommit,
    StreamStart, Tuple,
};
use crate::{
    ident::QualifiedName,
    parse::{ParseError, Reader},
};

/// Bytes of a bad message that its error shows: enough for the kind, a relation id and the next
/// fields, too few to spill a row into a log.
const HEAD_BYTES: usize = 16;

/// A message that cannot be understood. The stream must stop: nothing after it can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("empty pgoutput message")]
    Empty,
    #[error("unknown pgoutput message (begins with {head})")]
    Unknown { kind: u8, head: String },
    #[error("malformed pgoutput {kind} message: {cause} (begins with {head})")]
    Malformed {
        kind: &'static str,
        cause: ParseError,
        head: String,
    },
}

/// Decodes one message that stands outside of a block of a transaction in progress.
pub fn decode(data: Bytes) -> Result<Message, DecodeError> {
    let mut reader = Reader::new(data);
    let Ok(kind) = reader.u8() else {
        return Err(DecodeError::Empty);
    };
    decode_body(kind, reader)
}

/// Decodes what follows the kind, up to the last byte.
pub(super) fn decode_body(kind: u8, mut reader: Reader) -> Result<Message, DecodeError> {
    let (name, decoded) = match kind {
        b'B' => ("begin", begin(&mut reader)),
        b'C' => ("commit", commit(&mut reader).map(Message::Commit)),
        b'O' => ("origin", origin(&mut reader)),
        b'R' => ("relation", relation(&mut reader)),
        b'Y' => ("type", data_type(&mut reader)),
        b'I' => ("insert", insert(&mut reader)),
        b'U' => ("update", update(&mut reader)),
        b'D' => ("delete", delete(&mut reader)),
        b'T' => ("truncate", truncate(&mut reader)),
        b'M' => ("logical", logical(&mut reader)),
        b'S' => ("stream start", stream_start(&mut reader)),
        b'E' => ("stream stop", Ok(Message::StreamStop)),
        b'c' => ("stream commit", stream_commit(&mut reader)),
        b'A' => ("stream abort", stream_abort(&mut reader)),
        _ => return Err(unknown(kind, &reader)),
    };
    decoded
        .and_then(|message| reader.finish().map(|()| message))
        .map_err(|cause| malformed(name, cause, &reader))
}

pub(super) fn unknown(kind: u8, reader: &Reader) -> DecodeError {
    let head = head(reader);
    DecodeError::Unknown { kind, head }
}

pub(super) fn malformed(kind: &'static str, cause: ParseError, reader: &Reader) -> DecodeError {
    let head = head(reader);
    DecodeError::Malformed { kind, cause, head }
}

/// The first bytes of the message, in hexadecimal.
fn head(reader: &Reader) -> String {
    let bytes = reader.input().iter().take(HEAD_BYTES);
    bytes.fold(String::with_capacity(2 * HEAD_BYTES), |mut text, byte| {
        write!(text, "{byte:02x}").expect("invariant: writing to a String cannot fail");
        text
    })
}

fn unexpected(what: &'static str, value: impl Into<i64>) -> ParseError {
    ParseError::Unexpected {
        what,
        value: value.into(),
    }
}

fn stream_start(reader: &mut Reader) -> Result<Message, ParseError> {
    let xid = reader.u32()?;
    let is_first = match reader.u8()? {
        0 => false,
        1 => true,
        flag => return Err(unexpected("first segment", flag)),
    };
    Ok(Message::StreamStart(StreamStart { xid, is_first }))
}

fn stream_commit(reader: &mut Reader) -> Result<Message, ParseError> {
    let (xid, commit) = (reader.u32()?, commit(reader)?);
    Ok(Message::StreamCommit(StreamCommit { xid, commit }))
}

fn stream_abort(reader: &mut Reader) -> Result<Message, ParseError> {
    Ok(Message::StreamAbort {
        xid: reader.u32()?,
        subtransaction_xid: reader.u32()?,
    })
}

fn begin(reader: &mut Reader) -> Result<Message, ParseError> {
    Ok(Message::Begin(Begin {
        final_lsn: reader.lsn()?,
        commit_time_micros: reader.i64()?,
        xid: reader.u32()?,
    }))
}

fn commit(reader: &mut Reader) -> Result<Commit, ParseError> {
    match reader.u8()? {
        0 => Ok(Commit {
            commit_lsn: reader.lsn()?,
            end_lsn: reader.lsn()?,
            commit_time_micros: reader.i64()?,
        }),
        flags => Err(unexpected("flags", flags)),
    }
}

fn origin(reader: &mut Reader) -> Result<Message, ParseError> {
    Ok(Message::Origin {
        commit_lsn: reader.lsn()?,
        name: reader.text()?,
    })
}

/// The server sends `pg_catalog` as an empty schema name to save bytes.
fn qualified_name(reader: &mut Reader) -> Result<QualifiedName, ParseError> {
    let schema = reader.text()?;
    let schema = if schema.is_empty() {
        "pg_catalog".to_owned()
    } else {
        schema
    };
    Ok(QualifiedName::new(schema, reader.text()?))
}

fn relation(reader: &mut Reader) -> Result<Message, ParseError> {
    let id = reader.u32()?;
    let name = qualified_name(reader)?;
    let replica_identity = reader.u8()?;
    if !matches!(replica_identity, b'd' | b'n' | b'f' | b'i') {
        return Err(unexpected("replica identity", replica_identity));
    }
    let count = usize::from(reader.u16()?);
    // A column takes at least its flags, an empty name, a type and a modifier: 10 bytes.
    let mut columns = Vec::with_capacity(count.min(reader.left() / 10));
    for _ in 0..count {
        columns.push(RelationColumn {
            is_key: reader.u8()? & 1 != 0,
            name: reader.text()?,
            type_oid: reader.u32()?,
            type_modifier: reader.i32()?,
        });
    }
    Ok(Message::Relation(Relation {
        id,
        name,
        replica_identity,
        columns,
    }))
}

fn data_type(reader: &mut Reader) -> Result<Message, ParseError> {
    Ok(Message::Type {
        oid: reader.u32()?,
        name: qualified_name(reader)?,
    })
}

fn insert(reader: &mut Reader) -> Result<Message, ParseError> {
    let relation_id = reader.u32()?;
    match reader.u8()? {
        b'N' => Ok(Message::Insert {
            relation_id,
            new: tuple(reader)?,
        }),
        kind => Err(unexpected("kind of tuple", kind)),
    }
}

fn update(reader: &mut Reader) -> Result<Message, ParseError> {
    let relation_id = reader.u32()?;
    let mut kind = reader.u8()?;
    let old = match kind {
        b'K' => Some(OldTuple::Key(tuple(reader)?)),
        b'O' => Some(OldTuple::Full(tuple(reader)?)),
        _ => None,
    };
    if old.is_some() {
        kind = reader.u8()?;
    }
    match kind {
        b'N' => Ok(Message::Update {
            relation_id,
            old,
            new: tuple(reader)?,
        }),
        _ => Err(unexpected("kind of tuple", kind)),
    }
}

fn delete(reader: &mut Reader) -> Result<Message, ParseError> {
    let relation_id = reader.u32()?;
    let old = match reader.u8()? {
        b'K' => OldTuple::Key(tuple(reader)?),
        b'O' => OldTuple::Full(tuple(reader)?),
        kind => return Err(unexpected("kind of tuple", kind)),
    };
    Ok(Message::Delete { relation_id, old })
}

fn truncate(reader: &mut Reader) -> Result<Message, ParseError> {
    const CASCADE: u8 = 1;
    const RESTART_IDENTITY: u8 = 2;
    let count = reader.u32()? as usize;
    let flags = reader.u8()?;
    if flags & !(CASCADE | RESTART_IDENTITY) != 0 {
        return Err(unexpected("flags", flags));
    }
    // An id takes 4 bytes.
    let mut relation_ids = Vec::with_capacity(count.min(reader.left() / 4));
    for _ in 0..count {
        relation_ids.push(reader.u32()?);
    }
    Ok(Message::Truncate {
        relation_ids,
        cascade: flags & CASCADE != 0,
        restart_identity: flags & RESTART_IDENTITY != 0,
    })
}

fn logical(reader: &mut Reader) -> Result<Message, ParseError> {
    let transactional = match reader.u8()? {
        0 => false,
        1 => true,
        flags => return Err(unexpected("flags", flags)),
    };
    let lsn = reader.lsn()?;
    let prefix = reader.text()?;
    let length = reader.u32()? as usize;
    Ok(Message::Logical(LogicalMessage {
        transactional,
        lsn,
        prefix,
        content: reader.bytes(length)?,
    }))
}

fn tuple(reader: &mut Reader) -> Result<Tuple, ParseError> {
    let count = usize::from(reader.u16()?);
    // A value takes at least its kind byte.
    let mut values = Vec::with_capacity(count.min(reader.left()));
    for _ in 0..count {
        values.push(column_value(reader)?);
    }
    Ok(Tuple(values))
}

fn column_value(reader: &mut Reader) -> Result<ColumnValue, ParseError> {
    match reader.u8()? {
        b'n' => Ok(ColumnValue::Null),
        b'u' => Ok(ColumnValue::Unchanged),
        b't' => sized(reader).map(ColumnValue::Text),
        b'b' => sized(reader).map(ColumnValue::Binary),
        kind => Err(unexpected("kind of column value", kind)),
    }
}

fn sized(reader: &mut Reader) -> Result<Bytes, ParseError> {
    let length = reader.i32()?;
    let length = usize::try_from(length).map_err(|_| unexpected("length", length))?;
    reader.bytes(length)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
