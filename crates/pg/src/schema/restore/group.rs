//! Executing a script's pieces and recording them, in one transaction.
//!
//! Invariant: the objects of a group and its `restored` rows commit together, so that a kill at any
//! moment leaves either both or neither.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio_postgres::Client;

use super::Script;
use crate::{
    connection::error::PgError,
    state::archive::{self, Disposition, Item},
};

/// Pieces under way at once: enough to hide a round trip of tens of milliseconds, few enough that the
/// answers of a failed group are quickly drained.
const PIPELINED: usize = 64;

/// Why a group was rolled back.
#[derive(Debug)]
pub struct GroupError {
    /// The entry whose SQL failed; none where the transaction itself did.
    pub dump_id: Option<i32>,
    pub source: PgError,
}

impl From<tokio_postgres::Error> for GroupError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self {
            dump_id: None,
            source: error.into(),
        }
    }
}

/// Restores all pieces or none. Changes settings of the session as the script wants: use a session
/// of its own for restoring.
pub async fn restore_group(
    target: &mut Client,
    script: &Script,
    archive_number: i32,
    items: &[Item<'_>],
) -> Result<(), GroupError> {
    let transaction = target.transaction().await?;
    transaction.batch_execute(&script.prologue).await?;
    {
        let client = &transaction;
        // The first error in order is the cause; all later pieces fail in the aborted transaction.
        stream::iter(&script.pieces)
            .map(|piece| async move {
                client
                    .batch_execute(&piece.sql)
                    .await
                    .map_err(|error| GroupError {
                        dump_id: Some(piece.dump_id),
                        source: error.into(),
                    })
            })
            .buffered(PIPELINED)
            .try_collect::<()>()
            .await?;
    }
    archive::record(&transaction, archive_number, Disposition::Restored, items)
        .await
        .map_err(|source| GroupError {
            dump_id: None,
            source,
        })?;
    Ok(transaction.commit().await?)
}
