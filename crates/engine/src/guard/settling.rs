//! What statements altered of tables that were about to join.

use transhume_core::load::RelationState;
use transhume_pg::{connection::error::PgError, follow::apply::settle_objects};

use super::{Ends, Guard, schemas::Schemas};

impl Guard<'_> {
    /// Where schema changes are replicated.
    pub(super) async fn settle(&mut self, ends: &Ends, now: &Schemas) -> Result<(), PgError> {
        if !self.replicates {
            return Ok(());
        }
        for table in &now.followed {
            let target = table.remembered.as_ref().and_then(|it| it.target.as_ref());
            if let Some(target) = target.filter(|_| table.state == RelationState::Loaded)
                && self.joining.remove(&table.oid)
            {
                settle_objects(&ends.source, &ends.target, (table.oid, target.oid)).await?;
            }
        }
        Ok(())
    }
}
