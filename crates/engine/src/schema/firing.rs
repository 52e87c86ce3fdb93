//! Setting aside the triggers and rules of the target that would act a second time on what apply writes.
//!
//! What they do on the source arrives through the stream. Each table's are disabled in the transaction
//! that records how to bring them back; the cutover does.

use transhume_core::count::counted;
use transhume_pg::{
    connection::{error::PgError, session::Session},
    schema::firing::{Firing, firing},
    state::deviation::{self, NewDeviation, Side},
};

use super::SchemaWork;
use crate::error::{Doing, Result};

pub(super) async fn disable(work: &SchemaWork<'_>) -> Result<()> {
    let mut target = work.target().await?;
    let tables = firing(&**target, work.options.replica_role)
        .await
        .doing("looking for triggers on the target")?;
    let selected = tables
        .iter()
        .filter(|firing| work.selector.selects(&firing.table));
    let mut count = 0;
    for firing in selected {
        disable_on(&mut target, firing)
            .await
            .doing(format!("disabling the triggers of {}", firing.table.plain()))?;
        count += 1;
    }
    if count > 0 {
        work.reporter.step(format!(
            "triggers of {} disabled until the cutover",
            counted(count, "table")
        ));
    }
    Ok(())
}

async fn disable_on(target: &mut Session, firing: &Firing) -> std::result::Result<(), PgError> {
    let transaction = target.transaction().await?;
    let description = format!(
        "triggers and rules disabled while changes are applied: {}",
        firing.names.join(", ")
    );
    let new = NewDeviation {
        side: Side::Target,
        kind: deviation::TRIGGERS,
        object: &firing.table.to_string(),
        description: &description,
        undo: &firing.restore,
    };
    let id = deviation::intend(&transaction, &new).await?;
    for statement in &firing.disable {
        transaction.batch_execute(statement).await?;
    }
    deviation::made(&transaction, id).await?;
    Ok(transaction.commit().await?)
}
