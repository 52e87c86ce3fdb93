//! Large objects in the full load: planned in pieces beside the tables' parts, each piece one claim
//! and one transaction on the target.
//!
//! They are read as they are now, not under the load's snapshot: what changes later is in no stream
//! either way, so the cutover compares all of them and completes what differs.

use std::time::Instant;
use transhume_core::{count::counted, sqlstate};

use transhume_core::finding::{Finding, Remedy};
use transhume_pg::{
    catalog::ownership::{self, RoleAbility},
    connection::{error::PgError, session::Session},
    load::{
        large_objects::{self, CopyPace, UsedRole},
        part_copy,
    },
    state::load::large_objects::{self as state, ClaimedLargeObjects},
};
use transhume_wire::ident::quote_identifier;

use super::sessions::{Turn, WorkFailure, WorkerSessions};
use crate::error::{Doing, EngineError, Result};

/// Objects in a piece: ALTER, GRANT and COMMENT lock each of them until the commit, and the lock table
/// is shared by all sessions (6,400 locks by default).
const OBJECTS_IN_PIECE: i64 = 250;

/// OIDs of the source's large objects, in the pieces that are claimed.
pub(super) async fn pieces(source: &Session) -> Result<Vec<Vec<u32>>> {
    large_objects::pieces(source, OBJECTS_IN_PIECE)
        .await
        .doing("reading the source's large objects")
}

/// What the target's rights do not allow: one finding for each role.
pub(super) async fn findings(source: &Session, target: &Session) -> Result<Vec<Finding>> {
    let used = large_objects::used_roles(source)
        .await
        .doing("reading the owners of large objects")?;
    let names: Vec<String> = used.iter().map(|role| role.name.clone()).collect();
    let abilities = ownership::role_abilities(target, &names)
        .await
        .doing("reading the roles of the target")?;
    let ability = |name: &str| abilities.iter().find(|ability| ability.role == name);
    Ok(used
        .iter()
        .filter_map(|role| finding(role, ability(&role.name)?))
        .collect())
}

fn finding(used: &UsedRole, ability: &RoleAbility) -> Option<Finding> {
    let role = quote_identifier(&used.name);
    let objects = counted(used.objects, "large object");
    let (code, message) = match (used.is_owner, ability.exists) {
        (true, _) if ability.usable || ability.own => return None,
        (true, true) => (
            "large-object-owner",
            format!("{objects} of the source with owner {role}: this session's role is not a member of it"),
        ),
        (true, false) => (
            "large-object-owner",
            format!("{objects} of the source with owner {role}: that role does not exist on the target"),
        ),
        (false, true) => return None,
        (false, false) => (
            "large-object-grant",
            format!("{role} holds grants on {objects}; that role does not exist on the target"),
        ),
    };
    let remedy = match (used.is_owner, ability.exists) {
        (true, true) => format!("GRANT {role} TO CURRENT_USER"),
        (true, false) => format!("CREATE ROLE {role}; GRANT {role} TO CURRENT_USER"),
        (false, _) => format!("CREATE ROLE {role}"),
    };
    Some(Finding::warning(
        code,
        &used.name,
        message,
        Remedy::from("on the target, before the cutover, which then corrects them: ")
            .then(Remedy::run(remedy)),
    ))
}

/// Claims and copies one piece.
pub(super) async fn load_next(worker: &mut WorkerSessions) -> std::result::Result<Turn, WorkFailure> {
    let Some(piece) = claim(worker).await? else {
        return Ok(Turn::Nothing);
    };
    worker.found_work();
    let started = Instant::now();
    let shared = std::sync::Arc::clone(&worker.shared);
    let meter = shared.start_meter(worker.number);
    let pace = CopyPace {
        meter: &meter,
        limit: shared.limit.as_ref(),
    };
    let (source, target) = worker.both_now().await?;
    let copied = large_objects::copy(source, target, &piece.oids, pace)
        .await
        .map_err(|(side, error)| failure(side, error))?;
    let name = worker.name.clone();
    let target = worker.target().await?;
    let failed = |error| WorkFailure::target("completing large objects", error);
    let seconds = started.elapsed().as_secs_f64();
    if !state::mark_done(target, piece.id, copied, seconds, &name)
        .await
        .map_err(failed)?
    {
        return Err(WorkFailure::Stop(EngineError::stopped(
            "a piece that this process held was done by another",
            "Nothing was committed twice.",
            "this is a defect of transhume; please report it",
        )));
    }
    part_copy::commit(target).await.map_err(failed)?;
    worker.end_reading().await?;
    Ok(Turn::Did)
}

async fn claim(worker: &mut WorkerSessions) -> std::result::Result<Option<ClaimedLargeObjects>, WorkFailure> {
    let target = worker.target().await?;
    let claimed = async {
        part_copy::begin(target).await?;
        let piece = state::claim(target).await?;
        if piece.is_none() {
            part_copy::roll_back(target).await?;
        }
        Ok(piece)
    };
    claimed
        .await
        .map_err(|error| WorkFailure::target("claiming large objects", error))
}

fn failure(side: transhume_pg::load::copy::CopySide, error: PgError) -> WorkFailure {
    if error.sqlstate() == Some(sqlstate::UNIQUE_VIOLATION) {
        return WorkFailure::Stop(EngineError::stopped(
            format!("a large object of the source cannot keep its OID: {error}"),
            "The target holds another large object under that OID.",
            "remove the target's own large objects with lo_unlink, then run the same command again",
        ));
    }
    WorkFailure::Server {
        doing: "copying large objects".to_owned(),
        side,
        error,
    }
}
