//! The two databases of a migration, fixed for its life.

use transhume_core::{direction::Direction, finding::WrittenSide};
use transhume_pg::{
    assess as probe,
    connection::{conninfo::ConnectionSettings, names, session::Session},
};

use crate::error::{Doing, EngineError, Result};

#[derive(Debug, Clone)]
pub struct Endpoints {
    pub source: ConnectionSettings,
    pub target: ConnectionSettings,
}

/// A session on each, for what asks both.
#[derive(Clone, Copy)]
pub(crate) struct Sessions<'a> {
    pub(crate) source: &'a Session,
    pub(crate) target: &'a Session,
}

impl<'a> Sessions<'a> {
    pub(crate) fn of(source: &'a Session, target: &'a Session) -> Self {
        Self { source, target }
    }
}

impl Endpoints {
    /// A session on the source; `migration` is its id, `role` what the session is for.
    pub async fn source_session(&self, migration: &str, role: &str) -> Result<Session> {
        Session::connect(&self.source, &names::application_name(migration, role))
            .await
            .doing("connecting to the source")
    }

    /// Sessions on the source and on the target, opened at the same time: over a long way each takes some round trips. Where
    /// neither can be had, the target's error is told.
    pub async fn sessions(&self, migration: &str, role: &str) -> Result<(Session, Session)> {
        let (source, target) = tokio::join!(
            self.source_session(migration, role),
            self.target_session(migration, role)
        );
        let target = target?;
        Ok((source?, target))
    }

    /// The same two as the reverse stream sees them: it comes from the target and writes the old source,
    /// which a fence has closed to all others.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let Self { source, target } = self.behind_fences();
        Self {
            source: target,
            target: source,
        }
    }

    /// The side that is written, of these as a stream of that direction sees them.
    pub(crate) fn written_side(&self, direction: Direction) -> WrittenSide {
        WrittenSide::of(direction, &self.target)
    }

    /// For who has to write on either side whether it was closed or not.
    #[must_use]
    pub fn behind_fences(&self) -> Self {
        Self {
            source: self.source.clone().writing_where_closed(),
            target: self.target.clone().writing_where_closed(),
        }
    }

    pub async fn target_session(&self, migration: &str, role: &str) -> Result<Session> {
        Session::connect(&self.target, &names::application_name(migration, role))
            .await
            .doing("connecting to the target")
    }
}

/// Whether this role may switch triggers and foreign keys off for a session.
pub(crate) async fn replica_role(target: &Session) -> Result<bool> {
    let attempt = probe::replica_role(target)
        .await
        .doing("trying session_replication_role on the target")?;
    Ok(attempt.is_allowed())
}

/// An error of a stream whose ends have changed places, told so that nobody takes one server for the other.
pub(crate) fn in_reverse(error: EngineError, endpoints: &Endpoints) -> EngineError {
    let place = format!(
        "In reverse replication the source is {}, where the application lives, and the target is the old source, {}.",
        endpoints.target, endpoints.source
    );
    match error {
        EngineError::Server { doing, source } => EngineError::Server {
            doing: format!(
                "in reverse replication (source {}, target {}): {doing}",
                endpoints.target, endpoints.source
            ),
            source,
        },
        EngineError::Stopped {
            message,
            detail,
            hint,
        } => EngineError::Stopped {
            message: format!("in reverse replication: {message}"),
            detail: format!("{detail} {place}").trim_start().to_owned(),
            hint,
        },
        EngineError::Refused { message, hint } => EngineError::Refused {
            message: format!("in reverse replication: {message}"),
            hint,
        },
        other @ (EngineError::Blocked(_) | EngineError::Interrupted) => other,
    }
}
