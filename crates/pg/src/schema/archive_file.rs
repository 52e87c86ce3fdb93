//! A schema archive at hand for pg_restore.
//!
//! The file has no name, so that no ending of this process, kill -9 included, leaves the schema of
//! somebody's database behind in a public directory. pg_restore therefore reads it as its standard input.

use std::{fs::File, process::Stdio};

use tokio::process::Command;

use crate::{
    connection::error::PgError,
    schema::dump,
    unnamed_file::{self, UnnamedFile},
};

#[derive(Debug)]
pub struct ArchiveFile(UnnamedFile);

impl ArchiveFile {
    pub fn holding(bytes: &[u8]) -> Result<Self, PgError> {
        UnnamedFile::holding(bytes)
            .map(Self)
            .map_err(|error| unnamed_file::no_file(&error))
    }

    /// Runs pg_restore over the archive to its end and returns what it printed.
    pub(crate) async fn read_by(&self, pg_restore: &mut Command) -> Result<Vec<u8>, PgError> {
        // Opened anew: handles of one file share their position, and two programs may read at the same time.
        let input = File::open(self.0.path()).map_err(|error| unnamed_file::no_file(&error))?;
        dump::run(pg_restore, &[], Stdio::from(input), "pg_restore").await
    }
}
