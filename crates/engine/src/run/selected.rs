//! The selection that a migration began with, and what may be decided anew: what is left out, what roles are called.

use transhume_core::selection::Selection;
use transhume_pg::{
    catalog::tables::names_of_tables,
    connection::session::Session,
    state::{addition, migration::Migration},
};

use super::RunOptions;
use crate::{
    error::{Doing, EngineError, Result},
    selection::bad_pattern,
};

/// What the target refused in the trial stands by its name, so that every later step leaves out the same.
pub(super) fn with_refused(selection: &Selection, refused: &[String]) -> Selection {
    let mut decided = selection.clone();
    decided.leave_out.extend(refused.iter().cloned());
    decided
}

/// What the operator leaves out from now on, and what roles are called, is kept with the migration.
pub(super) async fn decide(target: &Session, migration: &mut Migration, selection: &Selection) -> Result<()> {
    if migration.selection.decides_as(selection) {
        return Ok(());
    }
    migration.selection = migration.selection.deciding_too(selection);
    addition::set_selection(&**target, &migration.selection)
        .await
        .doing("keeping what is left out")
}

/// The state on the target belongs to this selection.
pub(super) async fn refuse_other_selection(
    migration: &Migration,
    options: &RunOptions,
    source: &Session,
) -> Result<()> {
    if options.selection.has_no_patterns() {
        return Ok(());
    }
    let present = names_of_tables(source)
        .await
        .doing("reading the source's tables")?;
    let names: Vec<_> = present.into_iter().map(|(_, name)| name).collect();
    let is_resumed = migration.selection.is_resumed_by(&options.selection, &names);
    if is_resumed.map_err(|error| bad_pattern(&error))? {
        return Ok(());
    }
    Err(EngineError::refused(
        "the selection differs from the one this migration began with",
        "run without include and exclude, or with the same ones; \"transhume table add\" takes further tables in",
    ))
}
