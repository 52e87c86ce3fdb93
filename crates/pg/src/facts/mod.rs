//! What a database consists of besides rows, as the objects that core compares.
//!
//! A dozen set-based queries in one transaction of its own, whatever the number of tables. They run on
//! every version from 12 to 18 and print names and definitions alike on all of them; what versions do
//! print differently is under a trait of its own. Reads only.

mod doubtful;
mod materialized;

use std::collections::{HashMap, HashSet};

use tokio_postgres::Row;
use transhume_core::agreement::{Kind, Object};
use transhume_wire::ident::QualifiedName;

pub use self::{
    doubtful::{Doubtful, MOST_COUNTED, count_against, doubtful_constraints},
    materialized::{Contents, contents},
};
use crate::{error::PgError, session::Session};

const DEFINITIONS: [&str; 9] = [
    include_str!("sql/kinds.sql"),
    include_str!("sql/relations.sql"),
    include_str!("sql/columns.sql"),
    include_str!("sql/indexes.sql"),
    include_str!("sql/constraints.sql"),
    include_str!("sql/members.sql"),
    include_str!("sql/sequences.sql"),
    include_str!("sql/routines.sql"),
    include_str!("sql/rarer.sql"),
];

/// The first major version that has the privilege MAINTAIN.
const MAINTAIN_SINCE: u32 = 17;

/// Definitions that are not there any more although the snapshot shows them: something was dropped
/// just now. (`XX000`: cache lookup failed; `42P01`, `42704`, `42883`: does not exist.)
const DROPPED_MEANWHILE: [&str; 4] = ["XX000", "42P01", "42704", "42883"];

/// How often reading is tried while objects are dropped meanwhile.
const ATTEMPTS: usize = 5;

/// Catalog, OID and column: what comments and privileges say they are on.
type Address = (u32, u32, i16);

/// Begins the transaction that everything here runs in.
pub async fn begin(session: &Session) -> Result<(), PgError> {
    Ok(session.batch_execute(include_str!("sql/begin.sql")).await?)
}

pub async fn roll_back(session: &Session) -> Result<(), PgError> {
    Ok(session.batch_execute("rollback").await?)
}

/// All objects. `other_major` is the version of the server that they will be compared with.
pub async fn objects(session: &Session, other_major: u32) -> Result<Vec<Object>, PgError> {
    let has_maintain = session.server_version().major().min(other_major) >= MAINTAIN_SINCE;
    for attempt in 1.. {
        begin(session).await?;
        let outcome = read(session, has_maintain).await;
        roll_back(session).await?;
        match outcome {
            Err(error)
                if attempt < ATTEMPTS
                    && error
                        .sqlstate()
                        .is_some_and(|state| DROPPED_MEANWHILE.contains(&state)) => {}
            outcome => return outcome,
        }
    }
    unreachable!("the last attempt returns")
}

async fn read(session: &Session, has_maintain: bool) -> Result<Vec<Object>, PgError> {
    let mut objects = Vec::new();
    let mut places: HashMap<Address, usize> = HashMap::new();
    for query in DEFINITIONS {
        for row in session.query(query, &[]).await? {
            places.insert(address(&row)?, objects.len());
            objects.push(object(&row)?);
        }
    }
    let defaults = session
        .query(include_str!("sql/default_privileges.sql"), &[&has_maintain])
        .await?;
    for row in &defaults {
        objects.push(object(row)?);
    }
    for row in session.query(include_str!("sql/comments.sql"), &[]).await? {
        if let Some(place) = places.get(&address(&row)?) {
            objects[*place].comment = row.try_get("text")?;
        }
    }
    let privileges = session
        .query(include_str!("sql/privileges.sql"), &[&has_maintain])
        .await?;
    for row in &privileges {
        if let Some(place) = places.get(&address(row)?) {
            objects[*place].privileges = row.try_get("text")?;
        }
    }
    Ok(objects)
}

fn address(row: &Row) -> Result<Address, PgError> {
    Ok((
        row.try_get("class")?,
        row.try_get("object")?,
        row.try_get("part")?,
    ))
}

fn object(row: &Row) -> Result<Object, PgError> {
    let relation: Option<String> = row.try_get("relation_name")?;
    let relation = match relation {
        Some(name) => Some(QualifiedName::new(
            row.try_get::<_, String>("relation_schema")?,
            name,
        )),
        None => None,
    };
    Ok(Object {
        kind: Kind::of(row.try_get("kind")?),
        name: row.try_get("name")?,
        schema: row.try_get("schema_name")?,
        relation,
        definition: row.try_get("traits")?,
        comment: None,
        privileges: None,
    })
}

/// Names of all roles.
pub async fn roles(session: &Session) -> Result<HashSet<String>, PgError> {
    let rows = session.query(include_str!("sql/roles.sql"), &[]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Tables with rows that were never analysed.
pub async fn without_statistics(session: &Session) -> Result<Vec<QualifiedName>, PgError> {
    let rows = session
        .query(include_str!("sql/without_statistics.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(QualifiedName::new(
                row.try_get::<_, String>("schema_name")?,
                row.try_get::<_, String>("table_name")?,
            ))
        })
        .collect()
}
