//! What is looked at before a cutover, as values.

use std::time::Duration;

use super::judge::span;
use crate::{
    assess::observation::{PreparedTransaction, Subscription},
    finding::Finding,
    load::RelationState,
    roles::LoginFault,
    sides::Sides,
    verify::objects::LastVerification,
};

/// How much of each the operator bears.
#[derive(Debug, Clone)]
pub struct Limits {
    pub lag_bytes: u64,
    /// None: a verification is not asked for.
    pub verified_within: Option<Duration>,
    /// A transaction that has held a lock in the fence's way for longer will hardly end in time.
    pub transaction_age: Duration,
}

/// Both sides at one moment.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    pub runner: Runner,
    pub lag_bytes: u64,
    pub verification: Option<LastVerification>,
    /// Findings that nobody has resolved.
    pub findings: Vec<Finding>,
    /// How the definitions of the two sides differ now, as far as somebody must act upon it.
    pub differing: Vec<Finding>,
    /// Tables that are not as the last verification saw them.
    pub altered_since_verified: Vec<String>,
    /// Tables that are not loaded.
    pub tables: Vec<(String, RelationState)>,
    /// Tables of the selection that appeared on the source after the migration began.
    pub new_tables: Vec<String>,
    pub tables_selected: usize,
    /// Changes that were stored instead of being applied.
    pub exceptions: u64,
    /// Builds that are still to be done and are not held until the cutover.
    pub open_builds: Vec<String>,
    /// Indexes and constraints of the target that exist but are not valid.
    pub invalid: Vec<String>,
    /// What is not as the migration left it.
    pub changed_deviations: Vec<String>,
    /// Sequences that the target's role may not set, or that are missing there.
    pub unsettable_sequences: Vec<String>,
    pub sequences_selected: usize,
    /// Of the database that is migrated.
    pub prepared: Vec<PreparedTransaction>,
    pub locks: Vec<BlockingLock>,
    /// Of the side that is to be closed.
    pub subscriptions: Vec<Subscription>,
    pub free_connections: Sides<u32>,
    pub logins: Vec<LoginFault>,
    pub fence: FenceRights,
}

/// Who applies what the source commits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Runner {
    /// Nobody: a cutover follows inside its own process.
    #[default]
    None,
    /// Of this machine; empty, or what it waits for.
    Alive { host: String, waiting_for: String },
    /// The last one stopped, and nobody has gone on since.
    Stopped(Finding),
}

/// A lock that the fence would wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockingLock {
    pub pid: i32,
    /// Empty for a background process.
    pub user: String,
    pub application: String,
    pub table: String,
    pub age: Duration,
    /// The server itself cleans up there.
    pub is_autovacuum: bool,
}

impl BlockingLock {
    pub fn description(&self) -> String {
        let who = if self.is_autovacuum {
            "autovacuum".to_owned()
        } else {
            format!("{} {}", self.user, self.application).trim().to_owned()
        };
        let (pid, table, age) = (self.pid, &self.table, span(self.age));
        format!("pid {pid} ({who}) has held {table} for {age}")
    }
}

/// Which doors of the fence this role can shut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FenceRights {
    /// Tables that the source's role may not lock: writers would pass.
    pub unlockable: Vec<String>,
    /// Tables and sequences whose grants it may not take away.
    pub unowned: Vec<String>,
    pub owns_database: bool,
    pub ends_sessions: bool,
    /// Superusers with a session on the database now.
    pub superusers: Vec<String>,
    /// Locks that one transaction is sure to get, and how many the fence takes.
    pub locks_free: u64,
    pub locks_needed: u64,
}
