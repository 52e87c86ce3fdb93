//! Gathers what the checks need from each end, over one session and one replication connection.

use transhume_core::{
    assess::{
        identity::is_publishable,
        observation::{OurObjects, SourceObservation, TargetObservation},
        release,
    },
    selection::Selector,
    table::Table,
};
use transhume_pg::{
    assess,
    catalog::{
        activity, collations, database::database, extensions, objects, ours, rights, sequences::sequences,
        tables::tables, wide_rows,
    },
    connection::{error::PgError, names, quiet::silence_event_triggers, session::Session},
    load::large_objects,
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
    assess::limit_waits(&session)
        .await
        .doing("preparing to look at the source")?;
    silence_event_triggers(&session)
        .await
        .doing("keeping event triggers of the source silent")?;
    let tables = tables(&session).await.doing("reading the tables of the source")?;
    let published: Vec<QualifiedName> = tables
        .iter()
        .filter(|table| is_publishable(table) && selector.selects(&table.name))
        .map(|table| table.name.clone())
        .collect();
    let mut capabilities = assess::source(&session, &published)
        .await
        .doing("probing the source")?;
    let (replication, identity) =
        assess::replication(&endpoints.source, &names::application_name(NAME, "replication"))
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
    // Sent together: over a long way each answer that is waited for by itself costs a round trip.
    let (database, rights, sequences, extensions, extension_tables, large_objects, unreadable) = tokio::try_join!(
        database(session, capabilities.server_version),
        rights::table_rights(session),
        sequences(session),
        extensions::extensions(session),
        extensions::extension_tables(session),
        objects::large_objects(session),
        large_objects::unreadable_count(session),
    )?;
    let (views, event_triggers, subscriptions, prepared, writing, collations, roles) = tokio::try_join!(
        objects::materialized_views(session),
        objects::event_triggers(session),
        objects::subscriptions(session),
        activity::prepared_transactions(session),
        activity::writing_transactions(session),
        collations::used_collations(session),
        rights::referenced_roles(session),
    )?;
    let (triggers, name_columns, inheritance_children, nullable_children, unenforced_keys) = tokio::try_join!(
        objects::firing_triggers(session),
        objects::name_columns(session),
        objects::inheritance_children(session),
        objects::nullable_children(session),
        objects::unenforced_keys(session),
    )?;
    let (ours, foreign_keys, parameters, words_of_functions) = tokio::try_join!(
        ours::our_objects(session),
        objects::foreign_keys(session),
        assess::parameters(session),
        objects::words_of_functions(session, release::words()),
    )?;
    let round_trip = session.round_trip().await?;
    let wide_rows = wide_rows::wide_rows(session, wide_rows::PRINTED_MOST_BYTES).await?;
    Ok(SourceObservation {
        wide_rows,
        parameters,
        database,
        capabilities,
        tables,
        rights,
        sequences,
        extensions,
        extension_tables,
        large_objects,
        unreadable_large_objects: unreadable,
        materialized_views: views,
        event_triggers,
        subscriptions,
        prepared_transactions: prepared,
        writing_transactions: writing,
        collations,
        roles,
        triggers,
        name_columns,
        inheritance_children,
        nullable_children,
        unenforced_keys,
        foreign_keys,
        words_of_functions,
        round_trip,
        ours,
    })
}

/// What stands for a target that nobody has made yet: as the source, and empty.
pub(super) fn none_yet(source: &SourceObservation) -> TargetObservation {
    TargetObservation {
        capabilities: source.capabilities.clone(),
        database: source.database.clone(),
        tables: Vec::new(),
        large_objects: 0,
        available_extensions: Vec::new(),
        round_trip: source.round_trip,
        extensions: source.extensions.clone(),
        event_triggers: Vec::new(),
        collations: source.collations.clone(),
        parameters: Vec::new(),
        roles: source.roles.clone(),
        ours: OurObjects::default(),
        has_state: false,
    }
}

/// The target, and the source of the migration that it holds, if it holds one that can be read.
pub(super) async fn target(
    endpoints: &Endpoints,
    reporter: &Reporter,
) -> Result<(TargetObservation, Option<SourceIdentity>)> {
    let session = endpoints.target_session(NAME, "target").await?;
    assess::limit_waits(&session)
        .await
        .doing("preparing to look at the target")?;
    let mut observation = read_target(&session)
        .await
        .doing("reading the catalogs of the target")?;
    (observation.capabilities.replication_connection, _) =
        assess::replication(&endpoints.target, &names::application_name(NAME, "replication"))
            .await
            .doing("trying a replication connection to the target")?;
    // State of another layout is another version's: not ours to resume.
    let migration = match migration::read(&session).await {
        Ok(migration) => migration.map(|migration| migration.identity),
        Err(error) if migration::is_unreadable(&error) => None,
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
    let capabilities = assess::target(session).await?;
    Ok(TargetObservation {
        database: database(session, capabilities.server_version).await?,
        capabilities,
        tables: tables(session).await?,
        large_objects: objects::large_objects(session).await?,
        available_extensions: extensions::available_extensions(session).await?,
        extensions: extensions::extensions(session).await?,
        event_triggers: objects::event_triggers(session).await?,
        collations: collations::offered_collations(session).await?,
        parameters: assess::parameters(session).await?,
        roles: rights::roles(session).await?,
        ours: ours::our_objects(session).await?,
        has_state: ours::has_state(session).await?,
        round_trip: session.round_trip().await?,
    })
}
