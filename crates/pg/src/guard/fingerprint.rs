//! Whether anything at all was defined anew between two looks at a database.
//!
//! Every ALTER, CREATE and DROP writes rows of the catalogs; numbers of rows and the transactions that wrote them are another
//! sum then. It says that, not what: cheap enough for the moments before a write pause.

use tokio_postgres::Client;

use crate::connection::error::PgError;

pub async fn fingerprint(client: &Client) -> Result<String, PgError> {
    let row = client.query_one(include_str!("sql/fingerprint.sql"), &[]).await?;
    Ok(row.try_get(0)?)
}
