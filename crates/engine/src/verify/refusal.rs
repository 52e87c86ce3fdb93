//! When there is nothing to compare: before the target follows, and while half of a table is there.

use transhume_core::phase::Phase;
use transhume_pg::{
    session::Session,
    state::{load::relations, migration::Migration},
};

use crate::error::{Doing, EngineError, Result};

/// Half a table equals nothing, and apply may have to wait for its load before it reaches any point.
pub(super) async fn refuse_while_loading(target: &Session) -> Result<()> {
    let is_loading = relations::is_any_unfinished(&**target)
        .await
        .doing("reading the state of the tables")?;
    if is_loading {
        return Err(EngineError::refused(
            "tables are being loaded anew",
            "verify once \"transhume status\" shows none of them",
        ));
    }
    Ok(())
}

/// Both rest on what apply has done.
pub(super) fn refuse_without_migration() -> EngineError {
    EngineError::refused(
        "no migration lives on the target: nothing tells what has changed, or when the target is past a change",
        "verify without --since-last and --recheck while both databases are quiet",
    )
}

pub(super) fn refuse_unless_following(migration: &Migration) -> Result<()> {
    if migration.phase == Phase::Follow {
        return Ok(());
    }
    Err(EngineError::refused(
        format!(
            "the migration is in phase {}, there is nothing to compare yet or any more",
            migration.phase
        ),
        "verify while the migration is in phase follow (see \"transhume status\")",
    ))
}
