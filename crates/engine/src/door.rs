//! The one door to the servers of a migration: both ends are compared with what it recorded before anything else is done.
//!
//! Every command passes here, but for the first assessment and a comparison without a migration. Compared are system,
//! database (OID and name) and the history of the timeline, for the target as for the source; no option passes over a
//! difference. What was found is pinned to the settings, so that every later connection is compared again, wherever its name
//! leads by then. Where nobody follows, the source is asked for the latest transaction that the target remembers.

use transhume_core::{
    direction::Direction,
    guard::succession::{ServerStanding, Succession},
};
use transhume_pg::{
    connection::{
        conninfo::ConnectionSettings, error::PgError, identity::Identity, names, place, session::Session,
    },
    guard::standing,
    state::{
        migration::{self, LAYOUT, Migration},
        runner,
    },
};

use crate::{
    endpoints::{Endpoints, Sessions},
    error::{Doing, EngineError, Result},
    follow::past,
    prepare::identity::source_identity,
    present::migration_on,
    succession,
};

/// Stands where the id of a migration would, before one is read.
const NAME: &str = "door";

/// Which setting an end comes from, the stronger first.
const CHECK: &str = "check both: --source and --target come before TRANSHUME_SOURCE and TRANSHUME_TARGET, and these before \
                     transhume.toml";

/// Whether the source's past is compared here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    Compared,
    /// By the stream that the command opens.
    Left,
    /// Only where the source has another address than at the beginning: giving a migration up is the way out where the
    /// source itself was set back, and a copy of it elsewhere is another server.
    ComparedElsewhere,
}

/// The migration on this target, whose ends these are.
pub(crate) async fn enter(endpoints: &Endpoints, past: Past) -> Result<Migration> {
    match look(endpoints, past).await? {
        Some(migration) => Ok(migration),
        // Says how to begin one.
        None => migration_on(&endpoints.target_session(NAME, NAME).await?).await,
    }
}

/// The same where there may be none yet.
pub(crate) async fn look(endpoints: &Endpoints, past: Past) -> Result<Option<Migration>> {
    let (source, target) = endpoints.sessions(NAME, NAME).await?;
    let migration = migration::read(&target).await.doing("reading the migration")?;
    let Some(migration) = migration else {
        refuse_mistaken(endpoints, &source, &target).await?;
        return Ok(None);
    };
    refuse_exchanged(endpoints, &migration)?;
    let sessions = Sessions::of(&source, &target);
    let is_compared = match past {
        Past::Compared | Past::Left => {
            admit(endpoints, &migration, sessions).await?;
            past == Past::Compared
        }
        Past::ComparedElsewhere => {
            // A fail-over explains another address, and its history was read.
            let succession = admit_to_leave(endpoints, &migration, sessions).await?;
            succession == Succession::Same && !has_same_address(&endpoints.source, &migration.source_label)
        }
    };
    refuse_standbys(&source, &target)?;
    if is_compared {
        let followed = runner::is_locked(&target).await.doing("looking for a runner")?;
        past::examine(endpoints, &migration, Sessions::of(&source, &target), followed).await?;
    }
    Ok(Some(migration))
}

/// Whatever role connects.
fn has_same_address(given: &ConnectionSettings, label: &str) -> bool {
    let address = |text: &str| text.rsplit_once('@').map(|(_, address)| address.to_owned());
    address(&given.to_string()) == address(label)
}

/// Before an assessment, which tells of another migration on the target by itself.
pub(crate) async fn look_before_assessing(endpoints: &Endpoints) -> Result<()> {
    let target = endpoints.target_session(NAME, NAME).await?;
    match migration::read(&target).await {
        Ok(Some(migration)) => refuse_exchanged(endpoints, &migration),
        Ok(None) => {
            let source = endpoints.source_session(NAME, NAME).await?;
            refuse_mistaken(endpoints, &source, &target).await
        }
        Err(error) if migration::is_unreadable(&error) => Ok(()),
        Err(error) => Err(error).doing("reading the migration on the target"),
    }
}

/// The migration that a target holds, for the commands that ask nothing of the source.
pub(crate) async fn enter_target(settings: &ConnectionSettings, role: &str) -> Result<(Session, Migration)> {
    let target = Session::connect(settings, &names::application_name(role, role))
        .await
        .doing("connecting to the target")?;
    let migration = migration_on(&target).await?;
    compare_layout(&migration)?;
    compare_target(settings, &migration, &target).await?;
    Ok((target, migration))
}

/// Compares sessions that are open already.
pub(crate) async fn admit(
    endpoints: &Endpoints,
    migration: &Migration,
    sessions: Sessions<'_>,
) -> Result<()> {
    let (standing, system) = compare_ends(endpoints, migration, sessions).await?;
    // A promoted server is the same source where it goes on behind all that was applied.
    succession::compare(endpoints, migration, &standing, &system)
        .await
        .map(drop)
}

/// The same for a migration that is given up or finished.
pub(crate) async fn admit_to_leave(
    endpoints: &Endpoints,
    migration: &Migration,
    sessions: Sessions<'_>,
) -> Result<Succession> {
    let (standing, system) = compare_ends(endpoints, migration, sessions).await?;
    succession::compare_to_leave(endpoints, migration, &standing, &system).await
}

async fn compare_ends(
    endpoints: &Endpoints,
    migration: &Migration,
    Sessions { source, target }: Sessions<'_>,
) -> Result<(ServerStanding, String)> {
    compare_layout(migration)?;
    refuse_one_database(endpoints, source, target).await?;
    compare_target(&endpoints.target, migration, target).await?;
    compare_source(endpoints, migration, source).await
}

/// Neither takes writes: what is done to a standby would seem done, and be undone on the primary.
pub(crate) fn refuse_standbys(source: &Session, target: &Session) -> Result<()> {
    let standby = [(source, "source"), (target, "target")]
        .into_iter()
        .find(|(session, _)| session.is_standby());
    let Some((session, side)) = standby else {
        return Ok(());
    };
    Err(EngineError::refused(
        format!(
            "the {side} {} is a standby, which takes no writes; nothing was changed",
            session.endpoint()
        ),
        "name the primary, or wait until this one is promoted",
    ))
}

/// The source alone, for who only shows what it has: a fail-over is told elsewhere.
pub(crate) async fn admit_source(
    endpoints: &Endpoints,
    migration: &Migration,
    source: &Session,
) -> Result<()> {
    compare_source(endpoints, migration, source).await.map(drop)
}

/// The given target holds the reverse state: it is the old source.
pub(crate) fn refuse_exchanged(endpoints: &Endpoints, migration: &Migration) -> Result<()> {
    if migration.direction == Direction::Forward {
        return Ok(());
    }
    Err(EngineError::stopped(
        format!(
            "source and target are exchanged: {} is the old source of migration {}, whose target is {}",
            endpoints.target, migration.id, migration.source_label
        ),
        "Nothing was changed on either.",
        "give --source and --target as at the beginning, after a cutover too",
    ))
}

fn compare_layout(migration: &Migration) -> Result<()> {
    if migration.layout == LAYOUT {
        return Ok(());
    }
    Err(EngineError::refused(
        format!(
            "the target holds state of layout {}, this program knows {LAYOUT}",
            migration.layout
        ),
        "use the version of transhume that began this migration",
    ))
}

async fn compare_target(
    settings: &ConnectionSettings,
    migration: &Migration,
    target: &Session,
) -> Result<()> {
    let found = identity_of(target, "target").await?;
    if !migration.target.is_same(&found) {
        return Err(EngineError::stopped(
            format!(
                "the target {settings} is not the one that migration {} began with",
                migration.id
            ),
            format!(
                "It is {}; the migration began with {}. The state there was copied with the database that holds it.",
                found.in_words(),
                migration.target.in_words()
            ),
            CHECK,
        ));
    }
    pin(settings, "target", &found)
}

/// What the source is now, and its system.
async fn compare_source(
    endpoints: &Endpoints,
    migration: &Migration,
    source: &Session,
) -> Result<(ServerStanding, String)> {
    let recorded = migration.identity.database();
    let given = &endpoints.source;
    let standing = standing::standing(source, &migration.slot_name)
        .await
        .doing("identifying the source")?;
    let system = match &standing.system {
        Some(system) => system.clone(),
        None => source_identity(endpoints, source).await?.system,
    };
    let found = Identity {
        system: Some(system.clone()),
        database_oid: standing.database_oid,
        database: standing.database.clone(),
    };
    if !recorded.is_same(&found) {
        return Err(EngineError::stopped(
            format!(
                "the migration on {} belongs to another source, {}, not to {given}",
                endpoints.target, migration.source_label
            ),
            format!(
                "Its source is {}; {given} is {}.",
                recorded.in_words(),
                found.in_words()
            ),
            CHECK,
        ));
    }
    // What the sessions themselves cannot ask is not asked of each.
    let pinned = Identity {
        system: standing.system.clone(),
        ..found
    };
    pin(given, "source", &pinned)?;
    Ok((standing, system))
}

async fn refuse_one_database(endpoints: &Endpoints, source: &Session, target: &Session) -> Result<()> {
    let is_same = place::is_same_place(source, target)
        .await
        .doing("comparing source and target")?;
    if !is_same {
        return Ok(());
    }
    Err(EngineError::stopped(
        format!(
            "source and target are the same database: {} and {}",
            endpoints.source, endpoints.target
        ),
        "Nothing was changed.",
        CHECK,
    ))
}

/// Before there is a migration: the ends may be exchanged. That they are one database is found by the assessment.
async fn refuse_mistaken(endpoints: &Endpoints, source: &Session, target: &Session) -> Result<()> {
    let to = identity_of(target, "target").await?;
    // A schema of that name that is not ours says nothing; it is told of by the assessment.
    let held = match migration::read(source).await {
        Ok(held) => held,
        Err(error @ PgError::Untrusted { .. }) => {
            tracing::debug!("the source: {error}");
            None
        }
        Err(error) if migration::is_unreadable(&error) => None,
        Err(error) => return Err(error).doing("looking for a migration on the source"),
    };
    match held {
        Some(held) if held.identity.database().is_same(&to) => Err(EngineError::stopped(
            format!(
                "source and target are exchanged: {} is the source of migration {}, and {} is its target",
                endpoints.target, held.id, endpoints.source
            ),
            "Nothing was changed on either.",
            CHECK,
        )),
        _ => Ok(()),
    }
}

async fn identity_of(session: &Session, side: &str) -> Result<Identity> {
    migration::identity(&**session)
        .await
        .doing(format!("identifying the {side}"))
}

fn pin(settings: &ConnectionSettings, side: &'static str, identity: &Identity) -> Result<()> {
    if settings.pin_to(side, identity) {
        return Ok(());
    }
    Err(EngineError::stopped(
        format!("{settings} leads to another database than a moment ago"),
        format!("Its role in the migration is that of the {side}."),
        CHECK,
    ))
}
