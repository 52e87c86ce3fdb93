//! Where each table of the migration stands, and moves that are not a matter of parts.

use tokio_postgres::GenericClient;
use transhume_core::load::RelationState;
use transhume_wire::ident::QualifiedName;

use crate::{catalog::qualified_name, connection::error::PgError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    pub source_oid: u32,
    pub name: QualifiedName,
    pub state: RelationState,
}

/// All tables that the migration loads, by name.
pub async fn all(target: &impl GenericClient) -> Result<Vec<Relation>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/relation_states.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Relation {
                source_oid: row.try_get("source_oid")?,
                name: qualified_name(row, "table_name")?,
                state: state_of(row)?,
            })
        })
        .collect()
}

pub(in crate::state) fn state_of(row: &tokio_postgres::Row) -> Result<RelationState, PgError> {
    let state: &str = row.try_get("state")?;
    state.parse().map_err(|error| PgError::Protocol {
        endpoint: "transhume.relation".to_owned(),
        reason: format!("{error}"),
    })
}

/// A table is to be loaded or being loaded, or something is to be built.
pub async fn is_any_unfinished(target: &impl GenericClient) -> Result<bool, PgError> {
    let row = target
        .query_one(include_str!("../sql/load/is_unfinished.sql"), &[])
        .await?;
    Ok(row.try_get(0)?)
}

/// It holds its rows and has its keys, or is set aside: its changes need not wait.
pub async fn is_complete(target: &impl GenericClient, source_oid: u32) -> Result<bool, PgError> {
    let row = target
        .query_one(include_str!("../sql/load/is_complete.sql"), &[&source_oid])
        .await?;
    Ok(row.try_get(0)?)
}

/// Tables whose load or builds are not done, the suspended left out.
pub async fn incomplete(target: &impl GenericClient) -> Result<Vec<u32>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/incomplete_relations.sql"), &[])
        .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The source has these tables no more.
pub async fn drop(target: &impl GenericClient, oids: &[u32]) -> Result<(), PgError> {
    target
        .execute(include_str!("../sql/load/drop_relations.sql"), &[&oids])
        .await?;
    Ok(())
}

/// Neither applied nor loaded from now on. Nothing may be applying meanwhile.
pub async fn suspend(target: &impl GenericClient, oids: &[u32]) -> Result<(), PgError> {
    target
        .execute(include_str!("../sql/load/suspend_relations.sql"), &[&oids])
        .await?;
    Ok(())
}
