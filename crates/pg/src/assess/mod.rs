//! What one end lets us do, found by trying inside a transaction that is rolled back (design §2.5).
//!
//! Nothing stays: no object, no setting, no lock. Nothing is tried on a standby, which could only
//! refuse. The caller gives a session of its own with no transaction open.

mod attempt;
pub mod recording;
pub mod sample;

use std::fmt::Write as _;
use transhume_core::sqlstate;

use tokio_postgres::{Client, Row};
use transhume_core::assess::{
    capability::{Attempt, Capabilities, SystemIdentity},
    catalog::FactsRow,
    observation::Parameter,
};
use transhume_wire::ident::QualifiedName;

use crate::connection::{
    conninfo::ConnectionSettings,
    error::PgError,
    raw::{Mode, RawConnection},
    session::Session,
};

const FACTS: &str = include_str!("sql/facts.sql");
const SETTINGS: &str = include_str!("sql/settings.sql");
const IDENTITY: &str = include_str!("sql/identity.sql");
const REPLICA_ROLE: &str = include_str!("sql/replica_role.sql");
const CREATE_SCHEMA: &str = include_str!("sql/create_schema.sql");
const CREATE_EVENT_TRIGGER: &str = include_str!("sql/create_event_trigger.sql");

/// Tables tried in one publication: each is locked for a moment, and the lock table is the
/// application's too. Ownership, which decides, is read for all of them from the catalog.
const PUBLISHED_AT_MOST: usize = 20;

/// Sizes and definitions need a lock on what they are of: one that is held for longer ends the assessment instead of holding it.
pub async fn limit_waits(client: &Client) -> Result<(), PgError> {
    Ok(client.batch_execute("set lock_timeout = '10s'").await?)
}

/// Probes the source; `tables` are those that would be published.
pub async fn source(session: &Session, tables: &[QualifiedName]) -> Result<Capabilities, PgError> {
    let mut capabilities = facts(session).await?;
    if !capabilities.in_recovery {
        attempt::begin(session).await?;
        capabilities.create_publication = attempt::attempt(session, &create_publication(tables)).await?;
        capabilities.create_event_trigger = attempt::attempt(session, CREATE_EVENT_TRIGGER).await?;
        attempt::rolled_back(session).await?;
    }
    Ok(capabilities)
}

/// Probes the target.
pub async fn target(session: &Session) -> Result<Capabilities, PgError> {
    let mut capabilities = facts(session).await?;
    if !capabilities.in_recovery {
        attempt::begin(session).await?;
        capabilities.replica_role = attempt::attempt(session, REPLICA_ROLE).await?;
        capabilities.create_schema = attempt::attempt(session, CREATE_SCHEMA).await?;
        capabilities.create_event_trigger = attempt::attempt(session, CREATE_EVENT_TRIGGER).await?;
        attempt::rolled_back(session).await?;
    }
    Ok(capabilities)
}

/// What new sessions find set.
pub async fn parameters(client: &Client) -> Result<Vec<Parameter>, PgError> {
    let rows = client.query(include_str!("sql/parameters.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Parameter {
                name: row.try_get("name")?,
                value: row.try_get("value")?,
                unit: row.try_get("unit")?,
                context: row.try_get("context")?,
                is_set: row.try_get("is_set")?,
                of_database: row.try_get("of_database")?,
            })
        })
        .collect()
}

/// `SET session_replication_role = replica` is allowed here.
pub async fn replica_role(client: &Client) -> Result<Attempt, PgError> {
    attempt::alone(client, REPLICA_ROLE).await
}

/// Cluster and timeline; `None` where the functions are refused (see [`identify`] then).
pub async fn identity(client: &Client) -> Result<Option<SystemIdentity>, PgError> {
    match client.query_one(IDENTITY, &[]).await.map_err(PgError::from) {
        Ok(row) => Ok(Some(SystemIdentity {
            system_identifier: row.try_get("system_identifier")?,
            timeline: row.try_get("timeline")?,
        })),
        Err(error) if error.refusal().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Cluster and timeline as a replication connection to the database itself tells them.
pub async fn identify(
    settings: &ConnectionSettings,
    application_name: &str,
) -> Result<Option<SystemIdentity>, PgError> {
    let mut connection = RawConnection::connect(settings, application_name, Mode::Replication).await?;
    let identity = identify_on(&mut connection).await?;
    connection.close().await;
    Ok(identity)
}

/// The same over a replication connection that is there (PostgreSQL manual, "Streaming Replication Protocol").
pub async fn identify_on(connection: &mut RawConnection) -> Result<Option<SystemIdentity>, PgError> {
    let rows = connection.simple_query("IDENTIFY_SYSTEM").await?;
    let column = |number: usize| rows.first()?.get(number)?.clone();
    let timeline = column(1).and_then(|timeline| timeline.parse().ok());
    Ok(column(0)
        .zip(timeline)
        .map(|(system_identifier, timeline)| SystemIdentity {
            system_identifier,
            timeline,
        }))
}

/// Tries a replication connection, and asks it which cluster this is. A server that is just starting or stopping is an
/// error: it says nothing of what it will allow.
pub async fn replication(
    settings: &ConnectionSettings,
    application_name: &str,
) -> Result<(Attempt, Option<SystemIdentity>), PgError> {
    let error = match identify(settings, application_name).await {
        Ok(identity) => return Ok((Attempt::Allowed, identity)),
        Err(error) => error,
    };
    // Senders that are all taken stay so, most often; the finding about their number says more than an error would.
    let is_full = error.sqlstate() == Some(sqlstate::TOO_MANY_CONNECTIONS);
    match error.server().filter(|_| is_full || error.refusal().is_some()) {
        Some(answer) => Ok((Attempt::Refused(answer.message.clone()), None)),
        None => Err(error),
    }
}

/// Who we are on a server, its limits, and the settings that checks ask for.
pub async fn facts(session: &Session) -> Result<Capabilities, PgError> {
    let row = session.query_one(FACTS, &[]).await?;
    let settings = session.query(SETTINGS, &[]).await?;
    let mut capabilities = capabilities(&row)?;
    for setting in &settings {
        capabilities
            .settings
            .insert(setting.try_get("name")?, setting.try_get("setting")?);
    }
    capabilities.marks.hosts = session.hosts().to_vec();
    capabilities.identity = identity(session).await?;
    Ok(capabilities)
}

fn capabilities(row: &Row) -> Result<Capabilities, PgError> {
    let server_version: i32 = row.try_get("server_version")?;
    let facts = FactsRow {
        server_version: server_version.unsigned_abs(),
        started_at: row.try_get("started_at")?,
        in_recovery: row.try_get("in_recovery")?,
        role: row.try_get("role")?,
        superuser: row.try_get("superuser")?,
        replication: row.try_get("replication")?,
        bypass_row_security: row.try_get("bypass_row_security")?,
        signal_backend: row.try_get("signal_backend")?,
        creates_in_public: row.try_get("creates_in_public")?,
        database_name: row.try_get("database_name")?,
        database_oid: row.try_get("database_oid")?,
        slots_used: row.try_get("slots_used")?,
        slots: row.try_get("slots")?,
        senders_used: row.try_get("senders_used")?,
        senders: row.try_get("senders")?,
        standbys: row.try_get("standbys")?,
        marks: row.try_get("marks")?,
        free_connections: row.try_get("free_connections")?,
    };
    Ok(facts.capabilities())
}

fn create_publication(tables: &[QualifiedName]) -> String {
    let mut sql = "create publication transhume_probe".to_owned();
    for (index, table) in tables.iter().take(PUBLISHED_AT_MOST).enumerate() {
        let lead = if index == 0 { " for table only" } else { ", only" };
        write!(sql, "{lead} {table}").expect("writing to a string does not fail");
    }
    sql
}
