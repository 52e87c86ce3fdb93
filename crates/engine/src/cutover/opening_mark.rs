//! A target that was being opened when it failed over: nobody undoes, drops or begins anything before it is known whether
//! the application lives there.

use transhume_core::{direction::Direction, phase::Phase};
use transhume_pg::{
    connection::session::Session,
    cutover::opening_mark::{self, OpeningMark},
    guard::standing,
    state::migration::Migration,
};

use crate::error::{Doing, EngineError, Result};

const ASKING: &str = "asking the source whether the target was being opened";

/// The target as it is just now, before it is told to open; none where the source cannot remember it.
pub(super) async fn of(target: &Session, migration: &Migration) -> Result<Option<OpeningMark>> {
    let standing = standing::standing(target, &migration.slot_name)
        .await
        .doing("asking the target which server it is")?;
    let identity = standing.system.zip(standing.timeline);
    Ok(identity.map(|(system, timeline)| OpeningMark {
        migration: migration.id.clone(),
        system,
        timeline,
    }))
}

/// An error where the target may have been open once, and does not know of it any more.
pub(crate) async fn refuse_lost(source: &Session, target: &Session, migration: &Migration) -> Result<()> {
    if migration.direction == Direction::Reverse || migration.phase == Phase::Done {
        return Ok(());
    }
    let Some(found) = opening_mark::read(source, &migration.id).await.doing(ASKING)? else {
        return Ok(());
    };
    let mark = found.mark;
    let now = of(target, migration).await?;
    let is_unchanged = now.as_ref() == Some(&mark);
    if is_unchanged && matches!(migration.phase, Phase::Cutover | Phase::Opening) {
        // It did not open: its own state says so, and none of it is lost.
        return Ok(());
    }
    let answering = now.map_or_else(
        || "a server that does not say which one it is".to_owned(),
        |now| format!("system {} on timeline {}", now.system, now.timeline),
    );
    let database = &migration.identity.database;
    Err(EngineError::stopped(
        "the target failed over while it was being opened: it may have been open, and the application may have written there",
        format!(
            "{} remembers that system {} on timeline {} was told to open; {} is {answering}, in phase {}. Nothing was undone and \
             nothing dropped: the source stays closed.",
            source.endpoint(),
            mark.system,
            mark.timeline,
            target.endpoint(),
            migration.phase
        ),
        format!(
            "look at the rows that the application wrote last. If it wrote nothing on the target: on the source, {}; then run \
             again, which opens the source. If it did, keep the target as it is and the source closed: going back would lose those \
             rows",
            opening_mark::reset(database, &found.role)
        ),
    ))
}

/// The source is open again, or the migration has come to its end.
pub(crate) async fn forget(source: &Session, migration: &Migration) -> Result<()> {
    let Some(found) = opening_mark::read(source, &migration.id).await.doing(ASKING)? else {
        return Ok(());
    };
    opening_mark::clear(source, &migration.identity.database, &found)
        .await
        .doing("forgetting on the source that the target was told to open")
}
