//! Fresh data directories, fast: initdb runs once for each kind, every further server gets a copy.
//!
//! The copies lie in the temporary directory, keyed by the binaries and the initdb options. Several
//! processes may build the same one at once: each builds under a name of its own and renames it, and whoever
//! comes second throws its own away. What has the final name is therefore complete.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::ClusterError;
use super::{Authentication, SUPERUSER};

/// Everything that decides what initdb makes.
#[derive(Debug)]
pub(super) struct Kind<'a> {
    pub(super) binaries: &'a Path,
    pub(super) initdb_arguments: &'a [String],
    pub(super) authentication: &'a Authentication,
    pub(super) account: Account,
}

impl Kind<'_> {
    /// Makes a data directory at `data`, which must not exist yet.
    pub(super) fn create(&self, data: &Path) -> Result<(), ClusterError> {
        let template = self.template()?;
        copy_tree(&template, data, self.account)
    }

    fn template(&self) -> Result<PathBuf, ClusterError> {
        let cache = self.account.temporary_directory();
        let cache = cache.join(format!("transhume-templates-{}", self.account.label()));
        own_cache(&cache)?;
        let finished = cache.join(self.key()?);
        if finished.join("PG_VERSION").exists() {
            return Ok(finished);
        }
        let building = tempfile::Builder::new()
            .prefix("building-")
            .tempdir_in(&cache)
            .map_err(ClusterError::file("cannot make a directory in", &cache))?;
        self.account.own(building.path())?;
        let data = building.path().join("data");
        self.initdb(building.path(), &data)?;
        match fs::rename(&data, &finished) {
            Err(_) if finished.join("PG_VERSION").exists() => Ok(finished),
            Err(error) => Err(ClusterError::file("cannot rename to", finished)(error)),
            Ok(()) => Ok(finished),
        }
    }

    /// Changes with the binaries (a minor update renews them), the options and the password.
    fn key(&self) -> Result<String, ClusterError> {
        let server = self.binaries.join("postgres");
        let metadata =
            fs::metadata(&server).map_err(ClusterError::file("there is no server program at", &server))?;
        let mut hasher = DefaultHasher::new();
        server.hash(&mut hasher);
        (metadata.len(), metadata.mtime(), metadata.ino()).hash(&mut hasher);
        self.initdb_arguments.hash(&mut hasher);
        if let Authentication::Scram { password } = self.authentication {
            password.hash(&mut hasher);
        }
        Ok(format!("{:016x}", hasher.finish()))
    }

    fn initdb(&self, directory: &Path, data: &Path) -> Result<(), ClusterError> {
        let program = self.binaries.join("initdb");
        let mut command = self.account.command(&program);
        command.arg("--pgdata").arg(data);
        command.args(["--username", SUPERUSER, "--no-sync"]);
        match self.authentication {
            Authentication::Trust => {
                command.arg("--auth=trust");
            }
            Authentication::Scram { password } => {
                let file = directory.join("password");
                fs::write(&file, password).map_err(ClusterError::file("cannot write", &file))?;
                self.account.own(&file)?;
                command.arg("--auth=scram-sha-256").arg("--pwfile").arg(file);
            }
        }
        command.args(self.initdb_arguments).current_dir(directory);
        let output = command.output().map_err(|source| ClusterError::Spawn {
            program: program.clone(),
            source,
        })?;
        if output.status.success() {
            return Ok(());
        }
        Err(ClusterError::Program {
            program,
            status: output.status.to_string(),
            output: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
        })
    }
}

/// The cache is made by us and writable by nobody else: its name can be guessed, and what lies in it is run.
fn own_cache(cache: &Path) -> Result<(), ClusterError> {
    // 0711: the server's account must be able to pass through; the data directories inside are 0700.
    let made = fs::DirBuilder::new().recursive(true).mode(0o711).create(cache);
    made.map_err(ClusterError::file("cannot make", cache))?;
    let metadata = fs::symlink_metadata(cache).map_err(ClusterError::file("cannot read", cache))?;
    let ours = metadata.is_dir()
        && metadata.uid() == rustix::process::geteuid().as_raw()
        && metadata.permissions().mode() & 0o022 == 0;
    if ours {
        return Ok(());
    }
    let refusal = std::io::Error::other("it belongs to another user or others may write to it");
    Err(ClusterError::file("will not use", cache)(refusal))
}

fn copy_tree(from: &Path, to: &Path, account: Account) -> Result<(), ClusterError> {
    fs::DirBuilder::new()
        .mode(0o700)
        .create(to)
        .map_err(ClusterError::file("cannot make", to))?;
    account.own(to)?;
    let listing = fs::read_dir(from).map_err(ClusterError::file("cannot list", from))?;
    for entry in listing {
        let entry = entry.map_err(ClusterError::file("cannot list", from))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target, account)?;
        } else {
            fs::copy(entry.path(), &target).map_err(ClusterError::file("cannot copy to", &target))?;
            account.own(&target)?;
        }
    }
    Ok(())
}
