//! The parts of a status that one query each knows, as the state has them.

use transhume_core::phase::Phase;
use transhume_pg::{
    connection::session::Session,
    state::{
        command,
        load::watch,
        overview::{self, Overview},
        runner, verification,
    },
};

use super::{PauseStatus, RunnerStatus, SlotStatus, SnapshotStatus, VerificationStatus};
use crate::{
    cutover::write_pause::{PauseEstimate, of_following},
    error::{Doing, Result},
};

/// Zero without lag: an old last commit only says that the source is quiet.
pub(super) fn lag_seconds(lag_bytes: Option<u64>, overview: &Overview) -> Option<f64> {
    match lag_bytes? {
        0 => Some(0.0),
        _ => overview.commit_age_seconds.map(|age| age.max(0.0)),
    }
}

pub(super) fn slot_status(
    (name, publication): (String, String),
    retained_bytes: Option<i64>,
    slot: &overview::Slot,
) -> SlotStatus {
    let retained_bytes = retained_bytes.map(i64::unsigned_abs);
    let limit_bytes = slot.limit_bytes.map(i64::unsigned_abs);
    let left = limit_bytes
        .zip(retained_bytes)
        .map(|(limit, retained)| limit.saturating_sub(retained));
    let growth = slot.bytes_per_second.map(i64::unsigned_abs);
    SlotStatus {
        name,
        publication,
        retained_bytes,
        limit_bytes,
        limited_by: slot.limited_by.clone(),
        bytes_per_second: growth,
        seconds_to_full: left
            .zip(growth)
            .and_then(|(left, growth)| left.checked_div(growth)),
    }
}

pub(super) async fn runner_status(session: &Session) -> Result<Option<RunnerStatus>> {
    let holder = runner::holder(session)
        .await
        .doing("asking who runs the migration")?;
    Ok(holder.map(|holder| RunnerStatus {
        host: holder.host,
        pid: holder.pid,
        backend_pid: holder.backend_pid,
        application: holder.application,
        since: holder.since,
        waiting_for: holder.waiting_for,
    }))
}

pub(super) async fn pause_status(session: &Session) -> Result<Option<PauseStatus>> {
    let pause = command::standing_pause(session)
        .await
        .doing("looking for a pause")?;
    Ok(pause.map(|pause| PauseStatus {
        since: pause.since,
        by: pause.by,
    }))
}

pub(super) async fn snapshot_status(session: &Session) -> Result<Option<SnapshotStatus>> {
    let oldest = watch::oldest_snapshot(session)
        .await
        .doing("reading the load's snapshots")?;
    Ok(oldest.map(|oldest| SnapshotStatus {
        since: oldest.since,
        age_seconds: oldest.age_seconds,
        holder: oldest.holder,
    }))
}

pub(super) async fn verification_status(session: &Session) -> Result<Option<VerificationStatus>> {
    let last = verification::last(session)
        .await
        .doing("reading the last verification")?;
    let outcome = verification::recency(session)
        .await
        .doing("reading the last verification")?;
    Ok(last.zip(outcome).map(|(last, outcome)| VerificationStatus {
        lsn: last.lsn,
        ended_at: last.ended_at,
        result: last.result,
        age_seconds: outcome.age.as_secs_f64(),
        extent: outcome.extent,
        tables: outcome.tables,
        tables_different: outcome.tables_different,
        object_blockers: outcome.object_blockers,
        summary: outcome.reported(),
    }))
}

/// Only what is followed can be cut over.
pub(super) async fn write_pause(
    session: &Session,
    phase: Phase,
    lag_bytes: Option<u64>,
) -> Result<Option<PauseEstimate>> {
    match (phase, lag_bytes) {
        (Phase::Follow, Some(lag_bytes)) => Ok(Some(of_following(session, lag_bytes).await?)),
        _ => Ok(None),
    }
}
