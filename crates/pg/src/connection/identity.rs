//! Which database a connection must have reached, wherever its host name leads now: compared at every connect.
//!
//! Settings are pinned once, when both ends of a migration have been compared with what it recorded; all their copies are
//! pinned with them. A fail-over, a changed name or a proxy that leads elsewhere is met by whoever connects next, and
//! nothing is asked of the wrong server.

use std::sync::{Arc, OnceLock};

use super::{
    error::PgError,
    raw::{Mode, RawConnection},
};

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
    pub fn told(&self) -> String {
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
    pub(super) fn set(&self, side: &'static str, identity: Identity) -> bool {
        let pinned = self.0.get_or_init(|| Pinned {
            side,
            identity: identity.clone(),
        });
        pinned.identity.is_same(&identity)
    }

    pub(super) async fn verify(&self, connection: &mut RawConnection, mode: Mode) -> Result<(), PgError> {
        let Some(Pinned { side, identity }) = self.0.get() else {
            return Ok(());
        };
        let found = found(connection, mode, identity.system.is_some()).await?;
        if identity.is_same(&found) {
            return Ok(());
        }
        Err(PgError::Elsewhere {
            side: (*side).to_owned(),
            endpoint: connection.endpoint().to_owned(),
            detail: format!("It is {} instead of {}.", found.told(), identity.told()),
        })
    }
}

async fn found(connection: &mut RawConnection, mode: Mode, asks_system: bool) -> Result<Identity, PgError> {
    let rows = connection
        .simple_query(include_str!("sql/database_identity.sql"))
        .await?;
    let mut row = rows.into_iter().next().unwrap_or_default().into_iter();
    let (oid, name, may_ask) = (row.next().flatten(), row.next().flatten(), row.next().flatten());
    let unreadable = || PgError::Protocol {
        endpoint: connection.endpoint().to_owned(),
        reason: "it does not say which database this is".to_owned(),
    };
    let (oid, name) = oid.zip(name).ok_or_else(unreadable)?;
    let database_oid = oid.parse().map_err(|_| unreadable())?;
    let system = match (asks_system, may_ask.as_deref()) {
        (false, _) => None,
        (true, Some("t")) => value(connection, include_str!("sql/system_identifier.sql")).await?,
        (true, _) if mode == Mode::Replication => value(connection, "IDENTIFY_SYSTEM").await?,
        (true, _) => None,
    };
    Ok(Identity {
        system,
        database_oid,
        database: name,
    })
}

async fn value(connection: &mut RawConnection, query: &str) -> Result<Option<String>, PgError> {
    let rows = connection.simple_query(query).await?;
    Ok(rows
        .into_iter()
        .next()
        .and_then(|row| row.into_iter().next())
        .flatten())
}
