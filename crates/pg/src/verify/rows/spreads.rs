//! Indexes by whose columns a table could be divided into ranges.

use std::collections::HashMap;

use tokio_postgres::Client;

use crate::connection::error::PgError;

/// The columns of an index, and how the first one's values are spread.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedColumns {
    pub index: u32,
    /// Name and type of each.
    pub columns: Vec<(String, u32)>,
    /// No two rows agree in all of them, and none is NULL.
    pub is_unique: bool,
    /// Of all rows, those that have the first column's most frequent value; none where that was never analysed.
    pub first_share: Option<f64>,
    /// Of the first column's numbers, with equally many rows between neighbours.
    pub histogram: Vec<String>,
}

/// By the OIDs of these tables.
pub async fn spreads(client: &Client, tables: &[u32]) -> Result<HashMap<u32, Vec<IndexedColumns>>, PgError> {
    let rows = client.query(include_str!("sql/spreads.sql"), &[&tables]).await?;
    let mut found: HashMap<u32, Vec<IndexedColumns>> = HashMap::new();
    for row in &rows {
        let names: Vec<String> = row.try_get("names")?;
        let types: Vec<u32> = row.try_get("types")?;
        found
            .entry(row.try_get("oid")?)
            .or_default()
            .push(IndexedColumns {
                index: row.try_get("index")?,
                columns: names.into_iter().zip(types).collect(),
                is_unique: row.try_get("is_unique")?,
                first_share: row.try_get("first_share")?,
                histogram: row.try_get("histogram")?,
            });
    }
    Ok(found)
}
