//! A bounds-checked reader over received bytes.
//!
//! Owns the walk through one message: every read is checked against what is left before anything is
//! allocated, and byte values come out as slices of the input, never as copies. Refuses knowledge of
//! any message. A failed read leaves the reader where it was.

use bytes::Bytes;

use crate::lsn::Lsn;

/// Why received bytes do not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("{wanted} bytes wanted but only {left} are left")]
    Truncated { wanted: usize, left: usize },
    #[error("a text has no terminating zero byte")]
    Unterminated,
    #[error("a name is not valid UTF-8")]
    NotUtf8,
    #[error("{0} bytes are left over")]
    LeftOver(usize),
    #[error("{what} has the unexpected value {value}")]
    Unexpected { what: &'static str, value: i64 },
}

/// Reads one message from its beginning to its end.
#[derive(Debug, Clone)]
pub struct Reader {
    input: Bytes,
    at: usize,
}

impl Reader {
    pub fn new(input: Bytes) -> Self {
        Self { input, at: 0 }
    }

    /// All that was received, read or not.
    pub fn input(&self) -> &[u8] {
        &self.input
    }

    /// Bytes not yet read.
    pub fn left(&self) -> usize {
        self.input.len() - self.at
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let taken = self
            .input
            .get(self.at..)
            .and_then(|rest| rest.first_chunk::<N>())
            .copied()
            .ok_or(ParseError::Truncated {
                wanted: N,
                left: self.left(),
            })?;
        self.at += N;
        Ok(taken)
    }

    pub fn u8(&mut self) -> Result<u8, ParseError> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, ParseError> {
        self.take().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, ParseError> {
        self.take().map(u32::from_be_bytes)
    }

    pub fn i32(&mut self) -> Result<i32, ParseError> {
        self.take().map(i32::from_be_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, ParseError> {
        self.take().map(i64::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, ParseError> {
        self.take().map(u64::from_be_bytes)
    }

    pub fn lsn(&mut self) -> Result<Lsn, ParseError> {
        self.u64().map(Lsn)
    }

    /// The next `length` bytes, as a slice of the input.
    pub fn bytes(&mut self, length: usize) -> Result<Bytes, ParseError> {
        if length > self.left() {
            return Err(ParseError::Truncated {
                wanted: length,
                left: self.left(),
            });
        }
        let slice = self.input.slice(self.at..self.at + length);
        self.at += length;
        Ok(slice)
    }

    /// A text that ends with a zero byte (a *String* of the protocol's manual page).
    pub fn text(&mut self) -> Result<String, ParseError> {
        let rest = &self.input[self.at..];
        let length = rest
            .iter()
            .position(|byte| *byte == 0)
            .ok_or(ParseError::Unterminated)?;
        let text = std::str::from_utf8(&rest[..length]).map_err(|_| ParseError::NotUtf8)?;
        let text = text.to_owned();
        self.at += length + 1;
        Ok(text)
    }

    /// All that is left, as a slice of the input.
    pub fn rest(self) -> Bytes {
        self.input.slice(self.at..)
    }

    /// The message must end here.
    pub fn finish(&self) -> Result<(), ParseError> {
        match self.left() {
            0 => Ok(()),
            left => Err(ParseError::LeftOver(left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_read_leaves_the_reader_where_it_was() {
        let mut reader = Reader::new(Bytes::from_static(b"\x00\x01ab"));

        assert_eq!(reader.u64(), Err(ParseError::Truncated { wanted: 8, left: 4 }));
        assert_eq!(reader.u16(), Ok(1));
        assert_eq!(reader.text(), Err(ParseError::Unterminated));
        assert_eq!(reader.bytes(3), Err(ParseError::Truncated { wanted: 3, left: 2 }));
        assert_eq!(reader.bytes(2), Ok(Bytes::from_static(b"ab")));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn a_length_near_the_end_of_memory_is_refused() {
        let mut reader = Reader::new(Bytes::from_static(b"abc"));

        assert_eq!(
            reader.bytes(usize::MAX),
            Err(ParseError::Truncated {
                wanted: usize::MAX,
                left: 3
            })
        );
    }
}
