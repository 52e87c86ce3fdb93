//! PgBouncer's file: replaced as a whole or not at all.
//!
//! The new one is staged beside it under a name of its own, with the owner and rights of the old one since it may
//! hold passwords, and takes its place by one rename. A link stays a link.

use std::{
    io::ErrorKind,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

use crate::error::{EngineError, Result};

/// Appended to the file's name: what it will hold once the target is open.
const STAGED: &str = ".transhume";

pub(super) fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|error| unusable("read", file, &error))
}

/// That a file can be made beside it is tried, not guessed.
pub(super) fn probe(file: &Path) -> Result<()> {
    tempfile::Builder::new()
        .prefix(STAGED)
        .tempfile_in(directory(&real(file)))
        .map(drop)
        .map_err(|error| unusable("write beside", file, &error))
}

/// Puts the new text beside the file, on disk.
pub(super) fn stage(file: &Path, text: &str) -> Result<()> {
    let failed = |error: std::io::Error| unusable("write beside", file, &error);
    let file = real(file);
    let like = std::fs::metadata(&file).map_err(failed)?;
    let new = tempfile::Builder::new()
        .prefix(STAGED)
        .tempfile_in(directory(&file))
        .map_err(failed)?;
    std::fs::set_permissions(new.path(), like.permissions()).map_err(failed)?;
    chown(new.path(), Some(like.uid()), Some(like.gid())).map_err(failed)?;
    std::fs::write(new.path(), text).map_err(failed)?;
    new.as_file().sync_all().map_err(failed)?;
    new.persist(staged(&file))
        .map(drop)
        .map_err(|error| failed(error.error))
}

/// What was staged is the file from now on.
pub(super) fn take_over(file: &Path) -> Result<()> {
    let real = real(file);
    std::fs::rename(staged(&real), &real).map_err(|error| unusable("replace", file, &error))
}

/// Harmless where nothing is staged.
pub(super) fn unstage(file: &Path) -> Result<()> {
    match std::fs::remove_file(staged(&real(file))) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(unusable("remove what was written beside", file, &error))
        }
        _ => Ok(()),
    }
}

fn staged(real: &Path) -> PathBuf {
    let mut name = real.as_os_str().to_owned();
    name.push(STAGED);
    PathBuf::from(name)
}

fn directory(real: &Path) -> &Path {
    real.parent().unwrap_or(Path::new("."))
}

fn real(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}

fn unusable(what: &str, file: &Path, error: &std::io::Error) -> EngineError {
    EngineError::refused(
        format!("cannot {what} {}: {error}", file.display()),
        "run the cutover on PgBouncer's machine, as a user that may write its configuration's directory",
    )
}
