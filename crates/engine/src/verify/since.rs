//! `--mode since-last`: what need not be compared, since nothing has changed it since it was found equal.
//!
//! All of it is asked under the frozen pair, so that it is true at exactly the position that the rest is compared at.
//! What somebody else writes on the target is not in it, and that is said.

use std::collections::BTreeMap;

use transhume_core::{sides::Sides, table::Table, verify::rows::changed::KnownTable};
use transhume_pg::{state::verification, verify::rows::shapes};
use transhume_wire::ident::QualifiedName;

use super::{Mode, Verifier, frozen::FrozenPair};
use crate::error::{Doing, Result};

impl Verifier<'_> {
    /// Each table as this pair shows it; none where nothing is remembered of the outcome.
    pub(super) async fn known(&self, frozen: &FrozenPair) -> Result<BTreeMap<QualifiedName, KnownTable>> {
        let remembers = matches!(self.options.mode, Mode::Full | Mode::SinceLast);
        let Some(migration) = self.migration.as_ref().filter(|_| remembers) else {
            return Ok(BTreeMap::new());
        };
        let publication = &migration.publication_name;
        let source = shapes(frozen.source.session(), publication)
            .await
            .doing("reading the columns of the source's tables")?;
        let target = shapes(frozen.target.session(), publication)
            .await
            .doing("reading the columns of the target's tables")?;
        let shapes = Sides {
            source: &source,
            target: &target,
        };
        verification::known(frozen.target.session(), shapes)
            .await
            .doing("reading which tables have changed")
    }

    /// Takes out of `waiting` what has not changed since it was found equal, and gives their names.
    pub(super) fn leave_out_unchanged(
        &self,
        waiting: &mut Vec<Table>,
        known: &BTreeMap<QualifiedName, KnownTable>,
    ) -> Vec<QualifiedName> {
        if self.options.mode != Mode::SinceLast {
            return Vec::new();
        }
        let is_unchanged = |table: &mut Table| known.get(&table.name).is_some_and(KnownTable::is_unchanged);
        waiting
            .extract_if(.., is_unchanged)
            .map(|table| table.name)
            .collect()
    }
}
