//! What statements altered of tables that could not be altered then: they were about to take their rows in.

use transhume_core::{
    guard::schema::{DescribedTable, Reached},
    load::RelationState,
};
use transhume_pg::{
    connection::error::PgError,
    follow::apply::{described, settle},
};
use transhume_wire::lsn::Lsn;

use super::{Ends, Guard, schemas::Schemas};

impl Guard<'_> {
    /// Where schema changes are replicated. What the stream brings of a table that has joined is done by it: only what it has
    /// brought before is done here.
    pub(super) async fn settle(
        &mut self,
        ends: &Ends,
        now: &Schemas,
        (seen_at, reached): (Lsn, Reached),
    ) -> Result<(), PgError> {
        let is_loaded = |oid: &u32| {
            let mut all = now.followed.iter();
            all.any(|table| table.oid == *oid && table.state == RelationState::Loaded)
        };
        let followed = now.followed.iter().map(|table| table.oid);
        self.joining.extend(followed.filter(|oid| !is_loaded(oid)));
        let loaded: Vec<u32> = self.joining.iter().copied().filter(is_loaded).collect();
        let seen = described(&ends.source, &loaded).await?;
        // It was dropped since.
        let is_gone = |oid: &u32| loaded.contains(oid) && !seen.iter().any(|it| it.facts.oid == *oid);
        self.joining.retain(|oid| !is_gone(oid));
        let of_itself = |it: &DescribedTable| loaded.contains(&it.facts.oid);
        let seen = seen.into_iter().filter(of_itself);
        let seen = seen.map(|it| (it.facts.oid, it)).collect();
        for (oid, left) in self.joined.take(seen, seen_at, reached) {
            if let Some(table) = now.followed.iter().find(|table| table.oid == oid) {
                settle(&ends.source, &ends.target, (table, &left)).await?;
            }
            self.joining.remove(&oid);
        }
        Ok(())
    }
}
