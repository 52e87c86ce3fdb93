//! `pause` and `resume`: letting the source rest during the full load, from any machine.
//!
//! A pause is a row on the target that every loader looks for before it claims a part; it needs no
//! runner and outlives every process. What does not read from the source goes on.

use serde::Serialize;
use transhume_core::phase::Phase;
use transhume_pg::{
    connection::{conninfo::ConnectionSettings, session::Session},
    state::command,
};

use crate::{
    door,
    error::{Doing, EngineError, Result},
};

/// How the load stands after the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Pausing {
    pub paused: bool,
    /// It was not so before.
    pub changed: bool,
}

/// Lets loaders finish the parts that they copy, and take up none until [`resume`].
pub async fn pause(target: &ConnectionSettings) -> Result<Pausing> {
    let (session, phase) = opened(target).await?;
    if phase > Phase::FullLoad {
        return Err(EngineError::refused(
            format!("the full load is over: the migration is in phase {phase}"),
            "to stop following for a while, end the runner; \"transhume run\" continues",
        ));
    }
    let changed = command::pause(&session, "").await.doing("pausing the load")?;
    Ok(Pausing {
        paused: true,
        changed,
    })
}

pub async fn resume(target: &ConnectionSettings) -> Result<Pausing> {
    let (session, _) = opened(target).await?;
    let changed = command::resume(&session).await.doing("resuming the load")?;
    Ok(Pausing {
        paused: false,
        changed,
    })
}

async fn opened(target: &ConnectionSettings) -> Result<(Session, Phase)> {
    let (session, migration) = door::enter_target(target, "pause").await?;
    Ok((session, migration.phase))
}
