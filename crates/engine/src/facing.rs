//! Which way the changes flow now: forward until the cutover, back from it on.
//!
//! Before the first change is written back, the end of the forward stream is read: whatever the old source
//! committed behind the fence is found there, and told apart from what comes back by coming first. Its
//! slot is then dropped, since it would keep the WAL of all that is written back.

use std::time::Duration;

use transhume_core::{direction::Direction, phase::Phase};
use transhume_pg::{
    connection::session::Session,
    follow::slot,
    state::{
        deviation::{self, Side},
        finding,
        migration::{self, Migration},
        runner,
    },
};

use crate::{
    cutover::late,
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    failpoint::{Point, reach},
    present::migration_on,
    report::{Report, Reporter},
};

/// Between two looks whether a cutover that has opened the target has come to its end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a cutover does behind its point of no return may take as long as a refresh of materialized views.
const CUTOVER_PATIENCE: Duration = Duration::from_secs(3_600);

/// Origin of our findings in `transhume.finding`.
const ORIGIN: &str = "cutover";

/// The endpoints of the stream that is alive: as they are, or exchanged once a way back is open.
pub(crate) async fn facing(endpoints: &Endpoints, reporter: &Reporter) -> Result<(Endpoints, Direction)> {
    match way_back(endpoints, reporter).await? {
        Some(reversed) => Ok((reversed, Direction::Reverse)),
        None => Ok((endpoints.clone(), Direction::Forward)),
    }
}

/// The endpoints as the reverse stream sees them, ready to be followed; none where no way back is open.
pub(crate) async fn way_back(endpoints: &Endpoints, reporter: &Reporter) -> Result<Option<Endpoints>> {
    let target = endpoints.target_session("facing", "facing").await?;
    let migration = migration_on(&target).await?;
    if !is_open(&migration) {
        return Ok(None);
    }
    let reversed = endpoints.reversed();
    let source = reversed.target_session(&migration.id, "facing").await?;
    let Some(reverse) = reverse_state(&source, &migration.id).await? else {
        return Err(EngineError::refused(
            "reverse replication has been removed on the old source",
            "\"transhume finish\" removes the rest",
        ));
    };
    // After a fallback the old source is the application's: nothing there is late.
    if reverse.phase != Phase::Done {
        settle(endpoints, &migration, &source, &target, reporter).await?;
    }
    Ok(Some(reversed))
}

/// The cutover left a way back.
pub(crate) fn is_open(migration: &Migration) -> bool {
    migration.phase == Phase::Done && migration.fallback
}

/// The reverse state of this migration on its old source.
pub(crate) async fn reverse_state(source: &Session, id: &str) -> Result<Option<Migration>> {
    let state = migration::read(source)
        .await
        .doing("reading the state of reverse replication")?;
    Ok(state.filter(|state| state.direction == Direction::Reverse && state.id == id))
}

/// Reads the forward stream to its end and drops its slot; nothing where that was done.
async fn settle(
    endpoints: &Endpoints,
    migration: &Migration,
    source: &Session,
    target: &Session,
    reporter: &Reporter,
) -> Result<()> {
    await_cutover(target, reporter).await?;
    let state = slot::state(source, &migration.slot_name)
        .await
        .doing("looking for the forward slot")?;
    if state.is_none() {
        return Ok(());
    }
    // All that the forward stream had was applied up to the fence, and the frontier is there.
    let late = late::changes(endpoints, migration, source, (migration.frontier, None)).await?;
    if late > 0 {
        let finding = late::finding(late);
        for session in [source, target] {
            finding::replace(&**session, ORIGIN, &finding)
                .await
                .doing("recording late changes")?;
        }
        reporter.send(Report::Finding { finding });
    }
    drop_forward_slot(migration, source, target).await
}

/// Nothing reads it any more.
pub(crate) async fn drop_forward_slot(
    migration: &Migration,
    source: &Session,
    target: &Session,
) -> Result<()> {
    slot::drop(source, &migration.slot_name)
        .await
        .doing("dropping the forward slot")?;
    reach(Point::ForwardSlotDropped).await;
    let open = deviation::open(target, Side::Source)
        .await
        .doing("recording that the forward slot is gone")?;
    for slot in open.iter().filter(|deviation| deviation.kind == "slot") {
        deviation::undone(target, &[slot.id])
            .await
            .doing("recording that the forward slot is gone")?;
    }
    Ok(())
}

/// The process that opened the target looks for late changes itself.
async fn await_cutover(target: &Session, reporter: &Reporter) -> Result<()> {
    let waiting = async {
        while runner::is_cutover_alive(target)
            .await
            .doing("looking for the cutover")?
        {
            reporter.waiting("the cutover to end");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    };
    tokio::time::timeout(CUTOVER_PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| {
            Err(EngineError::stopped(
                "the cutover does not come to its end",
                "The target is open; what it does afterwards has taken an hour.",
                "see what that process does; then start \"transhume run\" again",
            ))
        })
}
