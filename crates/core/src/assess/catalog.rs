//! Who we are on an end and what of ours is there, as rows of the catalogs' answers tell it, from a server or from a file.
//!
//! Values only, as [`crate::table::catalog`] has them for tables. Refuses to try anything.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    capability::{Attempt, Budget, Capabilities, PlatformMarks, VersionNumber},
    observation::{OurObjects, OurPublication, OurSlot},
};
use crate::table::catalog::oid;

/// The columns of `facts.sql`.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct FactsRow {
    pub server_version: u32,
    pub started_at: String,
    pub in_recovery: bool,
    pub role: String,
    pub superuser: bool,
    pub replication: bool,
    pub bypass_row_security: bool,
    pub signal_backend: bool,
    pub creates_in_public: bool,
    pub database_name: String,
    #[serde(deserialize_with = "oid")]
    pub database_oid: u32,
    pub slots_used: i64,
    pub slots: i64,
    pub senders_used: i64,
    pub senders: i64,
    pub standbys: i64,
    pub marks: Vec<String>,
    pub free_connections: i64,
}

impl FactsRow {
    /// Nothing was tried.
    pub fn capabilities(self) -> Capabilities {
        Capabilities {
            server_version: VersionNumber(self.server_version),
            started_at: self.started_at,
            in_recovery: self.in_recovery,
            role: self.role,
            superuser: self.superuser,
            replication: self.replication,
            bypass_row_security: self.bypass_row_security,
            signal_backend: self.signal_backend,
            creates_in_public: self.creates_in_public,
            database: self.database_name,
            database_oid: self.database_oid,
            identity: None,
            slots: Budget {
                limit: self.slots,
                used: self.slots_used,
            },
            senders: Budget {
                limit: self.senders,
                used: self.senders_used,
            },
            standbys: self.standbys,
            free_connections: self.free_connections,
            replication_connection: Attempt::NotTried,
            replica_role: Attempt::NotTried,
            create_schema: Attempt::NotTried,
            create_publication: Attempt::NotTried,
            create_event_trigger: Attempt::NotTried,
            settings: BTreeMap::new(),
            marks: PlatformMarks {
                hosts: Vec::new(),
                objects: self.marks.into_iter().collect(),
            },
        }
    }
}

/// The columns of `our_objects.sql`.
#[derive(Debug, Clone, Deserialize)]
pub struct OurRow {
    pub kind: String,
    pub name: String,
    pub active: bool,
    pub database: String,
    pub owner: String,
    pub retained_bytes: Option<i64>,
    pub age: Option<i64>,
}

impl OurRow {
    pub fn add_to(self, ours: &mut OurObjects) {
        match self.kind.as_str() {
            "slot" => ours.slots.push(OurSlot {
                name: self.name,
                database: self.database,
                active: self.active,
                retained_bytes: self.retained_bytes,
                age: self.age,
            }),
            "schema" => ours.schema_owner = Some(self.owner),
            _ => ours.publications.push(OurPublication {
                name: self.name,
                owner: self.owner,
                age: self.age.unwrap_or_default(),
            }),
        }
    }
}
