//! Replica identity FULL for tables that have none, so that the application's UPDATE and DELETE
//! do not fail once the table is published.

use transhume_core::table::Table;

use crate::{
    connection::{error::PgError, session::Session},
    state::undo::{FormerIdentity, Undo},
};

/// How long the short exclusive lock on a table may be waited for; writers queue behind it meanwhile.
const LOCK_TIMEOUT_MILLISECONDS: u32 = 2_000;

/// The statement that makes the old rows of `table` wholly part of the stream.
pub fn set_full_statement(table: &Table) -> String {
    format!("alter table only {} replica identity full", table.name)
}

/// What brings back what `table` had.
pub fn restore(table: &Table) -> Undo {
    Undo::RestoreIdentity {
        table: table.name.clone(),
        identity: FormerIdentity::of(table),
    }
}

/// Runs one of the statements above, giving up when the lock is not had in time.
pub async fn alter(source: &mut Session, statement: &str) -> Result<(), PgError> {
    let transaction = source.transaction().await?;
    transaction
        .batch_execute(&format!("set local lock_timeout = {LOCK_TIMEOUT_MILLISECONDS}"))
        .await?;
    transaction.batch_execute(statement).await?;
    Ok(transaction.commit().await?)
}
