//! Gathers what the checks need from each end, over one session and one replication connection.

use transhume_core::{
    assess::{
        identity::is_publishable,
        observation::{SourceObservation, TargetObservation},
    },
    selection::Selector,
    table::Table,
};
use transhume_pg::{
    catalog::{
        activity, collations, database::database, extensions, objects, ours, rights, sequences::sequences,
        tables::tables,
    },
    error::PgError,
    large_objects, names, probe,
    session::Session,
    state::migration::{self, SourceIdentity},
};
use transhume_wire::ident::QualifiedName;

use crate::{
    endpoints::Endpoints,
    error::{Doing, Result},
    report::Reporter,
};

/// Stands where the id of a migration would: there is none yet.
const NAME: &str = "assess";

pub(super) async fn source(
    endpoints: &Endpoints,
    selector: &Selector,
    reporter: &Reporter,
) -> Result<SourceObservation> {
    let session = endpoints.source_session(NAME, "source").await?;
    let tables = tables(&session).await.doing("reading the tables of the source")?;
    let published: Vec<QualifiedName> = tables
        .iter()
        .filter(|table| is_publishable(table) && selector.selects(&table.name))
        .map(|table| table.name.clone())
        .collect();
    let mut capabilities = probe::source(&session, &published)
        .await
        .doing("probing the source")?;
    let (replication, identity) =
        probe::replication(&endpoints.source, &names::application_name(NAME, "replication"))
            .await
            .doing("trying a replication connection to the source")?;
    capabilities.replication_connection = replication;
    capabilities.identity = capabilities.identity.or(identity);
    let observation = read_source(&session, capabilities, tables)
        .await
        .doing("reading the catalogs of the source")?;
    session.close().await;
    reporter.step(format!(
        "looked at the source: PostgreSQL {}, {} relations",
        observation.capabilities.server_version,
        observation.tables.len()
    ));
    Ok(observation)
}

async fn read_source(
    session: &Session,
    capabilities: transhume_core::assess::capability::Capabilities,
    tables: Vec<Table>,
) -> std::result::Result<SourceObservation, PgError> {
    Ok(SourceObservation {
        database: database(session, capabilities.server_version).await?,
        capabilities,
        tables,
        rights: rights::table_rights(session).await?,
        sequences: sequences(session).await?,
        extensions: extensions::extensions(session).await?,
        extension_tables: extensions::extension_tables(session).await?,
        large_objects: objects::large_objects(session).await?,
        unreadable_large_objects: large_objects::unreadable_count(session).await?,
        materialized_views: objects::materialized_views(session).await?,
        event_triggers: objects::event_triggers(session).await?,
        prepared_transactions: activity::prepared_transactions(session).await?,
        writing_transactions: activity::writing_transactions(session).await?,
        collations: collations::used_collations(session).await?,
        roles: rights::referenced_roles(session).await?,
        triggers: objects::firing_triggers(session).await?,
        name_columns: objects::name_columns(session).await?,
        inheritance_children: objects::inheritance_children(session).await?,
        enum_hashed_tables: objects::enum_hashed_tables(session).await?,
        ours: ours::our_objects(session).await?,
    })
}

/// The target, and the source of the migration that it holds, if it holds one that can be read.
pub(super) async fn target(
    endpoints: &Endpoints,
    reporter: &Reporter,
) -> Result<(TargetObservation, Option<SourceIdentity>)> {
    let session = endpoints.target_session(NAME, "target").await?;
    let mut observation = read_target(&session)
        .await
        .doing("reading the catalogs of the target")?;
    (observation.capabilities.replication_connection, _) =
        probe::replication(&endpoints.target, &names::application_name(NAME, "replication"))
            .await
            .doing("trying a replication connection to the target")?;
    // State of another layout is another version's: not ours to resume.
    let migration = match migration::read(&session).await {
        Ok(migration) => migration.map(|migration| migration.identity),
        Err(PgError::Server(_) | PgError::Protocol { .. }) => None,
        Err(error) => return Err(error).doing("reading the migration on the target"),
    };
    session.close().await;
    reporter.step(format!(
        "looked at the target: PostgreSQL {}, {} relations",
        observation.capabilities.server_version,
        observation.tables.len()
    ));
    Ok((observation, migration))
}

async fn read_target(session: &Session) -> std::result::Result<TargetObservation, PgError> {
    let capabilities = probe::target(session).await?;
    Ok(TargetObservation {
        database: database(session, capabilities.server_version).await?,
        capabilities,
        tables: tables(session).await?,
        large_objects: objects::large_objects(session).await?,
        available_extensions: extensions::available_extensions(session).await?,
        extensions: extensions::extensions(session).await?,
        event_triggers: objects::event_triggers(session).await?,
        collations: collations::offered_collations(session).await?,
        roles: rights::roles(session).await?,
        ours: ours::our_objects(session).await?,
        has_state: ours::has_state(session).await?,
    })
}
