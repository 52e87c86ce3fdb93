//! The databases of a whole server, for whoever moves all of them.
//!
//! Looks into each. One that cannot be entered, or holds nothing of its users, is named with the reason: nothing is left out silently.

use transhume_core::count::counted;
use transhume_pg::{
    catalog::instance,
    connection::{conninfo::ConnectionSettings, names, session::Session},
};

use crate::error::{Doing, Result};

/// Role of our sessions, as in `application_name`.
const ROLE: &str = "init";

/// One database of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceDatabase {
    pub name: String,
    /// What it holds, in words.
    pub content: String,
    /// It can be entered and holds something to move.
    pub is_to_move: bool,
}

/// All that are no templates, by name.
pub async fn databases(settings: &ConnectionSettings) -> Result<Vec<InstanceDatabase>> {
    let session = Session::connect(settings, &names::application_name(ROLE, ROLE))
        .await
        .doing("connecting to the source")?;
    let listed = instance::databases(&session)
        .await
        .doing("reading the list of databases")?;
    let mut found = Vec::with_capacity(listed.len());
    for database in listed {
        found.push(if database.may_connect {
            entered(settings, database.name).await
        } else {
            InstanceDatabase {
                content: format!("{} may not connect to it", settings.user()),
                name: database.name,
                is_to_move: false,
            }
        });
    }
    Ok(found)
}

/// A server may refuse at its door what its catalogs allow: that is said of this database and ends nothing.
async fn entered(settings: &ConnectionSettings, name: String) -> InstanceDatabase {
    match relations(&settings.with_database(&name)).await {
        Ok(relations) => InstanceDatabase {
            name,
            content: counted(relations, "relation"),
            is_to_move: relations > 0,
        },
        Err(error) => InstanceDatabase {
            name,
            content: error.to_string().lines().collect::<Vec<_>>().join(" "),
            is_to_move: false,
        },
    }
}

async fn relations(settings: &ConnectionSettings) -> Result<u64> {
    let session = Session::connect(settings, &names::application_name(ROLE, ROLE))
        .await
        .doing("connecting to it")?;
    let relations = instance::own_relations(&session)
        .await
        .doing("counting what it holds")?;
    session.close().await;
    Ok(relations.unsigned_abs())
}
