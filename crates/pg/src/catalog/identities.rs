//! Objects as PostgreSQL itself identifies them: `function shop.f(integer)`, `policy p on shop.t`.

use std::collections::HashMap;

use tokio_postgres::Client;
use transhume_core::schema::archive::{CatalogObject, Entry};

use crate::connection::error::PgError;

/// Of all entries that are objects; what is gone meanwhile has none.
pub async fn identities(
    source: &Client,
    entries: &[&Entry],
) -> Result<HashMap<CatalogObject, String>, PgError> {
    let objects = entries.iter().map(|entry| entry.object);
    let (classes, oids): (Vec<u32>, Vec<u32>) = objects
        .filter(|object| object.class != 0)
        .map(|object| (object.class, object.oid))
        .unzip();
    let rows = source
        .query(include_str!("sql/identities.sql"), &[&classes, &oids])
        .await?;
    rows.iter()
        .map(|row| {
            let object = CatalogObject {
                class: row.try_get("class")?,
                oid: row.try_get("object")?,
            };
            Ok((object, row.try_get("identity")?))
        })
        .collect()
}
