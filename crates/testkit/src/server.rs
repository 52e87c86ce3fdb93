//! Finding server programs by major version and starting disposable servers from them.
//!
//! Looks in `target/servers/<major>/bin` (put there by `cargo xtask servers`) and in the places of Debian
//! and of the PostgreSQL yum repository. A missing version fails the test.

use std::path::{Path, PathBuf};

use transhume_pg::cluster::{Cluster, ClusterOptions};

/// The version that Debian 12 brings: what most tests run on.
pub const EVERYDAY_MAJOR: u32 = 15;

/// The directory with `initdb` and `postgres` of a major version.
///
/// # Panics
/// Where it is not installed, with the command that installs it.
pub fn server(major: u32) -> PathBuf {
    installed(major).unwrap_or_else(|| {
        panic!("PostgreSQL {major} is not installed for the tests; run: cargo xtask servers {major}")
    })
}

/// As [`server`], for the few callers that choose among what is there.
pub fn installed(major: u32) -> Option<PathBuf> {
    candidates(major)
        .into_iter()
        .find(|directory| directory.join("initdb").is_file() && directory.join("postgres").is_file())
}

fn candidates(major: u32) -> [PathBuf; 3] {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    [
        PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")),
        target.join(format!("servers/{major}/bin")),
        PathBuf::from(format!("/usr/pgsql-{major}/bin")),
    ]
}

/// A fresh server of this version with the usual settings.
///
/// # Panics
/// Where it is missing or does not start; the message holds the end of its log.
pub fn cluster(major: u32) -> Cluster {
    start(ClusterOptions::new(server(major)))
}

/// A fresh server with settings of the test's own.
///
/// # Panics
/// As [`cluster`].
pub fn start(options: ClusterOptions) -> Cluster {
    match Cluster::start(options) {
        Ok(cluster) => cluster,
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_version_is_not_found_silently() {
        assert_eq!(installed(9), None);
    }
}
