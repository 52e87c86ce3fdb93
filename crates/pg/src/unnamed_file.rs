//! A file for a child process that leaves nothing behind.
//!
//! It has no name in any directory: nobody else can open it, and no ending of this process, kill -9 included, leaves it. A child
//! of ours finds it among our open files (proc(5), `/proc/PID/fd`), for as long as this value lives.

use std::{fs::File, io, io::Write as _, os::fd::AsRawFd as _, path::PathBuf};

use crate::connection::error::PgError;

#[derive(Debug)]
pub(crate) struct UnnamedFile(File);

impl UnnamedFile {
    /// Readable by this user alone from the first moment.
    pub(crate) fn holding(bytes: &[u8]) -> io::Result<Self> {
        // A file that is made without a name has the rights of an ordinary one, for which libpq refuses a password file. This one's
        // name goes before anything is in it.
        let mut file = tempfile::NamedTempFile::new()?.into_file();
        file.write_all(bytes)?;
        Ok(Self(file))
    }

    /// Each opening of it reads from the beginning.
    pub(crate) fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd()).into()
    }
}

/// There was no room for one.
pub(crate) fn no_file(error: &io::Error) -> PgError {
    PgError::Program {
        message: "cannot write a temporary file".to_owned(),
        detail: error.to_string(),
        hint: "set TMPDIR to a directory that can be written".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn it_can_be_read_twice_by_its_path_and_has_no_other() {
        let file = UnnamedFile::holding(b"abc").unwrap();
        let path = file.path();
        for _ in 0..2 {
            assert_eq!(fs::read(&path).unwrap(), b"abc");
        }
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert!(
            fs::read_link(&path)
                .unwrap()
                .to_string_lossy()
                .ends_with(" (deleted)")
        );
        drop(file);
        assert!(!path.exists());
    }
}
