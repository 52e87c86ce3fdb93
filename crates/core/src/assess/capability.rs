//! What one end lets us do and how much of it, found by trying (design §2.5).
//!
//! Values only: `pg::assess` fills them, the checks beside this file judge them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What came of trying something in a transaction that was rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attempt {
    Allowed,
    /// The server's own words.
    Refused(String),
    /// It was not tried (the end is a standby, or it makes no sense on this side).
    NotTried,
}

impl Attempt {
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed)
    }

    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused(reason) => Some(reason),
            Self::Allowed | Self::NotTried => None,
        }
    }
}

/// `server_version_num`, for example 150018 for 15.18; of client programs too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionNumber(pub u32);

impl VersionNumber {
    pub fn new(major: u32, minor: u32) -> Self {
        Self(major * 10_000 + minor)
    }

    pub fn major(self) -> u32 {
        self.0 / 10_000
    }

    pub fn minor(self) -> u32 {
        self.0 % 10_000
    }
}

impl std::fmt::Display for VersionNumber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.major(), self.minor())
    }
}

/// What is seen of a server beside its settings: what gives away whose service it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformMarks {
    /// Names that it was connected by.
    pub hosts: Vec<String>,
    /// `role x`, `schema x`, `function x`, `extension x`.
    pub objects: BTreeSet<String>,
}

/// A limit of the server and how much of it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    pub limit: i64,
    pub used: i64,
}

impl Budget {
    pub fn free(self) -> i64 {
        self.limit - self.used
    }
}

/// Which cluster and history LSNs belong to; LSNs of two identities are never compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SystemIdentity {
    pub system_identifier: String,
    pub timeline: i32,
}

/// Rights and limits of the role that we connect as.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own that the server states as true or false"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    pub server_version: VersionNumber,
    /// When this instance of the server started, to the microsecond: no two servers share it.
    pub started_at: String,
    pub in_recovery: bool,
    pub role: String,
    pub superuser: bool,
    /// `rolreplication`; what counts is [`Self::replication_connection`].
    pub replication: bool,
    pub bypass_row_security: bool,
    /// Member of `pg_signal_backend` (or superuser).
    pub signal_backend: bool,
    /// May create in schema `public`, where there is one.
    pub creates_in_public: bool,
    pub database: String,
    pub database_oid: u32,
    pub identity: Option<SystemIdentity>,
    pub slots: Budget,
    pub senders: Budget,
    /// Physical standbys that stream from here now.
    pub standbys: i64,
    /// Sessions that this role may still open, after reserved ones and limits of role and database.
    pub free_connections: i64,
    /// A replication connection to the database itself.
    pub replication_connection: Attempt,
    /// `SET session_replication_role = replica`.
    pub replica_role: Attempt,
    pub create_schema: Attempt,
    /// `CREATE PUBLICATION` for some of the selected tables.
    pub create_publication: Attempt,
    pub create_event_trigger: Attempt,
    /// `pg_settings.setting` (in the setting's own unit) of the settings that a check asks for.
    pub settings: BTreeMap<String, String>,
    /// What gives away whose service it is.
    pub marks: PlatformMarks,
}

impl Capabilities {
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// An integer setting; `None` where this version does not have it.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.setting(name)?.parse().ok()
    }

    /// Locks that fit into the shared lock table (manual, `max_locks_per_transaction`).
    pub fn lock_capacity(&self) -> Option<i64> {
        let sessions = self.number("max_connections")? + self.number("max_prepared_transactions")?;
        Some(self.number("max_locks_per_transaction")? * sessions)
    }
}
