//! The session that changes are written through.
//!
//! It pins what would make writing inexact or slow, over the settings that every session pins, and
//! verifies what matters.

use crate::{conninfo::ConnectionSettings, error::PgError, session::Session};

/// Begins a transaction of single statements, as a repair does; batches have their own.
pub async fn begin(session: &Session) -> Result<(), PgError> {
    Ok(session.batch_execute("begin").await?)
}

pub async fn commit(session: &Session) -> Result<(), PgError> {
    Ok(session.batch_execute("commit").await?)
}

/// Opens it. With `replica_role`, neither triggers nor foreign keys fire; without, the caller has set
/// them aside.
pub async fn open(
    settings: &ConnectionSettings,
    application_name: &str,
    replica_role: bool,
) -> Result<Session, PgError> {
    let session = Session::connect(settings, application_name).await?;
    session.batch_execute(include_str!("sql/session.sql")).await?;
    if replica_role {
        session
            .batch_execute(include_str!("sql/replica_role.sql"))
            .await?;
    }
    let wanted = if replica_role { "replica" } else { "origin" };
    let actual: String = session
        .query_one(include_str!("sql/show_role.sql"), &[])
        .await?
        .get(0);
    if actual == wanted {
        Ok(session)
    } else {
        Err(PgError::Setting {
            name: "session_replication_role".to_owned(),
            wanted: wanted.to_owned(),
            actual,
        })
    }
}

/// Who keeps the apply session of this name waiting for a lock.
pub async fn blockers(target: &Session, application_name: &str) -> Result<Vec<String>, PgError> {
    let rows = target
        .query(include_str!("sql/blockers.sql"), &[&application_name])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
