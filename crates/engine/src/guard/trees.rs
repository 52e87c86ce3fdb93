//! Partitioned tables that were made on the source, where schema changes are replicated.
//!
//! A partition alone cannot join where what it belongs to is not on the target. So the uppermost table that is missing there is
//! asked for, with all that is below it, once for all of them.

use std::time::Instant;

use transhume_core::{
    command::Command,
    guard::schema::{ChangeKind, SchemaChange},
    shell,
};
use transhume_pg::{
    catalog::tables::{above, existing, with_partitions},
    connection::error::PgError,
    state::command,
};
use transhume_wire::ident::QualifiedName;

use super::{Ends, Guard, schemas::Schemas};

impl Guard<'_> {
    /// Then its tree is asked for.
    pub(super) async fn is_of_new_tree(
        &mut self,
        ends: &Ends,
        now: &Schemas,
        change: &SchemaChange,
    ) -> Result<bool, PgError> {
        let ChangeKind::TableNew { partition: Some(_) } = &change.kind else {
            return Ok(false);
        };
        let above = above(&ends.source, change.oid).await?;
        let names: Vec<QualifiedName> = above.iter().map(|(_, name)| name.clone()).collect();
        let there = existing(&ends.target, &names).await?;
        let Some((oid, name)) = above.into_iter().find(|(_, name)| !there.contains(name)) else {
            return Ok(false);
        };
        if !self.asked_for.is_due(oid, Instant::now()) {
            return Ok(true);
        }
        // One that is followed already is attached by itself.
        let mut members = with_partitions(&ends.source, &[oid]).await?;
        members.retain(|member| !now.followed.iter().any(|table| table.oid == *member));
        self.joining.extend(&members);
        command::request(&ends.target, Command::Add(members), None).await?;
        let statement = format!("transhume table add {}", shell::word(&name.plain()));
        self.carried(ends, &name, &statement).await?;
        Ok(true)
    }
}
