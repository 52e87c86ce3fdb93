//! Asking a server which database was reached, and refusing another one than the settings are pinned to.
//!
//! Invariant: nothing else is asked on a connection before its database is known to be the right one.

use super::{
    error::PgError,
    identity::{Identity, Pin},
    raw::{Mode, RawConnection},
};

pub(super) async fn verify(pin: &Pin, connection: &mut RawConnection, mode: Mode) -> Result<(), PgError> {
    let Some((side, identity)) = pin.wanted() else {
        return Ok(());
    };
    let found = found(connection, mode, identity.system.is_some()).await?;
    if identity.is_same(&found) {
        return Ok(());
    }
    Err(PgError::Elsewhere {
        side: side.to_owned(),
        endpoint: connection.endpoint().to_owned(),
        detail: format!("It is {} instead of {}.", found.in_words(), identity.in_words()),
    })
}

async fn found(connection: &mut RawConnection, mode: Mode, asks_system: bool) -> Result<Identity, PgError> {
    let rows = connection
        .simple_query(include_str!("sql/database_identity.sql"))
        .await?;
    let mut row = rows.into_iter().next().unwrap_or_default().into_iter();
    let (oid, name, may_ask) = (row.next().flatten(), row.next().flatten(), row.next().flatten());
    let unreadable = || PgError::Protocol {
        endpoint: connection.endpoint().to_owned(),
        reason: "it does not say which database this is".to_owned(),
    };
    let (oid, name) = oid.zip(name).ok_or_else(unreadable)?;
    let database_oid = oid.parse().map_err(|_| unreadable())?;
    let system = match (asks_system, may_ask.as_deref()) {
        (true, Some("t")) => value(connection, include_str!("sql/system_identifier.sql")).await?,
        (true, _) if mode == Mode::Replication => value(connection, "IDENTIFY_SYSTEM").await?,
        _ => None,
    };
    Ok(Identity {
        system,
        database_oid,
        database: name,
    })
}

async fn value(connection: &mut RawConnection, query: &str) -> Result<Option<String>, PgError> {
    let rows = connection.simple_query(query).await?;
    Ok(rows
        .into_iter()
        .next()
        .and_then(|row| row.into_iter().next())
        .flatten())
}
