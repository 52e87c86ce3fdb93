//! The program under test as an operator starts it: a process with an environment of its own and a log.
//!
//! Refuses to know anything about what it prints. A process that is dropped is killed.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// What a failing test shows of a log: a run says a few lines for each phase and each outage.
const TAIL_LINES: usize = 30;

/// Generous: a debug build on a busy machine of two cores does each wait in a few seconds.
const DEADLINE: Duration = Duration::from_secs(180);
/// Between two looks at a process or its log.
const POLL: Duration = Duration::from_millis(20);

/// The program and the two databases that it is told of.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    client_programs: PathBuf,
    pub source_url: String,
    pub target_url: String,
    directory: TempDir,
}

/// What a call left.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub output: String,
    pub error: String,
}

/// A process in the background.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// `client_programs` is the directory with pg_dump and pg_restore.
    ///
    /// # Panics
    /// Where no temporary directory can be made.
    pub fn new(path: &Path, client_programs: PathBuf, source_url: String, target_url: String) -> Self {
        Self {
            path: path.to_owned(),
            client_programs,
            source_url,
            target_url,
            directory: TempDir::new().expect("a temporary directory can be made"),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(
            &self.path,
            self.directory.path(),
            &self.client_programs,
            (&self.source_url, &self.target_url),
        );
        command.args(arguments);
        command
    }

    /// Runs to the end.
    ///
    /// # Panics
    /// Where the program cannot be started.
    pub fn call(&self, arguments: &[&str]) -> Ended {
        Ended::of(&self.command(arguments).output().expect("the program starts"))
    }

    /// As [`Program::call`], but killed where it does not end in this time, or where nobody waits for it any more.
    ///
    /// # Panics
    /// Where the program cannot be started.
    pub async fn call_within(&self, time: Duration, arguments: &[&str]) -> Option<Ended> {
        let mut command = tokio::process::Command::from(self.command(arguments));
        let ending = command.kill_on_drop(true).output();
        let output = tokio::time::timeout(time, ending).await.ok()?;
        Some(Ended::of(&output.expect("the program starts")))
    }

    /// Runs in the background; everything that it says is added to the log.
    ///
    /// # Panics
    /// Where the program cannot be started.
    pub fn begin(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Running {
        let file = OpenOptions::new().create(true).append(true).open(self.log_path());
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        Running::start(command, file.expect("a log can be written"), self.log_path())
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("program.log")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

/// The program with nothing in its environment but what an operator would set, at home in `directory`.
/// `client_programs` is the directory with pg_dump and pg_restore.
pub fn command(
    path: &Path,
    directory: &Path,
    client_programs: &Path,
    (source_url, target_url): (&str, &str),
) -> Command {
    let mut command = Command::new(path);
    command
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TRANSHUME_SOURCE", source_url)
        .env("TRANSHUME_TARGET", target_url)
        .env("TRANSHUME_PROGRAMS", client_programs)
        // A test that holds the program inside the pause, or a busy machine, does not undo a cutover by that.
        .env("TRANSHUME_MAX_PAUSE", "5min")
        .stdin(Stdio::null());
    command
}

impl Ended {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            error: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Both streams.
    pub fn all(&self) -> String {
        format!("{}{}", self.output, self.error)
    }
}

impl Running {
    /// In the background; everything that it says goes to this file, which lies there.
    ///
    /// # Panics
    /// Where the program cannot be started.
    pub fn start(mut command: Command, file: File, log: PathBuf) -> Self {
        let child = command
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("the program starts");
        Self { child, log }
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGKILL, at once.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How it ended, if it has.
    ///
    /// # Panics
    /// Where the system does not tell.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    pub fn is_alive(&mut self) -> bool {
        self.exit_status().is_none()
    }

    /// Waits for its end; the exit code, and -1 where it was killed.
    ///
    /// # Panics
    /// Where it goes on and on.
    pub async fn ended(&mut self) -> i32 {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.exit_status() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < end, "still running\n{}", self.log());
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until it has said this.
    ///
    /// # Panics
    /// Where it ends before, or never says it.
    pub async fn said(&mut self, text: &str) {
        let end = Instant::now() + DEADLINE;
        while !self.log().contains(text) {
            let is_alive = self.is_alive();
            assert!(is_alive && Instant::now() < end, "no \"{text}\": {}", self.log());
            tokio::time::sleep(POLL).await;
        }
    }

    /// SIGINT, as Ctrl-C sends it.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// SIGTERM, as service managers send it.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// A signal by its name, as kill(1) knows it.
    ///
    /// # Panics
    /// Where kill cannot be run.
    pub fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &process])
            .stderr(Stdio::null())
            .status();
        sent.expect("kill can be run");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
