//! The roles that large objects name, and what the target's session may do for them.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use tokio_postgres::Client;

use super::{LargeObject, unreadable};
use crate::connection::{error::PgError, raw::RawConnection};

/// What a target knows of some roles.
#[derive(Debug, Clone, Deserialize)]
pub struct Roles {
    /// The session's own.
    pub own: String,
    /// Those that exist; true where objects can be given to them and still be worked on.
    pub usable: HashMap<String, bool>,
}

impl Roles {
    pub fn exists(&self, role: &str) -> bool {
        self.usable.contains_key(role)
    }

    pub fn can_own(&self, role: &str) -> bool {
        self.usable.get(role).copied().unwrap_or_default()
    }
}

/// A role on the source that owns large objects or holds grants on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedRole {
    pub name: String,
    pub is_owner: bool,
    pub objects: i64,
}

pub async fn used_roles(source: &Client) -> Result<Vec<UsedRole>, PgError> {
    let rows = source.query(include_str!("sql/used_roles.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(UsedRole {
                name: row.try_get("name")?,
                is_owner: row.try_get::<_, &str>("part")? == "owner",
                objects: row.try_get("objects")?,
            })
        })
        .collect()
}

pub async fn roles(target: &mut RawConnection, names: &BTreeSet<String>) -> Result<Roles, PgError> {
    let names = serde_json::to_string(names).expect("invariant: a set of strings becomes JSON");
    let rows = target
        .query(include_str!("sql/roles.sql"), &[Some(&names)])
        .await?;
    let text = rows.first().and_then(|row| row.first()?.as_deref());
    serde_json::from_str(text.unwrap_or_default()).map_err(|error| unreadable(&error.to_string()))
}

/// All roles that these objects name.
pub(super) fn named(objects: &[LargeObject]) -> BTreeSet<String> {
    objects.iter().flat_map(LargeObject::roles).cloned().collect()
}
