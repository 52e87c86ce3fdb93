//! Which encoding the values of rows travel in between these two databases.

use tokio_postgres::Client;
use transhume_core::value_encoding::{Databases, carried};

use crate::connection::error::PgError;

/// The `client_encoding` of sessions that read rows on the source or write them on the target.
pub async fn value_encoding(source: &Client, target: &Client) -> Result<String, PgError> {
    let of_source = source
        .query_one(include_str!("sql/value_encoding_source.sql"), &[])
        .await?;
    let encoding: String = of_source.try_get("encoding")?;
    let of_target = target
        .query_one(include_str!("sql/value_encoding_target.sql"), &[&encoding])
        .await?;
    let target: String = of_target.try_get("encoding")?;
    let chosen = carried(Databases {
        source: &encoding,
        target: &target,
        names_are_ascii: of_source.try_get("names_are_ascii")?,
        target_converts: of_target.try_get("converts")?,
    });
    Ok(chosen.to_owned())
}
