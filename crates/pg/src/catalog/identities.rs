//! Objects as PostgreSQL itself identifies them: `function shop.f(integer)`, `policy p on shop.t`.

use std::collections::HashMap;

use tokio_postgres::Client;
use transhume_core::schema::archive::{CatalogObject, Entry};

use crate::connection::error::PgError;

/// Catalog of foreign servers.
const FOREIGN_SERVER: u32 = 1417;

/// What the entries of an archive are called, by dump id; what is no object of its own has no name.
pub async fn identities(source: &Client, entries: &[&Entry]) -> Result<HashMap<i32, String>, PgError> {
    let objects = entries.iter().map(|entry| entry.object);
    let (classes, oids): (Vec<u32>, Vec<u32>) = objects
        .filter(|object| object.class != 0)
        .map(|object| (object.class, object.oid))
        .unzip();
    let rows = source
        .query(include_str!("sql/identities.sql"), &[&classes, &oids])
        .await?;
    let mut found = HashMap::new();
    for row in rows {
        let object = CatalogObject {
            class: row.try_get("class")?,
            oid: row.try_get("object")?,
        };
        found.insert(object, row.try_get::<_, String>("identity")?);
    }
    let mappings = user_mappings(source, entries).await?;
    Ok(entries
        .iter()
        .filter_map(|entry| {
            let identity = found.get(&entry.object).or_else(|| {
                let mapping = mappings.get(&entry.description);
                mapping.map(|mapping| &mapping.identity)
            });
            Some((entry.dump_id, identity?.clone()))
        })
        .collect())
}

/// A user mapping, which pg_dump writes as no object of its own and as needing nothing.
#[derive(Debug, Clone)]
pub struct UserMapping {
    pub identity: String,
    pub server: CatalogObject,
}

/// By the description of their entries.
pub async fn user_mappings(
    source: &Client,
    entries: &[&Entry],
) -> Result<HashMap<String, UserMapping>, PgError> {
    if !entries.iter().any(|entry| is_user_mapping(entry)) {
        return Ok(HashMap::new());
    }
    let rows = source.query(include_str!("sql/user_mappings.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            let mapping = UserMapping {
                identity: row.try_get("identity")?,
                server: CatalogObject {
                    class: FOREIGN_SERVER,
                    oid: row.try_get("server")?,
                },
            };
            Ok((row.try_get("description")?, mapping))
        })
        .collect()
}

fn is_user_mapping(entry: &Entry) -> bool {
    entry.object.class == 0 && entry.description.starts_with("USER MAPPING ")
}

/// Which of these objects of the source the target has too, by dump id.
pub async fn on_target(source: &Client, target: &Client, entries: &[&Entry]) -> Result<Vec<i32>, PgError> {
    let mut found = Vec::new();
    for entry in entries.iter().filter(|entry| entry.object.class != 0) {
        let object = entry.object;
        let rows = source
            .query(include_str!("sql/address.sql"), &[&object.class, &object.oid])
            .await?;
        let Some(row) = rows.first() else { continue };
        let kind: String = row.try_get("kind")?;
        let names: Vec<String> = row.try_get("names")?;
        let arguments: Vec<String> = row.try_get("arguments")?;
        let there = target
            .query(include_str!("sql/at_address.sql"), &[&kind, &names, &arguments])
            .await;
        match there.map_err(PgError::from) {
            Ok(_) => found.push(entry.dump_id),
            // It does not exist, or something in its name does not.
            Err(error) if error.refusal().is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
