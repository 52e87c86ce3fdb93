//! A schema archive at hand for pg_restore.
//!
//! The file has no name, so that no ending of this process, kill -9 included, leaves the schema of
//! somebody's database behind in a public directory. pg_restore therefore reads it as its standard input.

use std::{fs::File, io, io::Write as _, os::unix::fs::FileExt as _, process::Stdio};

use tokio::process::Command;

use crate::{connection::error::PgError, schema::dump};

/// Bytes copied at once for a reader.
const PIECE_BYTES: usize = 1 << 16;

#[derive(Debug)]
pub struct ArchiveFile(File);

impl ArchiveFile {
    pub fn holding(bytes: &[u8]) -> Result<Self, PgError> {
        let write = || -> io::Result<File> {
            let mut file = tempfile::tempfile()?;
            file.write_all(bytes)?;
            Ok(file)
        };
        write().map(Self).map_err(|error| dump::no_file(&error))
    }

    /// Runs pg_restore over the archive to its end and returns what it printed.
    pub(crate) async fn read_by(&self, pg_restore: &mut Command) -> Result<Vec<u8>, PgError> {
        let input = self.copy().map_err(|error| dump::no_file(&error))?;
        dump::run(pg_restore, &[], Stdio::from(input), "pg_restore").await
    }

    /// Another file with a position of its own: handles of one file share theirs, and two programs may read at
    /// the same time.
    fn copy(&self) -> io::Result<File> {
        let mut copy = tempfile::tempfile()?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut at = 0;
        loop {
            let read = self.0.read_at(&mut piece, at)?;
            if read == 0 {
                break;
            }
            copy.write_all(&piece[..read])?;
            at += read as u64;
        }
        io::Seek::rewind(&mut copy)?;
        Ok(copy)
    }
}
