//! Where a transaction in progress waits for its commit: a file without a name.
//!
//! Owns the form of a frame: its length, a checksum of length and content, its content. Refuses what is in it. Invariants:
//! nothing is given back that is not as it was written; a process that dies leaves nothing behind, since the file loses its
//! name as soon as it is made, and the slot sends everything again.

use std::{fs::File, io, os::unix::fs::FileExt as _, sync::Arc};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::options::SpillOptions;

/// Length and checksum.
const HEADER_BYTES: usize = 8;
/// Read at once: a burst's worth.
const READ_BYTES: usize = 256 << 10;

#[derive(Debug, thiserror::Error)]
pub(super) enum SpillError {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("the frame at byte {at} of {end} is not what was written")]
    Damaged { at: u64, end: u64 },
}

/// What a message takes in its file.
pub(super) fn frame_bytes(content: &Bytes) -> u64 {
    (HEADER_BYTES + content.len()) as u64
}

/// Puts a message behind others that are to be written.
pub(super) fn put_frame(frames: &mut BytesMut, content: &[u8]) {
    frames.reserve(HEADER_BYTES + content.len());
    put_header(frames, content);
    frames.put_slice(content);
}

fn put_header(frames: &mut BytesMut, content: &[u8]) {
    // A message of the protocol is shorter than 1 GB.
    let length = u32::try_from(content.len()).expect("invariant: a message's length has 32 bits");
    frames.put_u32(length);
    frames.put_u32(checksum(length, content));
}

fn checksum(length: u32, content: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length.to_be_bytes()), content)
}

#[derive(Debug)]
pub(super) struct SpillFile {
    file: Arc<File>,
    end: u64,
}

impl SpillFile {
    pub(super) fn create(options: &SpillOptions) -> io::Result<Self> {
        let file = Arc::new(tempfile::tempfile_in(&options.directory)?);
        Ok(Self { file, end: 0 })
    }

    /// Where the frames end.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Adds whole frames.
    pub(super) fn write(&mut self, frames: &[u8]) -> io::Result<()> {
        self.file.write_all_at(frames, self.end)?;
        self.end += frames.len() as u64;
        Ok(())
    }

    /// Adds one frame without a copy of its content.
    pub(super) fn write_frame(&mut self, content: &[u8]) -> io::Result<()> {
        let mut header = BytesMut::new();
        put_header(&mut header, content);
        self.file.write_all_at(content, self.end + header.len() as u64)?;
        self.file.write_all_at(&header, self.end)?;
        self.end += (header.len() + content.len()) as u64;
        Ok(())
    }

    /// Takes back all behind this.
    pub(super) fn cut(&mut self, end: u64) -> io::Result<()> {
        if end < self.end {
            self.file.set_len(end)?;
            self.end = end;
        }
        Ok(())
    }

    /// All that it holds now.
    pub(super) fn frames(&self) -> Frames {
        Frames {
            file: Arc::clone(&self.file),
            end: self.end,
            read: 0,
            buffer: BytesMut::new(),
        }
    }
}

/// The contents of a file's frames, in order.
#[derive(Debug)]
pub(super) struct Frames {
    file: Arc<File>,
    /// Where they end, for all that is known here.
    end: u64,
    /// Up to where the file was read.
    read: u64,
    buffer: BytesMut,
}

impl Frames {
    /// The file holds frames up to there by now.
    pub(super) fn extend(&mut self, end: u64) {
        self.end = end;
    }

    pub(super) fn next(&mut self) -> Result<Option<Bytes>, SpillError> {
        let at = self.read - self.buffer.len() as u64;
        let end = self.end;
        if at == end {
            return Ok(None);
        }
        let damaged = SpillError::Damaged { at, end };
        if !self.fill(HEADER_BYTES)? {
            return Err(damaged);
        }
        let mut header = &self.buffer[..HEADER_BYTES];
        let (length, wanted) = (header.get_u32(), header.get_u32());
        let whole = HEADER_BYTES + length as usize;
        if !self.fill(whole)? {
            return Err(damaged);
        }
        let mut content = self.buffer.split_to(whole).freeze();
        content.advance(HEADER_BYTES);
        if checksum(length, &content) == wanted {
            Ok(Some(content))
        } else {
            Err(damaged)
        }
    }

    /// Whether so many bytes are there.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        let held = self.buffer.len();
        if held >= wanted {
            return Ok(true);
        }
        let left = usize::try_from(self.end - self.read).unwrap_or(usize::MAX);
        if wanted - held > left {
            return Ok(false);
        }
        let more = left.min(READ_BYTES.max(wanted - held));
        self.buffer.resize(held + more, 0);
        self.file.read_exact_at(&mut self.buffer[held..], self.read)?;
        self.read += more as u64;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spilled(contents: &[Vec<u8>]) -> SpillFile {
        let mut file = SpillFile::create(&SpillOptions::default()).unwrap();
        for content in contents {
            let mut frames = BytesMut::new();
            if content.len() > READ_BYTES {
                file.write_frame(content).unwrap();
                continue;
            }
            put_frame(&mut frames, content);
            file.write(&frames).unwrap();
        }
        file
    }

    fn read(file: &SpillFile) -> Result<Vec<Vec<u8>>, SpillError> {
        let mut frames = file.frames();
        let mut contents = Vec::new();
        while let Some(content) = frames.next()? {
            contents.push(content.to_vec());
        }
        Ok(contents)
    }

    /// Empty, small, and larger than what is read at once.
    fn contents() -> Vec<Vec<u8>> {
        let lengths = [0, 1, 300, READ_BYTES, 3 * READ_BYTES + 7, 5];
        lengths.map(|length| vec![b'x'; length]).to_vec()
    }

    #[test]
    fn what_was_written_comes_back_in_order() {
        assert_eq!(read(&spilled(&contents())).unwrap(), contents());
        assert!(read(&spilled(&[])).unwrap().is_empty());
    }

    #[test]
    fn what_was_cut_is_gone_and_may_be_written_over() {
        let mut file = spilled(&contents());
        file.cut(HEADER_BYTES as u64 * 2 + 1).unwrap();
        let mut frames = BytesMut::new();
        put_frame(&mut frames, b"instead");
        file.write(&frames).unwrap();

        assert_eq!(read(&file).unwrap(), [&b""[..], b"x", b"instead"]);
    }

    #[test]
    fn every_byte_that_changes_is_noticed() {
        let contents = [b"first".to_vec(), b"second".to_vec()];
        let end = spilled(&contents).end;
        for at in 0..end {
            let file = spilled(&contents);
            let mut byte = [0];
            file.file.read_exact_at(&mut byte, at).unwrap();
            file.file.write_all_at(&[byte[0] ^ 4], at).unwrap();
            assert!(
                matches!(read(&file), Err(SpillError::Damaged { .. })),
                "byte {at}"
            );
        }
    }
}
