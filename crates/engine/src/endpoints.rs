//! The two databases of a migration, fixed for its life.

use transhume_pg::{conninfo::ConnectionSettings, names, session::Session};

use crate::error::{Doing, Result};

#[derive(Debug, Clone)]
pub struct Endpoints {
    pub source: ConnectionSettings,
    pub target: ConnectionSettings,
}

impl Endpoints {
    /// A session on the source; `migration` is its id, `role` what the session is for.
    pub async fn source_session(&self, migration: &str, role: &str) -> Result<Session> {
        Session::connect(&self.source, &names::application_name(migration, role))
            .await
            .doing("connecting to the source")
    }

    pub async fn target_session(&self, migration: &str, role: &str) -> Result<Session> {
        Session::connect(&self.target, &names::application_name(migration, role))
            .await
            .doing("connecting to the target")
    }
}
