//! What a table's rows look like besides what the stream tells of them.

use tokio_postgres::Client;

use crate::{catalog::qualified_name, connection::error::PgError, state::verification::Shapes};

/// Of all tables that `client` sees, as core::verify::rows::changed::Shape reads it.
pub async fn shapes(client: &Client, publication: &str) -> Result<Shapes, PgError> {
    let rows = client
        .query(include_str!("sql/shapes.sql"), &[&publication])
        .await?;
    rows.iter()
        .map(|row| {
            let name = qualified_name(row, "table_name")?;
            Ok((name, row.try_get("shape")?))
        })
        .collect()
}
