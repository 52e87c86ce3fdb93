//! Whether a server hashes as the other does: asked, not believed.
//!
//! The hash functions work on words as the processor stores them, so a server on a processor of the other byte
//! order would find every row different.

use tokio_postgres::Client;

use crate::connection::error::PgError;

/// Hashes of texts and a number that are the same everywhere; equal on two servers that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashProbe {
    pub long_text: i64,
    pub short_text: i64,
    pub number: i64,
}

pub async fn probe_hashes(client: &Client) -> Result<HashProbe, PgError> {
    let row = client
        .query_one(include_str!("sql/probe_hashes.sql"), &[])
        .await?;
    Ok(HashProbe {
        long_text: row.try_get("long_text")?,
        short_text: row.try_get("short_text")?,
        number: row.try_get("number")?,
    })
}

/// The encoding that the database keeps text in: hashes are of bytes.
pub async fn encoding(client: &Client) -> Result<String, PgError> {
    let row = client.query_one(include_str!("sql/encoding.sql"), &[]).await?;
    Ok(row.try_get("encoding")?)
}
