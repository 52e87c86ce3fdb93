//! `transhume.build`: what the server refused to build, put off with its message so that all else continues.

use tokio_postgres::GenericClient;

use crate::{
    connection::{error::PgError, session::Session},
    state::held::{self, HeldBuild},
};

/// A build that waits for what it was refused for to be repaired.
#[derive(Debug, Clone)]
pub struct Refused {
    pub build: HeldBuild,
}

/// All of them, in the order in which they must be done.
pub async fn all(target: &Session) -> Result<Vec<Refused>, PgError> {
    let rows = target
        .query(include_str!("../sql/load/refused_builds.sql"), &[])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Refused {
                build: held::read(row)?,
            })
        })
        .collect()
}

/// Holds nobody up from now on.
pub async fn put_off(target: &impl GenericClient, id: i64, message: &str) -> Result<(), PgError> {
    target
        .execute(include_str!("../sql/load/put_build_off.sql"), &[&id, &message])
        .await?;
    Ok(())
}

/// Counts as done: what it would have made is not needed for correctness.
pub async fn leave(target: &impl GenericClient, id: i64) -> Result<(), PgError> {
    held::mark_done(target, &[id]).await
}

/// Each of these is claimed by itself from now on.
pub async fn separate(target: &impl GenericClient, ids: &[i64]) -> Result<(), PgError> {
    target
        .execute(
            "update transhume.build set together = false where id = any ($1)",
            &[&ids],
        )
        .await?;
    Ok(())
}
