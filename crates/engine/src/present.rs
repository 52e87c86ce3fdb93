//! The migration that a target holds, for the commands that need one.

use transhume_pg::{
    connection::session::Session,
    state::migration::{self, Migration},
};

use crate::error::{Doing, EngineError, Result};

/// The migration on this target, or a refusal that says how to begin one.
pub(crate) async fn migration_on(target: &Session) -> Result<Migration> {
    migration::read(target)
        .await
        .doing("reading the migration")?
        .ok_or_else(|| {
            EngineError::refused(
                "the target holds no migration",
                "start one with \"transhume run\", or check --target",
            )
        })
}
