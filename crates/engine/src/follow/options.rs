//! What an operator may set about following, and what holds where he does not.

use std::{env, path::PathBuf};

pub use transhume_core::guard::schema::{CarryOver, SchemaChanges};
use transhume_core::{follow::error_policy::ErrorPolicy, guard::wal_retention::WalAction};

/// The source keeps more than this on its own disk, as it does where nothing is taken before its commit: a temporary
/// directory may be small, or lie in memory.
const LIMIT_BYTES: u64 = 1 << 30;
/// What is smaller is written within a tenth of a second at its commit: not worth a session of its own.
const EARLY_FROM_BYTES: u64 = 8 << 20;
/// What a run does while the source is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowOptions {
    pub wal: WalPolicy,
    /// Changes of the schema that are brought to the target without asking.
    pub carry_over: Vec<CarryOver>,
    /// What becomes of statements that alter the source's schema.
    pub schema_changes: SchemaChanges,
    /// What becomes of changes that the target refuses.
    pub on_error: ErrorPolicy,
    /// Where transactions in progress wait for their commit.
    pub spill: SpillOptions,
}

impl Default for FollowOptions {
    /// Labels and null columns alter no row and mean the same on both sides, and a partition that stays behind
    /// is found by nobody until its rows are missed.
    fn default() -> Self {
        Self {
            wal: WalPolicy::default(),
            carry_over: CarryOver::ALL.to_vec(),
            schema_changes: SchemaChanges::default(),
            on_error: ErrorPolicy::default(),
            spill: SpillOptions::default(),
        }
    }
}

/// What the slot may keep on the source, and what to do before it is too much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WalPolicy {
    /// Beside the server's own limit.
    pub budget_bytes: Option<u64>,
    pub action: WalAction,
}

/// Where transactions in progress are kept, and how much of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpillOptions {
    pub directory: PathBuf,
    /// 0: none are asked for.
    pub limit_bytes: u64,
    /// A transaction that has grown to this is written to the target before its commit; 0: none is.
    pub early_from_bytes: u64,
}

impl Default for SpillOptions {
    fn default() -> Self {
        Self {
            directory: env::temp_dir(),
            limit_bytes: LIMIT_BYTES,
            early_from_bytes: EARLY_FROM_BYTES,
        }
    }
}
