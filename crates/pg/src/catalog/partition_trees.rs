//! Partition trees whose rows lie in other partitions on another server, and so are moved as a whole.

use std::collections::BTreeMap;

use tokio_postgres::GenericClient;

use crate::connection::error::PgError;

/// The tree of each partition in one, by OIDs. The partitions of a tree are of any kind.
pub(super) async fn scattered(client: &impl GenericClient) -> Result<BTreeMap<u32, u32>, PgError> {
    let rows = client
        .query(include_str!("sql/scattered_partitions.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("oid")?, row.try_get("tree")?)))
        .collect()
}
