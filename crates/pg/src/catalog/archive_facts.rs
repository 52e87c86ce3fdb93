//! What the source's catalogs say of the objects in a schema archive.

use tokio_postgres::{Client, IsolationLevel, Row};
use transhume_core::schema::archive::{CatalogObject, Entry, Fact, Facts};
use transhume_wire::ident::QualifiedName;

use crate::connection::{error::PgError, snapshot::set_snapshot};

/// Catalogs of constraints and of extensions.
const CONSTRAINT: u32 = 2606;
const EXTENSION: u32 = 3079;

/// Keys whose index takes an operator class of an extension, with that extension.
pub async fn keys_over_extensions(source: &Client) -> Result<Vec<(CatalogObject, CatalogObject)>, PgError> {
    let rows = source
        .query(include_str!("sql/keys_over_extensions.sql"), &[])
        .await?;
    let object = |class: u32, oid: u32| CatalogObject { class, oid };
    rows.iter()
        .map(|row| {
            Ok((
                object(CONSTRAINT, row.try_get("key")?),
                object(EXTENSION, row.try_get("extension")?),
            ))
        })
        .collect()
}

/// One query for all entries, under the snapshot that the archive was taken under.
pub async fn archive_facts(source: &mut Client, snapshot: &str, entries: &[Entry]) -> Result<Facts, PgError> {
    let objects: Vec<CatalogObject> = entries
        .iter()
        .map(|entry| entry.object)
        .filter(|object| object.class != 0)
        .collect();
    let classes: Vec<u32> = objects.iter().map(|object| object.class).collect();
    let oids: Vec<u32> = objects.iter().map(|object| object.oid).collect();
    let transaction = source
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    transaction.batch_execute(&set_snapshot(snapshot)).await?;
    let rows = transaction
        .query(include_str!("sql/archive_facts.sql"), &[&classes, &oids])
        .await?;
    transaction.rollback().await?;
    rows.iter().map(fact).collect()
}

fn fact(row: &Row) -> Result<(CatalogObject, Fact), PgError> {
    let object = CatalogObject {
        class: row.try_get("class")?,
        oid: row.try_get("object")?,
    };
    let name = |schema: &str, name: &str| -> Result<Option<QualifiedName>, PgError> {
        let schema: Option<String> = row.try_get(schema)?;
        let name: Option<String> = row.try_get(name)?;
        Ok(schema
            .zip(name)
            .map(|(schema, name)| QualifiedName { schema, name }))
    };
    Ok((
        object,
        Fact {
            schema: row.try_get("schema_name")?,
            relation: name("relation_schema", "relation_name")?,
            free_sequence: row.try_get("free_sequence")?,
            view: row.try_get("is_view")?,
            partition: row.try_get("is_partition")?,
            refers_to: name("refers_to_schema", "refers_to_name")?,
            view_rule: row.try_get("is_view_rule")?,
            key: row.try_get("is_key")?,
            extension: row.try_get("extension")?,
        },
    ))
}
