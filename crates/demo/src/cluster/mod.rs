//! Disposable PostgreSQL servers, made by `initdb` on this machine, gone when dropped.
//!
//! Used by the tests and by `transhume demo`. A server gets a temporary directory of its own with data,
//! socket and log, listens on 127.0.0.1 and on that socket only, and does not sync to disk: it survives the death of
//! its processes, not that of the machine. Refuses to serve anything that must last.
//!
//! Everything here blocks (for some hundred milliseconds); in an async program call it from a blocking thread.

mod account;
mod address;
mod error;
mod options;
mod process;
mod standby;
mod template;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use account::Account;
use address::{free_port, percent_encoded};
pub use error::ClusterError;
pub use options::{Authentication, ClusterOptions};

/// The role that initdb makes.
pub const SUPERUSER: &str = "postgres";
/// A loaded machine with two cores starts a server in two seconds; recovery after a kill takes longer.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// A fast stop writes a last checkpoint.
const STOP_DEADLINE: Duration = Duration::from_secs(30);
/// What a test wants to see when a server does not come up.
const LOG_TAIL_LINES: usize = 40;
/// Another process may take a port between our look and the server's bind.
const PORT_ATTEMPTS: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Ends the sessions and writes everything out.
    Fast,
    /// Leaves at once; the next start recovers from the WAL.
    Immediate,
}

/// A running (or stopped) server. Dropping it stops it and removes all its files.
#[derive(Debug)]
pub struct Cluster {
    options: ClusterOptions,
    account: Account,
    directory: TempDir,
    port: u16,
    postmaster: Option<Child>,
}

impl Cluster {
    pub fn start(options: ClusterOptions) -> Result<Self, ClusterError> {
        let account = Account::unprivileged()?;
        let directory = make_directory(options.parent.as_deref(), account)?;
        let kind = template::Kind {
            binaries: &options.binaries,
            initdb_arguments: &options.initdb_arguments,
            authentication: &options.authentication,
            account,
        };
        kind.create(&directory.path().join("data"))?;
        let mut cluster = Self {
            options,
            account,
            directory,
            port: 0,
            postmaster: None,
        };
        cluster.launch_on_a_free_port()?;
        Ok(cluster)
    }

    fn launch_on_a_free_port(&mut self) -> Result<(), ClusterError> {
        for attempt in 1.. {
            self.port = free_port()?;
            match self.launch() {
                Err(_) if attempt < PORT_ATTEMPTS && self.port_was_taken() => {}
                launched => return launched,
            }
        }
        Ok(())
    }

    /// Starts it again after a stop or a kill, on the same port.
    pub fn start_again(&mut self) -> Result<(), ClusterError> {
        if self.postmaster.is_none() {
            self.launch()?;
        }
        Ok(())
    }

    pub fn stop(&mut self, mode: StopMode) -> Result<(), ClusterError> {
        let Some(mut postmaster) = self.postmaster.take() else {
            return Ok(());
        };
        let signal = match mode {
            StopMode::Fast => Signal::INT,
            StopMode::Immediate => Signal::QUIT,
        };
        process::signal(&postmaster, signal);
        if process::ended_within(&mut postmaster, STOP_DEADLINE) {
            return Ok(());
        }
        let error = self.failure(format!("did not stop within {STOP_DEADLINE:?}"));
        process::kill_tree(&mut postmaster);
        Err(error)
    }

    pub fn restart(&mut self) -> Result<(), ClusterError> {
        self.stop(StopMode::Fast)?;
        self.launch()
    }

    /// Ends all of its processes as a power failure would, and clears the locks that they left.
    pub fn kill_postmaster(&mut self) {
        if let Some(mut postmaster) = self.postmaster.take() {
            process::kill_tree(&mut postmaster);
        }
        self.clear_locks();
    }

    /// Changes settings from the next start on; an earlier value of the same name is replaced.
    pub fn set(&mut self, name: &str, value: &str) {
        self.options.settings.retain(|(known, _)| known != name);
        self.options.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Makes a running server read its settings again.
    pub fn reload(&self) -> Result<(), ClusterError> {
        self.write_settings()?;
        if let Some(postmaster) = &self.postmaster {
            process::signal(postmaster, Signal::HUP);
        }
        Ok(())
    }

    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://{}@127.0.0.1:{}/{}",
            self.user(),
            self.port,
            percent_encoded(database)
        )
    }

    pub fn socket_url(&self, database: &str) -> String {
        let socket = self.socket_directory();
        let host = percent_encoded(&socket.to_string_lossy());
        format!(
            "postgresql://{}@{host}:{}/{}",
            self.user(),
            self.port,
            percent_encoded(database)
        )
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn socket_directory(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    pub fn data_directory(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub fn binaries(&self) -> &Path {
        &self.options.binaries
    }

    pub fn log_path(&self) -> PathBuf {
        self.directory.path().join("server.log")
    }

    pub fn log_tail(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }

    fn user(&self) -> String {
        match &self.options.authentication {
            Authentication::Trust => SUPERUSER.to_owned(),
            Authentication::Scram { password } => format!("{SUPERUSER}:{}", percent_encoded(password)),
        }
    }

    fn launch(&mut self) -> Result<(), ClusterError> {
        self.write_settings()?;
        let log_path = self.log_path();
        let log = OpenOptions::new().create(true).append(true).open(&log_path);
        let log = log.map_err(ClusterError::file("cannot open", &log_path))?;
        let errors = log
            .try_clone()
            .map_err(ClusterError::file("cannot open", &log_path))?;
        let program = self.options.binaries.join("postgres");
        let mut command = self.account.command(&program);
        command.arg("-D").arg(self.data_directory());
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        command.current_dir(self.directory.path());
        if self.options.own_process_group {
            command.process_group(0);
        }
        let postmaster = command
            .spawn()
            .map_err(|source| ClusterError::Spawn { program, source })?;
        self.postmaster = Some(postmaster);
        self.wait_until_ready()
    }

    /// The server itself says that it accepts connections, in the eighth line of its lock file.
    fn wait_until_ready(&mut self) -> Result<(), ClusterError> {
        let lock = self.data_directory().join("postmaster.pid");
        let postmaster = self.postmaster.as_mut().expect("it was just started");
        let own_pid = postmaster.id().to_string();
        let outcome = process::poll_until(START_DEADLINE, || {
            if let Ok(Some(status)) = postmaster.try_wait() {
                return Some(Err(format!("ended while starting ({status})")));
            }
            let text = fs::read_to_string(&lock).ok()?;
            let ready = text.lines().next() == Some(own_pid.as_str())
                && text
                    .lines()
                    .nth(7)
                    .is_some_and(|state| matches!(state.trim(), "ready" | "standby"));
            ready.then_some(Ok(()))
        });
        match outcome {
            Some(Ok(())) => Ok(()),
            Some(Err(what)) => {
                self.postmaster = None;
                Err(self.failure(what))
            }
            None => {
                let error = self.failure(format!("was not ready within {START_DEADLINE:?}"));
                self.kill_postmaster();
                Err(error)
            }
        }
    }

    fn write_settings(&self) -> Result<(), ClusterError> {
        let path = self.data_directory().join("postgresql.conf");
        let text = self.options.configuration(self.port, &self.socket_directory());
        fs::write(&path, text).map_err(ClusterError::file("cannot write", path))
    }

    fn port_was_taken(&self) -> bool {
        self.log_tail().contains("could not bind")
    }

    fn clear_locks(&self) {
        let socket_lock = format!(".s.PGSQL.{}.lock", self.port);
        let socket = format!(".s.PGSQL.{}", self.port);
        for path in [
            self.data_directory().join("postmaster.pid"),
            self.socket_directory().join(socket_lock),
            self.socket_directory().join(socket),
        ] {
            // Those that are not there need no clearing.
            let _ = fs::remove_file(path);
        }
    }

    fn failure(&self, what: String) -> ClusterError {
        ClusterError::Server {
            directory: self.directory.path().to_owned(),
            what,
            log: self.log_tail(),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its files are about to go: nothing is worth writing out.
        let _ = self.stop(StopMode::Immediate);
    }
}

fn make_directory(parent: Option<&Path>, account: Account) -> Result<TempDir, ClusterError> {
    let parent = parent.map_or_else(|| account.temporary_directory(), Path::to_owned);
    let directory = tempfile::Builder::new()
        .prefix("transhume-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(&parent)
        .map_err(ClusterError::file("cannot make a directory in", parent))?;
    let socket = directory.path().join("socket");
    fs::create_dir(&socket).map_err(ClusterError::file("cannot make", &socket))?;
    account.own(&socket)?;
    account.own(directory.path())?;
    Ok(directory)
}
