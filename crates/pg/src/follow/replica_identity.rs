//! Replica identity FULL for tables that have none, so that the application's UPDATE and DELETE
//! do not fail once the table is published.

use transhume_core::table::{ReplicaIdentity, Table};
use transhume_wire::ident::quote_identifier;

use crate::connection::{error::PgError, session::Session};

/// How long the short exclusive lock on a table may be waited for; writers queue behind it meanwhile.
const LOCK_TIMEOUT_MILLISECONDS: u32 = 2_000;

/// The statement that makes the old rows of `table` wholly part of the stream.
pub fn set_full_statement(table: &Table) -> String {
    format!("alter table only {} replica identity full", table.name)
}

/// The statement that brings back what `table` had. An identity whose index was dropped is none.
pub fn restore_statement(table: &Table) -> String {
    let former = match (table.replica_identity, &table.identity_index) {
        (ReplicaIdentity::Index, Some(index)) => format!("using index {}", quote_identifier(index)),
        (ReplicaIdentity::Index, None) | (ReplicaIdentity::Nothing, _) => "nothing".to_owned(),
        (ReplicaIdentity::Default | ReplicaIdentity::Full, _) => "default".to_owned(),
    };
    format!(
        "alter table if exists only {} replica identity {former}",
        table.name
    )
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
