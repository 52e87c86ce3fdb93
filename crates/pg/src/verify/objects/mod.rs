//! What a database consists of besides rows, as the objects that core compares.
//!
//! A dozen set-based queries in one transaction of its own, whatever the number of tables. They run on
//! every version from 12 to 18 and print names alike on all of them; where definitions are printed differently,
//! `twins` says what they mean. Reads only.

mod doubtful;
mod materialized;
mod twins;

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use tokio_postgres::Row;
use transhume_core::{
    schema::reserved_options::without_reserved_options,
    sqlstate,
    verify::objects::{Object, ObjectKind},
};
use transhume_wire::ident::QualifiedName;

pub use self::{
    doubtful::{Doubtful, MOST_COUNTED, count_against, doubtful_constraints},
    materialized::{Contents, contents},
    twins::reprinted,
};
use crate::{
    catalog::qualified_name,
    connection::{error::PgError, session::Session},
};

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
const DROPPED_MEANWHILE: [&str; 4] = [
    sqlstate::INTERNAL_ERROR,
    sqlstate::UNDEFINED_TABLE,
    sqlstate::UNDEFINED_OBJECT,
    sqlstate::UNDEFINED_FUNCTION,
];

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

/// Views, rules and functions printed in one transaction: each keeps every relation that it reads locked
/// until then, and the servers' lock tables hold some thousands.
const TEXTS_AT_ONCE: usize = 50;

/// Who reads all tables of this server through a predefined role, and who writes them, as privileges name grantees.
pub async fn of_all_tables(session: &Session) -> Result<[HashSet<String>; 2], PgError> {
    let [mut readers, mut writers] = [HashSet::new(), HashSet::new()];
    for row in session.query(include_str!("sql/of_all_tables.sql"), &[]).await? {
        let grantee: String = row.try_get("grantee")?;
        if row.try_get("writes")? {
            writers.insert(grantee.clone());
        }
        if row.try_get("reads")? {
            readers.insert(grantee);
        }
    }
    Ok([readers, writers])
}

/// All objects. `other_major` is the version of the server that they will be compared with.
pub async fn objects(session: &Session, other_major: u32) -> Result<Vec<Object>, PgError> {
    for attempt in 1.. {
        match read(session, other_major).await {
            Err(error)
                if attempt < ATTEMPTS
                    && error
                        .sqlstate()
                        .is_some_and(|state| DROPPED_MEANWHILE.contains(&state)) =>
            {
                roll_back(session).await?;
            }
            outcome => return outcome,
        }
    }
    unreachable!("the last attempt returns")
}

async fn read(session: &Session, other_major: u32) -> Result<Vec<Object>, PgError> {
    let major = session.server_version().major();
    let has_maintain = major.min(other_major) >= MAINTAIN_SINCE;
    begin(session).await?;
    let mut found = Found::default();
    found.add_definitions(session).await?;
    found.add_traits(session, has_maintain).await?;
    roll_back(session).await?;
    found.add_texts(session).await?;
    Ok(found.objects)
}

/// Objects, and where each is among them.
#[derive(Default)]
struct Found {
    objects: Vec<Object>,
    places: HashMap<Address, usize>,
}

impl Found {
    async fn add_definitions(&mut self, session: &Session) -> Result<(), PgError> {
        for query in DEFINITIONS {
            for row in session.query(query, &[]).await? {
                self.places.insert(address(&row)?, self.objects.len());
                self.objects.push(object(&row)?);
            }
        }
        Ok(())
    }

    async fn add_traits(&mut self, session: &Session, has_maintain: bool) -> Result<(), PgError> {
        let defaults = include_str!("sql/default_privileges.sql");
        for row in session.query(defaults, &[&has_maintain]).await? {
            self.objects.push(object(&row)?);
        }
        for row in session.query(include_str!("sql/comments.sql"), &[]).await? {
            if let Some(place) = self.places.get(&address(&row)?) {
                self.objects[*place].comment = row.try_get("text")?;
            }
        }
        let privileges = include_str!("sql/privileges.sql");
        for row in session.query(privileges, &[&has_maintain]).await? {
            if let Some(place) = self.places.get(&address(&row)?) {
                self.objects[*place].privileges = row.try_get("text")?;
            }
        }
        Ok(())
    }

    async fn add_texts(&mut self, session: &Session) -> Result<(), PgError> {
        let printed: Vec<(u32, u32)> = self
            .places
            .iter()
            .filter(|(_, place)| is_printed(&self.objects[**place]))
            .map(|((class, oid, _), _)| (*class, *oid))
            .collect();
        for group in printed.chunks(TEXTS_AT_ONCE) {
            let (classes, oids): (Vec<u32>, Vec<u32>) = group.iter().copied().unzip();
            begin(session).await?;
            let rows = session
                .query(include_str!("sql/texts.sql"), &[&classes, &oids])
                .await?;
            roll_back(session).await?;
            for row in &rows {
                let address = (row.try_get("class")?, row.try_get("object")?, 0);
                if let Some(place) = self.places.get(&address) {
                    self.objects[*place].text = row.try_get("text")?;
                }
            }
        }
        Ok(())
    }
}

/// Its text is told apart from its definition.
fn is_printed(object: &Object) -> bool {
    match object.kind {
        ObjectKind::View | ObjectKind::MaterializedView | ObjectKind::Rule => true,
        ObjectKind::Function | ObjectKind::Procedure => !object.definition.contains("\"definition\":"),
        _ => false,
    }
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
    let kind = ObjectKind::of(row.try_get("kind")?);
    let traits: String = row.try_get("traits")?;
    Ok(Object {
        definition: match kind {
            ObjectKind::Index | ObjectKind::Constraint => without_reserved(traits),
            _ => traits,
        },
        kind,
        name: row.try_get("name")?,
        schema: row.try_get("schema_name")?,
        relation,
        comment: None,
        text: None,
        privileges: None,
    })
}

/// A definition that the server prints with the options of an index, without those that it keeps for itself.
fn without_reserved(traits: String) -> String {
    let Ok(mut known) = serde_json::from_str::<serde_json::Map<_, _>>(&traits) else {
        return traits;
    };
    let Some(serde_json::Value::String(definition)) = known.get_mut("definition") else {
        return traits;
    };
    match without_reserved_options(definition) {
        Cow::Borrowed(_) => traits,
        Cow::Owned(kept) => {
            *definition = kept;
            serde_json::Value::Object(known).to_string()
        }
    }
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
    rows.iter().map(|row| qualified_name(row, "table_name")).collect()
}
