//! What a cutover that died has left: undone where the target is not open, completed where it is.
//!
//! Found by its phase on the target, by `run` or by the next cutover.

use transhume_core::{direction::Direction, phase::Phase};
use transhume_pg::{
    connection::session::Session,
    state::{frontier, migration},
};

use super::{
    CutoverOptions,
    application::{self, PgBouncerOptions},
    close, opening_mark,
};
use crate::{
    cutover::fallback,
    endpoints::{Endpoints, Sessions},
    error::{Doing, Result},
    failpoint::{Point, reach},
    present::migration_on,
    report::Reporter,
};

/// Whatever a cutover that died has left is settled before anything else: undone, or after its last step completed.
pub(super) async fn settle(
    endpoints: &Endpoints,
    options: &CutoverOptions,
    sessions: Sessions<'_>,
    migration: migration::Migration,
    reporter: &Reporter,
) -> Result<migration::Migration> {
    let pgbouncer = options.application.pgbouncer.as_ref();
    let target = sessions.target;
    match migration.phase {
        Phase::Cutover => {
            Box::pin(undo_interrupted(endpoints, pgbouncer, sessions, reporter)).await?;
            migration_on(target).await
        }
        Phase::Done => {
            Box::pin(complete_interrupted(endpoints, pgbouncer, target, reporter)).await?;
            Ok(migration)
        }
        Phase::Opening => {
            frontier::unfence(target)
                .await
                .doing("letting the applied LSN move to another fence")?;
            Ok(migration)
        }
        _ => Ok(migration),
    }
}

/// The target is open: clients that a cutover which died has left waiting go on there.
pub(crate) async fn complete_interrupted(
    endpoints: &Endpoints,
    pgbouncer: Option<&PgBouncerOptions>,
    target: &Session,
    reporter: &Reporter,
) -> Result<()> {
    application::pgbouncer::settle(endpoints, target, pgbouncer, true, reporter).await
}

/// Undoes what a cutover that died has left: called by `run` when it finds the phase.
pub(crate) async fn undo_interrupted(
    endpoints: &Endpoints,
    pgbouncer: Option<&PgBouncerOptions>,
    Sessions { source, target }: Sessions<'_>,
    reporter: &Reporter,
) -> Result<()> {
    let migration = migration_on(target).await?;
    opening_mark::refuse_lost(source, target, &migration).await?;
    close::undo(source, target, reporter).await?;
    opening_mark::forget(source, &migration).await?;
    application::pgbouncer::settle(endpoints, target, pgbouncer, false, reporter).await?;
    follow_again(source, target, &migration).await?;
    reporter.step("an interrupted cutover was undone");
    Ok(())
}

/// The source is open again: takes the way back away, then lets apply pass the fence.
pub(super) async fn follow_again(
    source: &Session,
    target: &Session,
    migration: &migration::Migration,
) -> Result<()> {
    if migration.direction == Direction::Forward {
        fallback::disarm(source, target, &migration.id).await?;
        reach(Point::Disarmed).await;
    }
    for phase in [Phase::Cutover, Phase::Opening] {
        migration::advance(&**target, phase, Phase::Follow)
            .await
            .doing("going back to following")?;
    }
    reach(Point::FollowingAgain).await;
    Ok(())
}
