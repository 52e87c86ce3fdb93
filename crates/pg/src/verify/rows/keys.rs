//! The key that rows of a table are matched by.

use std::collections::HashMap;

use tokio_postgres::Client;
use transhume_core::verify::rows::KeyColumn;

use crate::connection::error::PgError;

/// A unique index whose columns are never null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedKey {
    pub columns: Vec<KeyColumn>,
    pub index: u32,
}

/// Keys of all tables, by OID; tables without one are left out.
pub async fn compared_keys(client: &Client) -> Result<HashMap<u32, ComparedKey>, PgError> {
    let rows = client.query(include_str!("sql/compared_keys.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            let names: Vec<String> = row.try_get("names")?;
            let types: Vec<String> = row.try_get("type_names")?;
            let schemas: Vec<String> = row.try_get("equality_schemas")?;
            let operators: Vec<String> = row.try_get("equality_names")?;
            let columns = names
                .into_iter()
                .zip(types)
                .zip(schemas.into_iter().zip(operators))
                .map(|((name, type_name), operator)| KeyColumn {
                    name,
                    type_name,
                    equality: operator.into(),
                })
                .collect();
            let key = ComparedKey {
                columns,
                index: row.try_get("index")?,
            };
            Ok((row.try_get("oid")?, key))
        })
        .collect()
}
