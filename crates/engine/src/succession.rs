//! Whether the source that answers is still the one of the migration: asked before any work is done with it.
//!
//! Core judges; this asks both servers, takes a promoted source up where it continues, and words the rest as an error. A
//! standby, or a server that is just being promoted, is an error that passes by itself.

use transhume_core::{
    guard::succession::{self, RememberedSource, ServerStanding, Succession},
    phase::Phase,
};
use transhume_pg::{
    connection::{
        error::PgError,
        names,
        raw::{Mode, RawConnection},
        session::Session,
    },
    guard::standing,
    state::{
        history,
        migration::{self, Migration},
    },
};
use transhume_wire::timeline::TimelineHistory;

use crate::{
    endpoints::{Endpoints, Sessions},
    error::{Doing, EngineError, Result},
    prepare::identity::source_identity,
    report::Reporter,
};

const ASKING: &str = "asking the source which server it is";

/// The source as it is now, where the migration may go on with it.
pub(crate) struct KnownSource {
    pub(crate) system: String,
    /// The timeline that its LSNs belong to.
    pub(crate) timeline: i32,
}

/// Judges the source by what the target remembers now, which an earlier promotion may have changed since the
/// caller read it.
pub(crate) async fn known(
    endpoints: &Endpoints,
    Sessions { source, target }: Sessions<'_>,
    reporter: &Reporter,
) -> Result<KnownSource> {
    let migration = migration::read(target)
        .await
        .doing("reading the migration")?
        .ok_or_else(|| {
            EngineError::stopped("the migration was removed meanwhile", "", "nothing is left to do")
        })?;
    let standing = standing::standing(source, &migration.slot_name)
        .await
        .doing(ASKING)?;
    let system = match &standing.system {
        Some(system) => system.clone(),
        None => source_identity(endpoints, source).await?.system,
    };
    let timeline = match compare(endpoints, &migration, &standing, &system).await? {
        Succession::Standby => return Err(standby(source)),
        Succession::Continues {
            timeline,
            switch_point,
        } => {
            take_up(target, &migration, timeline, reporter).await?;
            reporter.step(format!(
                "the source failed over at {switch_point}: {} is on timeline {timeline}, has everything that was applied and the \
                 slot; going on from it",
                source.endpoint()
            ));
            timeline
        }
        _ => migration.identity.timeline,
    };
    Ok(KnownSource { system, timeline })
}

/// What the source is to this migration; an error where nothing may go on with it. Changes nothing.
pub(crate) async fn compare(
    endpoints: &Endpoints,
    migration: &Migration,
    standing: &ServerStanding,
    system: &str,
) -> Result<Succession> {
    let succession = judged(endpoints, migration, standing, system).await?;
    refuse(endpoints, migration, succession)
}

/// The same for a migration that is given up: a promoted server with which nothing goes on is still the one to be tidied.
pub(crate) async fn compare_to_leave(
    endpoints: &Endpoints,
    migration: &Migration,
    standing: &ServerStanding,
    system: &str,
) -> Result<Succession> {
    match judged(endpoints, migration, standing, system).await? {
        left @ (Succession::SetBack { .. } | Succession::SlotUnusable { .. }) => Ok(left),
        other => refuse(endpoints, migration, other),
    }
}

async fn judged(
    endpoints: &Endpoints,
    migration: &Migration,
    standing: &ServerStanding,
    system: &str,
) -> Result<Succession> {
    if migration.phase == Phase::Done {
        // Nobody follows it any more, and its slot is dropped. Whether it lacks what was brought back to it since is seen by the stream
        // that leads to it.
        return Ok(Succession::Same);
    }
    let remembered = remembered(migration);
    let timeline = standing
        .timeline
        .filter(|_| succession::needs_history(&remembered, standing));
    let history = match timeline {
        Some(timeline) => Some(history_of(endpoints, migration, timeline).await?),
        None => None,
    };
    Ok(succession::judge(&remembered, system, standing, history.as_ref()))
}

fn refuse(endpoints: &Endpoints, migration: &Migration, succession: Succession) -> Result<Succession> {
    match succession::refusal(&remembered(migration), &succession) {
        None => Ok(succession),
        Some([message, detail, hint]) => Err(EngineError::stopped(
            format!("{message}: {}", endpoints.source),
            detail,
            hint,
        )),
    }
}

/// What the target remembers of its source.
pub(crate) fn remembered(migration: &Migration) -> RememberedSource<'_> {
    RememberedSource {
        system: &migration.identity.system,
        timeline: migration.identity.timeline,
        database_oid: migration.identity.database_oid,
        database: &migration.identity.database,
        slot: &migration.slot_name,
        direction: migration.direction,
        applied: migration.frontier,
        loaded: migration.loaded,
    }
}

async fn history_of(endpoints: &Endpoints, migration: &Migration, timeline: i32) -> Result<TimelineHistory> {
    let doing = "asking the source for the history of its timeline";
    let name = names::application_name(&migration.id, "identify");
    let mut connection = RawConnection::connect(&endpoints.source, &name, Mode::Replication)
        .await
        .doing(doing)?;
    let history = standing::history(&mut connection, timeline).await.doing(doing)?;
    connection.close().await;
    Ok(history)
}

/// From here on the positions of the new timeline are the source's.
async fn take_up(target: &Session, migration: &Migration, timeline: i32, reporter: &Reporter) -> Result<()> {
    let before = migration.identity.timeline;
    let moved = migration::set_timeline(target, before, timeline)
        .await
        .doing("recording that the source failed over")?;
    if !moved {
        reporter.step("the fail-over of the source was taken up by another process");
        return Ok(());
    }
    let detail = serde_json::json!({
        "timeline": timeline, "before": before, "frontier": migration.frontier,
    });
    history::add(&**target, "source failed over", &detail)
        .await
        .doing("recording that the source failed over")
}

/// As a connection that is lost: whoever meets it tries again, until the server takes writes or another one answers.
fn standby(source: &Session) -> EngineError {
    EngineError::Server {
        doing: ASKING.to_owned(),
        source: PgError::Lost {
            endpoint: source.endpoint().to_owned(),
            reason: "it is a standby now, and is waited for until it is promoted or the primary answers"
                .to_owned(),
        },
    }
}
