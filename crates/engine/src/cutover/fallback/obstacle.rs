//! Gathers what the gate must know of the way back; `core::way_back` judges it.

use transhume_core::{
    assess::{fallback, identity},
    finding::Finding,
    table::Table,
};
use transhume_pg::{
    assess,
    connection::{names, session::Session},
    state::{load::relations, migration, way_back as state},
};

use crate::{
    endpoints::{Endpoints, Sessions},
    error::{Doing, Result},
    prepare::publishing::published_tables,
};

/// What keeps the way back of the migration `id` from being opened. `tables` are the source's.
pub(crate) async fn obstacles(
    endpoints: &Endpoints,
    id: &str,
    Sessions { source, target }: Sessions<'_>,
    tables: &[Table],
) -> Result<Vec<Finding>> {
    let migrated = relations::all(&**target)
        .await
        .doing("reading the tables of the migration")?;
    let moved = tables
        .iter()
        .filter(|table| table.moves_rows() && migrated.iter().any(|relation| relation.name == table.name));
    let published = published_tables(moved);
    let major = target.server_version().major();
    let refusing_writers: Vec<_> = published
        .iter()
        .filter(|table| identity::would_refuse_writers(table, major))
        .map(|table| table.name.clone())
        .collect();
    let published: Vec<_> = published.into_iter().map(|table| table.name.clone()).collect();
    let mut capabilities = assess::source(target, &published)
        .await
        .doing("trying what the target lets us do")?;
    let (replication, _) =
        assess::replication(&endpoints.target, &names::application_name(id, "replication"))
            .await
            .doing("trying a replication connection to the target")?;
    capabilities.replication_connection = replication;
    let mut old_source = assess::target(source)
        .await
        .doing("trying what the source lets us do")?;
    old_source.marks.hosts = endpoints.source.servers().map(|(host, _)| host).collect();
    let foreign_keys = state::foreign_keys(source, tables)
        .await
        .doing("reading the source's foreign keys")?;
    Ok(fallback::obstacles(&fallback::WayBack {
        target: &capabilities,
        source: &old_source,
        foreign_keys: &foreign_keys,
        refusing_writers: &refusing_writers,
        foreign_state: is_foreign(source, id).await?,
    }))
}

/// State of another migration, or of another version, lies where ours would.
async fn is_foreign(source: &Session, id: &str) -> Result<bool> {
    match migration::read(source).await {
        Ok(state) => Ok(state.is_some_and(|state| state.id != id)),
        Err(error) if migration::is_unreadable(&error) => Ok(true),
        Err(error) => Err(error).doing("looking for another migration's state on the source"),
    }
}
