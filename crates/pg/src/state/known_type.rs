//! `transhume.known_type`: the source's types as the load's snapshot showed them, or as both sides last had them alike.

use tokio_postgres::{GenericClient, types::Json};
use transhume_core::guard::user_types::UserType;

use crate::connection::error::PgError;

pub async fn all(target: &impl GenericClient) -> Result<Vec<UserType>, PgError> {
    let rows = target
        .query("select facts from transhume.known_type order by source_oid", &[])
        .await?;
    rows.iter()
        .map(|row| {
            let Json(facts): Json<UserType> = row.try_get(0)?;
            Ok(facts)
        })
        .collect()
}

pub async fn remember(target: &impl GenericClient, types: &[UserType]) -> Result<(), PgError> {
    if types.is_empty() {
        return Ok(());
    }
    target
        .execute(include_str!("sql/known_type/remember.sql"), &[&Json(types)])
        .await?;
    Ok(())
}
