//! When there is nothing to compare: before the target follows, and while half of a table is there.

use transhume_core::phase::Phase;
use transhume_pg::{
    connection::session::Session,
    state::{load::relations, migration::Migration},
    verify::rows::{encoding, probe_hashes},
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
        "verify with --mode full while both databases are quiet",
    )
}

/// Where the two keep the same text as other bytes or hash a known text differently, rows would seem to differ.
pub(super) async fn refuse_unless_alike(source: &Session, target: &Session) -> Result<()> {
    let (source_encoding, target_encoding) = tokio::join!(encoding(source), encoding(target));
    let source_encoding = source_encoding.doing("reading the source's encoding")?;
    let target_encoding = target_encoding.doing("reading the target's encoding")?;
    if source_encoding != target_encoding {
        return Err(EngineError::refused(
            format!(
                "the source keeps text in {source_encoding} and the target in {target_encoding}: the same text is other bytes, \
                 and so another hash"
            ),
            "compare dumps of both sides instead (\"pg_dump --data-only --inserts --encoding UTF8\", sorted)",
        ));
    }
    let (of_source, of_target) = tokio::join!(probe_hashes(source), probe_hashes(target));
    let of_source = of_source.doing("trying the source's hash functions")?;
    let of_target = of_target.doing("trying the target's hash functions")?;
    if of_source == of_target {
        return Ok(());
    }
    Err(EngineError::refused(
        "the two servers hash the same text differently, so rows cannot be compared by their hashes",
        "their processors store bytes in different order; compare dumps of both sides instead \
         (\"pg_dump --data-only --inserts\", sorted)",
    ))
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
