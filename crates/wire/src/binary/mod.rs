//! Values in PostgreSQL's binary format, from their text.
//!
//! Owns the types whose binary format is fixed and the same on every server: a server takes them several times
//! as fast as their text. The text must have been printed under our pinned settings (ISO dates in
//! UTC, hexadecimal bytea, shortest exact floats); what does not look so is refused, never guessed at.
//!
//! Source: the receive functions of PostgreSQL's types (src/backend/utils/adt) and the manual, chapter "COPY", "Binary Format".

mod date_time;
mod numeric;

use bytes::{BufMut as _, BytesMut};

/// Bytes of a length in front of every value.
const LENGTH_BYTES: usize = 4;
/// A length that stands for null.
const NULL: i32 = -1;
/// The only version of jsonb's binary format.
const JSONB_VERSION: u8 = 1;
const UUID_BYTES: usize = 16;
/// Where a printed UUID has its hyphens.
const UUID_HYPHENS: [usize; 4] = [8, 13, 18, 23];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryType {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Uuid,
    Bytea,
    Jsonb,
    /// Text, and each type whose binary format is its text.
    Text,
}

/// Every type that is not text.
const FIXED: [BinaryType; 14] = [
    BinaryType::Bool,
    BinaryType::Int2,
    BinaryType::Int4,
    BinaryType::Int8,
    BinaryType::Float4,
    BinaryType::Float8,
    BinaryType::Numeric,
    BinaryType::Date,
    BinaryType::Time,
    BinaryType::Timestamp,
    BinaryType::Timestamptz,
    BinaryType::Uuid,
    BinaryType::Bytea,
    BinaryType::Jsonb,
];
/// json, text, bpchar, varchar.
const LIKE_TEXT: [u32; 4] = [114, 25, 1042, 1043];

impl BinaryType {
    /// The type with this OID.
    pub fn of(type_oid: u32) -> Option<Self> {
        if LIKE_TEXT.contains(&type_oid) {
            return Some(Self::Text);
        }
        FIXED.into_iter().find(|fixed| fixed.oid() == type_oid)
    }

    pub fn oid(self) -> u32 {
        self.identity().0
    }

    /// Its name in `pg_catalog`.
    pub fn name(self) -> &'static str {
        self.identity().1
    }

    /// OID and name, as `pg_type.dat` fixes them.
    fn identity(self) -> (u32, &'static str) {
        match self {
            Self::Bool => (16, "bool"),
            Self::Bytea => (17, "bytea"),
            Self::Int8 => (20, "int8"),
            Self::Int2 => (21, "int2"),
            Self::Int4 => (23, "int4"),
            Self::Text => (25, "text"),
            Self::Float4 => (700, "float4"),
            Self::Float8 => (701, "float8"),
            Self::Date => (1082, "date"),
            Self::Time => (1083, "time"),
            Self::Timestamp => (1114, "timestamp"),
            Self::Timestamptz => (1184, "timestamptz"),
            Self::Numeric => (1700, "numeric"),
            Self::Uuid => (2950, "uuid"),
            Self::Jsonb => (3802, "jsonb"),
        }
    }

    /// Appends the value with its length in front. None where the text is not a value as a server prints it; what was
    /// appended by then is to be thrown away.
    pub fn put(self, text: &[u8], into: &mut BytesMut) -> Option<()> {
        let start = into.len();
        into.put_i32(0);
        match self {
            Self::Bool => into.put_u8(boolean(text)?),
            Self::Int2 => into.put_i16(integer(text)?.try_into().ok()?),
            Self::Int4 => into.put_i32(integer(text)?.try_into().ok()?),
            Self::Int8 => into.put_i64(integer(text)?),
            Self::Float4 => into.put_f32(float(text)?),
            Self::Float8 => into.put_f64(float(text)?),
            Self::Numeric => numeric::put(text, into)?,
            Self::Date => into.put_i32(date_time::date(text)?),
            Self::Time => into.put_i64(date_time::time(text)?),
            Self::Timestamp => into.put_i64(date_time::timestamp(text)?),
            Self::Timestamptz => into.put_i64(date_time::timestamptz(text)?),
            Self::Uuid => uuid(text, into)?,
            Self::Bytea => hexadecimal(text.strip_prefix(b"\\x")?, into)?,
            Self::Jsonb => {
                into.put_u8(JSONB_VERSION);
                into.put_slice(text);
            }
            Self::Text => into.put_slice(text),
        }
        let length = i32::try_from(into.len() - start - LENGTH_BYTES).ok()?;
        into[start..start + LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
        Some(())
    }
}

/// Appends a null.
pub fn put_null(into: &mut BytesMut) {
    into.put_i32(NULL);
}

fn boolean(text: &[u8]) -> Option<u8> {
    match text {
        b"t" => Some(1),
        b"f" => Some(0),
        _ => None,
    }
}

fn integer(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Of the shortest text that tells a float from its neighbours there is one float, whoever reads it.
fn float<F: std::str::FromStr>(text: &[u8]) -> Option<F> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn uuid(text: &[u8], into: &mut BytesMut) -> Option<()> {
    let end = into.len() + UUID_BYTES;
    let mut start = 0;
    for hyphen in UUID_HYPHENS {
        hexadecimal(text.get(start..hyphen)?, into)?;
        if text.get(hyphen) != Some(&b'-') {
            return None;
        }
        start = hyphen + 1;
    }
    hexadecimal(text.get(start..)?, into)?;
    (into.len() == end).then_some(())
}

fn hexadecimal(text: &[u8], into: &mut BytesMut) -> Option<()> {
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    into.reserve(pairs.len());
    for [high, low] in pairs {
        into.put_u8(nibble(*high)? << 4 | nibble(*low)?);
    }
    Some(())
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
