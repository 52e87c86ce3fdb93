//! Cuts received bytes into messages of the protocol (manual, "Message Formats"): a tag, a length,
//! a body. Refuses lengths out of bounds before anything is allocated for them.

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;

/// Bytes of tag and length.
pub(crate) const HEADER_BYTES: usize = 5;
/// The length counts itself but not the tag.
const SMALLEST_LENGTH: usize = 4;
/// The largest datum is 1 GiB; a COPY row in text escapes it to at most twice as much, and the server's own
/// buffers end at 1 GiB. The rest is room for headers.
pub(crate) const LARGEST_LENGTH: usize = (1 << 30) + (1 << 16);
/// Above, a message has memory of its own.
const LARGE_BYTES: usize = 1 << 20;
/// Nothing a server says before the login is done is longer (libpq's limit is 30,000 too).
pub(crate) const LARGEST_STARTUP_LENGTH: usize = 30_000;

/// One whole message; `bytes` starts with the tag.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) tag: u8,
    pub(crate) bytes: BytesMut,
}

impl Frame {
    pub(crate) fn parse(mut self) -> Result<Message, String> {
        let parsed = Message::parse(&mut self.bytes).map_err(|error| error.to_string())?;
        parsed.ok_or_else(|| "a message is incomplete".to_owned())
    }

    pub(crate) fn into_body(mut self) -> BytesMut {
        self.bytes.split_off(HEADER_BYTES)
    }
}

/// Tag and size of the whole message at the start of `bytes`, once its header is there.
pub(crate) fn header(bytes: &[u8], largest: usize) -> Result<Option<(u8, usize)>, String> {
    let Some((tag, length)) = bytes
        .split_first()
        .and_then(|(tag, rest)| Some((*tag, rest.first_chunk::<4>()?)))
    else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length) as usize;
    if !(SMALLEST_LENGTH..=largest).contains(&length) {
        let tag = char::from(tag).escape_debug();
        return Err(format!(
            "a message '{tag}' of {length} bytes is not possible here"
        ));
    }
    Ok(Some((tag, length + 1)))
}

/// Makes room for the rest of a large message at the start of `buffer`, and for `more`, all at once: room that doubles time and
/// again is twice as large in the end, and copied each time.
pub(crate) fn make_room(buffer: &mut BytesMut, largest: usize, more: usize) {
    if let Ok(Some((_, size))) = header(buffer, largest)
        && size > LARGE_BYTES
        && size + more > buffer.capacity()
    {
        buffer.reserve(size + more - buffer.len());
    }
}

/// Cuts the first message off if it is all there.
pub(crate) fn take(buffer: &mut BytesMut, largest: usize) -> Result<Option<Frame>, String> {
    match header(buffer, largest)? {
        Some((tag, size)) if buffer.len() >= size => {
            let bytes = buffer.split_to(size);
            if size > LARGE_BYTES {
                // What follows would else keep the memory of the large one.
                *buffer = BytesMut::from(&buffer[..]);
            }
            Ok(Some(Frame { tag, bytes }))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_when_they_are_whole() {
        let mut buffer = BytesMut::from(&b"Z\0\0\0\x05IX\0"[..]);
        let frame = take(&mut buffer, 100).unwrap().unwrap();
        assert_eq!((frame.tag, &frame.bytes[..]), (b'Z', &b"Z\0\0\0\x05I"[..]));
        assert!(take(&mut buffer, 100).unwrap().is_none());
        assert_eq!(&buffer[..], b"X\0");
    }

    #[test]
    fn a_large_message_gets_its_room_at_once_and_takes_it_along() {
        let mut buffer = BytesMut::from(&b"d\0\x40\0\0"[..]);
        let size = (4 << 20) + 1;
        make_room(&mut buffer, LARGEST_LENGTH, 10);
        assert_eq!(buffer.capacity(), size + 10);
        buffer.resize(size, 0);
        buffer.extend_from_slice(b"Z");
        let frame = take(&mut buffer, LARGEST_LENGTH).unwrap().unwrap();
        assert_eq!((frame.bytes.len(), &buffer[..]), (size, &b"Z"[..]));
        assert!(buffer.capacity() < LARGE_BYTES);
    }

    #[test]
    fn lengths_out_of_bounds_are_refused_at_once() {
        for bytes in [&b"Z\0\0\0\x03"[..], b"Z\0\0\0\x65", b"Z\xff\xff\xff\xff"] {
            assert!(take(&mut BytesMut::from(bytes), 100).is_err());
        }
    }
}
