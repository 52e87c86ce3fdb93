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

/// The run may word it otherwise, as it met it in the stream; the same slot with the same way out is the same cause.
fn is_about(stop: &Finding, seen: &Finding) -> bool {
    let names_it = !seen.object.is_empty() && stop.message.contains(&seen.object);
    stop.message.contains(&seen.message) || names_it && stop.remedy == seen.remedy
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_slot_is_told_once_and_another_stop_stays() {
        let stop = |message: &str, remedy: &str| Finding::blocker(stopped::CODE, "", message, remedy);
        let seen = || Finding::blocker(SLOT_UNUSABLE, "transhume_1", "the slot is gone", "start anew");
        let mut findings = vec![
            stop(
                "the run stopped: the slot transhume_1 does not exist",
                "start anew",
            ),
            stop(
                "the run stopped: the slot transhume_1 is in use",
                "end whoever reads it",
            ),
        ];
        tell(Some(seen()), &mut findings);
        let told: Vec<&str> = findings.iter().map(|finding| finding.remedy.as_str()).collect();
        assert_eq!(told, ["end whoever reads it", "start anew"]);
        tell(None, &mut findings);
        assert_eq!(findings.len(), 2);
    }
}
