//! Whether the slot is the one that the frontier belongs to, and still sends all that comes after it.

use std::time::Duration;

use transhume_core::{
    finding::Finding,
    guard::{self, anew::anew},
};
use transhume_pg::{
    connection::session::Session,
    follow::slot::SlotState,
    state::{
        apply::{StoredFrontier, phase},
        finding,
    },
    wait::Wait,
};
use transhume_wire::lsn::Lsn;

use super::{
    EndReason, FollowRequest,
    failure::{Failure, While},
    hold::is_over,
};

/// How long the reason for a slot that is gone is looked for: it may just be written down.
const REASON_PATIENCE: Duration = Duration::from_secs(5);
const REASON_INTERVAL: Duration = Duration::from_millis(100);

/// Says why it is gone where we dropped it ourselves. A cutover drops it once the target is open: read after the slot, the
/// phase tells that end from a loss.
pub(super) async fn no_slot(request: &FollowRequest<'_>, target: &Session) -> Result<Failure, Failure> {
    let now = phase(target).await.while_doing("reading the phase")?;
    if is_over(now.map(|now| now.phase)) {
        return Ok(Failure::Ends(EndReason::CutOver));
    }
    Ok(match why_dropped(target).await? {
        Some(finding) => Failure::stopped(
            finding.message,
            "Changes since the applied LSN are lost.",
            finding.remedy.as_str(),
        ),
        None => Failure::stopped(
            format!(
                "the slot {} does not exist on the source",
                request.migration.slot_name
            ),
            "Changes since the applied LSN are lost.",
            anew(request.migration.direction),
        ),
    })
}

/// Whoever dropped it while the target was away writes the reason down as soon as that is back.
async fn why_dropped(target: &Session) -> Result<Option<Finding>, Failure> {
    let wait = Wait::up_to(REASON_PATIENCE, REASON_INTERVAL);
    loop {
        let dropped = finding::current(&**target, guard::ORIGIN, guard::SLOT_DROPPED)
            .await
            .while_doing("reading why the slot is gone")?;
        if !dropped.is_empty() || !wait.rest().await {
            return Ok(dropped.into_iter().next());
        }
    }
}

pub(super) fn check_slot(
    request: &FollowRequest<'_>,
    slot: &SlotState,
    frontier: &StoredFrontier,
) -> Result<Lsn, Failure> {
    let name = &request.migration.slot_name;
    let again = anew(request.migration.direction);
    if slot.plugin != "pgoutput" {
        let message = format!("the slot {name} uses the plugin {}", slot.plugin);
        return Err(Failure::stopped(
            message,
            "It is not the slot of this migration.",
            again,
        ));
    }
    if slot.wal_status.as_deref() == Some("lost") {
        return Err(Failure::stopped(
            format!("the slot {name} has lost WAL that was not read yet"),
            "The source has removed it, by max_slot_wal_keep_size or a time-out.",
            format!("raise max_slot_wal_keep_size on the source, then {again}"),
        ));
    }
    match slot.confirmed_flush {
        Some(confirmed) if confirmed > frontier.lsn => Err(Failure::stopped(
            format!("the slot {name} is confirmed up to {confirmed}, beyond the applied LSN"),
            format!(
                "The applied LSN is {}. Changes between the two will not be sent: the slot was advanced or made \
                 anew by someone else, or the target was set back to an older state.",
                frontier.lsn
            ),
            again,
        )),
        Some(confirmed)
            if frontier
                .anchor
                .is_some_and(|anchor| confirmed > anchor.commit_lsn) =>
        {
            Err(Failure::stopped(
                format!(
                    "the slot {name} is confirmed up to {confirmed}, beyond the latest transaction that the target remembers"
                ),
                "That transaction will not be sent again, so that it cannot be told whether the source was set back: the slot \
                 was advanced or made anew by someone else, or the target was set back to an older state.",
                again,
            ))
        }
        confirmed => Ok(confirmed.unwrap_or(Lsn::ZERO)),
    }
}
