//! Which database a connection must have reached, wherever its host name leads now: compared at every connect.
//!
//! Settings are pinned once, when both ends of a migration have been compared with what it recorded; all their copies are
//! pinned with them. A fail-over, a changed name or a proxy that leads elsewhere is met by whoever connects next, and
//! nothing is asked of the wrong server.

use std::sync::{Arc, OnceLock};

/// A database that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// None where the server does not say.
    pub system: Option<String>,
    pub database_oid: u32,
    pub database: String,
}

impl Identity {
    /// As far as both are known.
    pub fn is_same(&self, other: &Self) -> bool {
        let same_system = match (&self.system, &other.system) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        same_system && self.database_oid == other.database_oid && self.database == other.database
    }

    /// For people.
    pub fn in_words(&self) -> String {
        let (name, oid) = (self.database.escape_debug(), self.database_oid);
        match &self.system {
            Some(system) => format!("the database {name} (OID {oid}) of system {system}"),
            None => format!("the database {name} (OID {oid})"),
        }
    }
}

/// What all copies of some settings must reach; nothing until it is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pin(Arc<OnceLock<Pinned>>);

#[derive(Debug)]
struct Pinned {
    side: &'static str,
    identity: Identity,
}

impl Pin {
    /// False where it is pinned to another database already.
    pub(super) fn set(&self, side: &'static str, identity: &Identity) -> bool {
        let pinned = self.0.get_or_init(|| Pinned {
            side,
            identity: identity.clone(),
        });
        pinned.identity.is_same(identity)
    }

    /// The side that is pinned, and what must be reached there; none where nothing is known yet.
    pub(super) fn wanted(&self) -> Option<(&'static str, &Identity)> {
        self.0.get().map(|pinned| (pinned.side, &pinned.identity))
    }
}
