//! A physical standby of a disposable server, its promotion, and a server that hangs.
//!
//! The standby is a base backup that streams from the running server. Refuses to
//! promote what is not running.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use super::error::ClusterError;
use super::{Cluster, StopMode, process};
use super::{account::Account, make_directory};

/// By which its receiver is known to the primary. With `*` the stream of a migration would count as a standby too.
const NAME_OF_A_STANDBY: &str = "walreceiver";

impl Cluster {
    /// A running standby of this server, with these settings beside the server's own.
    pub fn standby(&self, settings: &[(&str, &str)]) -> Result<Self, ClusterError> {
        let account = Account::unprivileged()?;
        let directory = make_directory(self.options.parent.as_deref(), account)?;
        let mut backup = account.command(&self.options.binaries.join("pg_basebackup"));
        backup.arg("--pgdata").arg(directory.path().join("data"));
        // A database in the string is what a standby of 17 needs to look after its slots.
        backup.arg("--dbname").arg(self.url("postgres"));
        backup.args([
            "--write-recovery-conf",
            "--wal-method=stream",
            "--checkpoint=fast",
        ]);
        run(backup, directory.path())?;
        let mut options = self.options.clone();
        for (name, value) in settings {
            options.settings.retain(|(known, _)| known != name);
            options.settings.push(((*name).to_owned(), (*value).to_owned()));
        }
        let mut standby = Self {
            options,
            account,
            directory,
            port: 0,
            postmaster: None,
        };
        standby.launch_on_a_free_port()?;
        Ok(standby)
    }

    /// Makes a standby a primary of its own, and waits until it is one.
    pub fn promote(&self) -> Result<(), ClusterError> {
        let mut promote = self.account.command(&self.options.binaries.join("pg_ctl"));
        promote.arg("promote").arg("-D").arg(self.data_directory());
        promote.args(["--wait", "--timeout=60"]);
        run(promote, self.directory.path())
    }

    /// A standby, with these settings beside, that has every commit of this server that is acknowledged from then on, once it
    /// receives.
    pub fn synchronous_standby(&mut self, settings: &[(&str, &str)]) -> Result<Self, ClusterError> {
        // Once it is the primary it has no standby to wait for.
        let settings = [settings, &[("synchronous_standby_names", "")]].concat();
        let standby = self.standby(&settings)?;
        self.set("synchronous_standby_names", NAME_OF_A_STANDBY);
        self.reload()?;
        Ok(standby)
    }

    /// This server is gone, and its standby serves under its address, as a managed service does it.
    pub fn fail_over_to(&mut self, mut standby: Self) -> Result<(), ClusterError> {
        self.kill_postmaster();
        standby.promote()?;
        standby.stop(StopMode::Fast)?;
        standby.port = self.port;
        standby.launch()?;
        *self = standby;
        Ok(())
    }

    /// Stops every process of the server in the middle of what it does: connections stay open and nothing answers.
    pub fn hang(&self) {
        if let Some(postmaster) = &self.postmaster {
            process::signal_tree(postmaster, Signal::STOP);
        }
    }

    /// Lets a server that [hangs](Self::hang) go on.
    pub fn go_on(&self) {
        if let Some(postmaster) = &self.postmaster {
            process::signal_tree(postmaster, Signal::CONT);
        }
    }
}

fn run(mut command: Command, directory: &Path) -> Result<(), ClusterError> {
    let program = command.get_program().into();
    let output = command.current_dir(directory).output();
    let output = match output {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => output,
        Err(source) => return Err(ClusterError::Spawn { program, source }),
    };
    Err(ClusterError::Program {
        program,
        status: output.status.to_string(),
        output: String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
    })
}
