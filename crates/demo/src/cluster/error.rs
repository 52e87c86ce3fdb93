//! What can go wrong with a disposable server, always with the tail of its log where there is one.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error("{action} {}: {source}", .path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("cannot run {}: {source}", .program.display())]
    Spawn { program: PathBuf, source: io::Error },
    #[error("{} failed ({status}):\n{output}", .program.display())]
    Program {
        program: PathBuf,
        status: String,
        output: String,
    },
    #[error("the server in {} {what}; the end of its log:\n{log}", .directory.display())]
    Server {
        directory: PathBuf,
        what: String,
        log: String,
    },
    #[error(
        "a PostgreSQL server refuses to run as root, and this machine has neither a user postgres nor nobody"
    )]
    NoUnprivilegedUser,
}

impl ClusterError {
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
