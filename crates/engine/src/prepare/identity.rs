//! Which system and database the source is: the LSNs of a migration belong to it alone.

use transhume_core::assess::capability::SystemIdentity;
use transhume_pg::{
    assess,
    connection::{names, session::Session},
    state::migration::{self, SourceIdentity},
};

use crate::{
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
};

/// From the control file's functions, or where those are refused (managed services) from a
/// replication connection, which every source must allow anyway.
pub(crate) async fn source_identity(endpoints: &Endpoints, source: &Session) -> Result<SourceIdentity> {
    let identity = match assess::identity(source).await.doing("identifying the source")? {
        Some(identity) => identity,
        None => identity_by_replication(endpoints).await?,
    };
    let (database, database_oid) = migration::database(source)
        .await
        .doing("identifying the source")?;
    Ok(SourceIdentity {
        system: identity.system_identifier,
        database_oid,
        database,
        timeline: identity.timeline,
    })
}

async fn identity_by_replication(endpoints: &Endpoints) -> Result<SystemIdentity> {
    let name = names::application_name("identify", "replication");
    let reason = match assess::identify(&endpoints.source, &name).await {
        Ok(Some(identity)) => return Ok(identity),
        Ok(None) => String::new(),
        Err(error) => match error.refusal() {
            Some(answer) => format!(": {}", answer.message),
            None => return Err(error).doing("asking a replication connection which system the source is"),
        },
    };
    Err(EngineError::refused(
        format!("the source does not say which system it is{reason}"),
        "allow replication connections for the source role (\"transhume assess\" tells how), or grant \
         execution of pg_control_system() and pg_control_checkpoint() to it",
    ))
}
