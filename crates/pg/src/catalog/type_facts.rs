//! Types that the columns of user tables reach, for the choice between text and binary COPY.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Row};
use transhume_core::load::format::{TypeFacts, TypeKind};

use crate::connection::error::PgError;

const TYPE_FACTS: &str = include_str!("sql/type_facts.sql");

/// Facts of every reachable type, by OID.
pub async fn type_facts(client: &Client) -> Result<BTreeMap<u32, TypeFacts>, PgError> {
    let rows = client.query(TYPE_FACTS, &[]).await?;
    rows.iter()
        .map(|row| facts(row).map(|facts| (facts.oid, facts)))
        .collect()
}

/// The encoding of the database, as the server names it.
pub async fn encoding(client: &Client) -> Result<String, PgError> {
    Ok(client
        .query_one(include_str!("sql/encoding.sql"), &[])
        .await?
        .try_get(0)?)
}

fn facts(row: &Row) -> Result<TypeFacts, PgError> {
    Ok(TypeFacts {
        oid: row.try_get("oid")?,
        name: row.try_get("name")?,
        kind: match row.try_get("kind")? {
            "array" => TypeKind::Array,
            "c" => TypeKind::Composite,
            "d" => TypeKind::Domain,
            "e" => TypeKind::Enum,
            "r" => TypeKind::Range,
            "m" => TypeKind::Multirange,
            _ => TypeKind::Base,
        },
        extension: row.try_get("extension")?,
        has_binary: row.try_get("has_binary")?,
        parts: row.try_get("parts")?,
    })
}
