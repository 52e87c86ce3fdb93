//! Finding server programs by major version and starting disposable servers from them.
//!
//! Looks where Debian and the PostgreSQL yum repository put them, and where `cargo xtask servers` does:
//! `target/servers`, or `/usr/local/lib` for root in a directory that is closed to the server's account. A missing version fails the test.

use std::path::{Path, PathBuf};

use transhume_demo::cluster::{Cluster, ClusterOptions};

/// The version that Debian 12 brings: what most tests run on.
pub const EVERYDAY_MAJOR: u32 = 15;

/// The newest one that the product knows.
pub const NEWEST_MAJOR: u32 = 18;

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
        .filter_map(|directory| directory.canonicalize().ok())
        .find(|directory| directory.join("initdb").is_file() && directory.join("postgres").is_file())
}

/// The directory with `pg_dump` and `pg_restore` that are at least as new as this major version: not every
/// package with a server brings them.
///
/// # Panics
/// Where none is installed, with the command that installs it.
pub fn client_programs(major: u32) -> PathBuf {
    (major..=NEWEST_MAJOR)
        .flat_map(candidates)
        .find(|directory| directory.join("pg_dump").is_file() && directory.join("pg_restore").is_file())
        .unwrap_or_else(|| {
            panic!("pg_dump of PostgreSQL {major} or newer is not installed; run: cargo xtask servers 17 18")
        })
}

fn candidates(major: u32) -> [PathBuf; 4] {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    [
        PathBuf::from(format!("/usr/lib/postgresql/{major}/bin")),
        target.join(format!("servers/{major}/bin")),
        PathBuf::from(format!("/usr/local/lib/transhume-servers/{major}/bin")),
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
