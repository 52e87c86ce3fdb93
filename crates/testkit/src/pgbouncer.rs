//! PgBouncer before a disposable server: transaction pooling, its files in a directory of its own.
//!
//! Runs under the account that the server runs under, and ends when dropped. It is not there: the test fails and
//! names the command that installs it.

use std::{
    net::{TcpListener, TcpStream},
    os::unix::{fs::MetadataExt, fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use transhume_demo::cluster::Cluster;

/// Debian keeps it where a plain user's PATH may not lead.
const PROGRAMS: [&str; 2] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"];

/// It starts in a few milliseconds.
const DEADLINE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);

/// The servers' administrator, who also is the console's.
const ADMINISTRATOR: &str = "postgres";

/// A running pooler with one entry.
#[derive(Debug)]
pub struct PgBouncer {
    child: Child,
    port: u16,
    directory: TempDir,
    account: Account,
}

/// Whom it runs as; none: as whoever runs the tests.
type Account = Option<(u32, u32)>;

impl PgBouncer {
    /// Serves one database of a server.
    ///
    /// # Panics
    /// Where it is not installed or does not start; the message holds its log.
    pub fn start(server: &Cluster, database: &str) -> Self {
        let owner = std::fs::metadata(server.data_directory()).expect("the server has a data directory");
        let account = rustix::process::geteuid()
            .is_root()
            .then(|| (owner.uid(), owner.gid()));
        let own = |path: &Path| {
            if let Some((user, group)) = account {
                chown(path, Some(user), Some(group)).expect("root may");
            }
        };
        let directory = tempfile::Builder::new()
            .prefix("transhume-pgbouncer")
            .tempdir_in("/tmp")
            .expect("a directory");
        let port = free_port();
        let entry = format!(
            "{database} = host=127.0.0.1 port={} dbname={database} pool_size=20",
            server.port()
        );
        let files = [
            ("pgbouncer.ini", configuration(directory.path(), port, &entry)),
            ("users.txt", format!("\"{ADMINISTRATOR}\" \"\"\n")),
            ("log", String::new()),
        ];
        for (name, text) in files {
            let path = directory.path().join(name);
            std::fs::write(&path, text).expect("a file can be written");
            own(&path);
        }
        own(directory.path());
        let pgbouncer = Self {
            child: launch(directory.path(), account),
            port,
            directory,
            account,
        };
        pgbouncer.wait();
        pgbouncer
    }

    /// SIGKILL, then a start with the file as it is now.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn kill_and_start_again(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.child = launch(self.directory.path(), self.account);
        self.wait();
    }

    /// Where its clients connect.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://{ADMINISTRATOR}@127.0.0.1:{}/{database}", self.port)
    }

    /// The admin console.
    pub fn console(&self) -> String {
        self.url("pgbouncer")
    }

    /// Its configuration.
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("pgbouncer.ini")
    }

    /// Listens once it answers.
    fn wait(&self) {
        let end = Instant::now() + DEADLINE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < end, "pgbouncer does not listen:\n{log}");
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(directory: &Path, account: Account) -> Child {
    let mut command = Command::new(program());
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command
        .args(["-q", "pgbouncer.ini"])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("pgbouncer starts")
}

fn configuration(directory: &Path, port: u16, entry: &str) -> String {
    format!(
        "; made for a test\n[databases]\n{entry}\n\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
         unix_socket_dir =\nauth_type = trust\nauth_file = {0}/users.txt\nadmin_users = {ADMINISTRATOR}\n\
         pool_mode = transaction\nserver_login_retry = 1\nmax_client_conn = 200\nlogfile = {0}/log\nignore_startup_parameters = options\n",
        directory.display()
    )
}

fn program() -> PathBuf {
    let found = PROGRAMS.iter().map(PathBuf::from).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("PgBouncer is not installed for the tests; run: scripts/setup"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}
