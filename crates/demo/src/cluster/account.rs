//! The operating system account that a disposable server runs under.
//!
//! PostgreSQL refuses to run as root. A caller who is root lends the server the account `postgres`, or
//! else `nobody`; any other caller runs it as itself.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ClusterError;

/// An account that is not root; `None` inside where the caller is not root and nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account(Option<(u32, u32)>);

impl Account {
    pub(super) fn unprivileged() -> Result<Self, ClusterError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self(None));
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| find_in_passwd(&passwd, name))
            .map(|ids| Self(Some(ids)))
            .ok_or(ClusterError::NoUnprivilegedUser)
    }

    /// A command that runs under this account, without the caller's supplementary groups.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        // A caller's PGDATA, PGPORT and the like are not meant for this server.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").env_remove("LANGUAGE");
        command
    }

    pub(super) fn own(self, path: &Path) -> Result<(), ClusterError> {
        match self.0 {
            Some((user, group)) => {
                chown(path, Some(user), Some(group)).map_err(ClusterError::file("cannot hand over", path))
            }
            None => Ok(()),
        }
    }

    /// The system's temporary directory, unless a caller who is root has one that this account cannot enter.
    pub(super) fn temporary_directory(self) -> PathBuf {
        let usual = std::env::temp_dir();
        let open_to_all = |directory: &Path| {
            fs::metadata(directory).is_ok_and(|found| found.permissions().mode() & 0o001 != 0)
        };
        if self.0.is_some() && !usual.ancestors().all(open_to_all) {
            return PathBuf::from("/tmp");
        }
        usual
    }

    /// Part of a file name that keeps what different accounts made apart.
    pub(super) fn label(self) -> u32 {
        self.0
            .map_or_else(|| rustix::process::geteuid().as_raw(), |(user, _)| user)
    }
}

fn find_in_passwd(passwd: &str, name: &str) -> Option<(u32, u32)> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [found, _, user, group, ..] = fields.as_slice() else {
            return None;
        };
        (*found == name).then_some((user.parse().ok()?, group.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd =
            "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/x\npostgres:x:101:104:,,,:/var:/bin/bash\n";
        assert_eq!(find_in_passwd(passwd, "postgres"), Some((101, 104)));
        assert_eq!(find_in_passwd(passwd, "nobody"), None);
    }
}
