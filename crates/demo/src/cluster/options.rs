//! What a disposable server is like: its programs, settings and way to log in.

use std::path::{Path, PathBuf};

/// How clients prove who they are.
#[derive(Clone, Default)]
pub enum Authentication {
    #[default]
    Trust,
    Scram {
        password: String,
    },
}

impl std::fmt::Debug for Authentication {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Trust => "Trust",
            Self::Scram { .. } => "Scram",
        })
    }
}

#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The directory that holds `initdb` and `postgres`.
    pub binaries: PathBuf,
    /// Server settings; they win over the ones that this module sets.
    pub settings: Vec<(String, String)>,
    /// Where the server's directory is made; the system's temporary directory where not given. Its path must be
    /// short: that of a socket ends at 107 bytes.
    pub parent: Option<PathBuf>,
    pub authentication: Authentication,
    pub initdb_arguments: Vec<String>,
    /// Keeps the terminal's Ctrl-C from the server, so that a program can end it in its own time.
    pub own_process_group: bool,
}

impl ClusterOptions {
    pub fn new(binaries: impl Into<PathBuf>) -> Self {
        Self {
            binaries: binaries.into(),
            settings: Vec::new(),
            parent: None,
            authentication: Authentication::Trust,
            initdb_arguments: vec!["--encoding=UTF8".into(), "--locale=C".into()],
            own_process_group: false,
        }
    }

    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The text of the server's configuration file. The last line of a name wins.
    pub(super) fn configuration(&self, port: u16, socket: &Path) -> String {
        let mut text = format!("port = {port}\n");
        text += &setting_line("unix_socket_directories", &socket.to_string_lossy());
        let given = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        text.extend(
            DEFAULT_SETTINGS
                .into_iter()
                .chain(given)
                .map(|(name, value)| setting_line(name, value)),
        );
        text
    }
}

/// Small and quick, and ready to be either end of a migration.
const DEFAULT_SETTINGS: [(&str, &str); 14] = [
    ("listen_addresses", "127.0.0.1"),
    ("wal_level", "logical"),
    ("max_wal_senders", "20"),
    ("max_replication_slots", "20"),
    ("max_prepared_transactions", "10"),
    ("max_connections", "100"),
    ("shared_buffers", "16MB"),
    ("dynamic_shared_memory_type", "posix"),
    ("fsync", "off"),
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_line_prefix", "%m [%p] %a "),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
];

fn setting_line(name: &str, value: &str) -> String {
    format!("{name} = '{}'\n", value.replace('\'', "''"))
}
