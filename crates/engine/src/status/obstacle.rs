//! Why the stream could not go on from here: asked of the source at the time of asking, since nobody may have tried.
//!
//! A run finds the same and stops with it. Refuses to believe a slot that seems too far ahead before the applied LSN was read
//! again: a runner moves both while they are looked at.

use transhume_core::{
    finding::Finding,
    guard::succession::{ServerStanding, lost_slot_on},
    phase::Phase,
};
use transhume_pg::{
    connection::session::Session,
    guard::standing,
    state::migration::{self, Migration},
};

use crate::{
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    stopped, succession,
};

const SOURCE_CHANGED: &str = "source-changed";
const SLOT_UNUSABLE: &str = "slot-unusable";

/// Adds what was seen just now. A stop of the last run that has met the same is left out: one cause is told once.
pub(super) fn tell(seen: Option<Finding>, findings: &mut Vec<Finding>) {
    let Some(seen) = seen else { return };
    findings.retain(|finding| !(finding.code == stopped::CODE && is_about(finding, &seen)));
    findings.push(seen);
}

/// Both come from the same judgement, whose words a stop keeps behind its time.
fn is_about(stop: &Finding, seen: &Finding) -> bool {
    let (cause, _) = seen.message.split_once(';').unwrap_or((&seen.message, ""));
    stop.message.contains(cause)
}

/// None where it can go on, where there is no stream yet, and once a cutover has begun to end it.
pub(super) async fn obstacle(
    endpoints: &Endpoints,
    source: &Session,
    migration: &Migration,
) -> Result<Option<Finding>> {
    if migration.consistent_point.is_none() || migration.phase >= Phase::Cutover {
        return Ok(None);
    }
    let Some(found) = look(endpoints, source, migration).await? else {
        return Ok(None);
    };
    // As it is now: what was read before may be older than what the slot shows.
    let target = endpoints.target_session(&migration.id, "status").await?;
    let now = migration::read(&target).await.doing("reading the migration")?;
    match now {
        Some(now) if now.phase < Phase::Cutover && now.frontier != migration.frontier => {
            look(endpoints, source, &now).await
        }
        Some(now) if now.phase < Phase::Cutover => Ok(Some(found)),
        _ => Ok(None),
    }
}

async fn look(endpoints: &Endpoints, source: &Session, migration: &Migration) -> Result<Option<Finding>> {
    let standing = standing::standing(source, &migration.slot_name)
        .await
        .doing("asking the source which server it is")?;
    let system = standing.system.as_ref().unwrap_or(&migration.identity.system);
    match succession::compare(endpoints, migration, &standing, system).await {
        Ok(_) if standing.in_recovery => Ok(None),
        Ok(_) => Ok(slot_lost(migration, &standing)),
        Err(EngineError::Stopped {
            message,
            detail,
            hint,
        }) => Ok(Some(Finding::blocker(
            SOURCE_CHANGED,
            "",
            format!("{message}. {detail}"),
            hint,
        ))),
        Err(error) => Err(error),
    }
}

fn slot_lost(migration: &Migration, standing: &ServerStanding) -> Option<Finding> {
    let [message, remedy] = lost_slot_on(&succession::remembered(migration), standing.slot.as_ref())?;
    Some(Finding::blocker(
        SLOT_UNUSABLE,
        &migration.slot_name,
        message,
        remedy,
    ))
}
