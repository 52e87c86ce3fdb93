//! Which tables are compared, and which are not and why.

use transhume_core::{
    finding::Finding,
    roles::RoleMap,
    selection::{Selection, Selector},
    table::{Persistence, Table},
};
use transhume_pg::{
    catalog::tables::tables,
    connection::session::Session,
    state::{
        migration::Migration,
        verification::{self, Running},
    },
};
use transhume_wire::ident::QualifiedName;

use super::{Role, VerifyOptions, options::Settings, workers};
use crate::{
    error::{Doing, EngineError, Result},
    selection::selector,
};

pub(super) struct Scope {
    pub(super) selector: Selector,
    pub(super) roles: RoleMap,
    pub(super) tables: Vec<Table>,
    pub(super) not_compared: Vec<Finding>,
    /// The verification that is gone on with.
    pub(super) resumed: Option<i64>,
}

pub(super) async fn scope(
    source: &Session,
    target: &Session,
    migration: Option<&Migration>,
    options: &VerifyOptions,
) -> Result<Scope> {
    let selector = match migration {
        Some(migration) => selector(&migration.selection)?,
        None => Selector::everything(),
    };
    let mut selected = tables(source).await.doing("reading the source's tables")?;
    selected.retain(|table| table.moves_rows() && selector.selects(&table.name));
    narrow(&mut selected, &options.tables)?;
    // Without a migration nothing follows: unlogged tables are as good as others.
    let (tables, unlogged): (Vec<_>, Vec<_>) = selected
        .into_iter()
        .partition(|table| migration.is_none() || table.persistence == Persistence::Permanent);
    let roles = match migration {
        Some(migration) => migration.selection.roles.clone(),
        None => options.roles.clone(),
    };
    let mut scope = Scope {
        selector,
        roles,
        tables,
        not_compared: unlogged.iter().map(|table| unlogged_table(&table.name)).collect(),
        resumed: None,
    };
    if migration.is_some() && options.role == Role::Resumes {
        resume(target, &mut scope).await?;
    }
    Ok(scope)
}

/// Keeps what the patterns name; one that names nothing is most likely a slip.
fn narrow(tables: &mut Vec<Table>, patterns: &[String]) -> Result<()> {
    if patterns.is_empty() {
        return Ok(());
    }
    let selection = Selection {
        include: patterns.to_vec(),
        ..Selection::default()
    };
    let selector = selection
        .selector()
        .map_err(|error| EngineError::refused(error.to_string(), "see --help for the form of patterns"))?;
    let names: Vec<QualifiedName> = tables.iter().map(|table| table.name.clone()).collect();
    if let [first, ..] = selector.unmatched(&names).as_slice() {
        return Err(EngineError::refused(
            format!("no table to compare matches \"{first}\""),
            "name tables as schema.table; * and ? stand for any letters and one letter",
        ));
    }
    tables.retain(|table| selector.selects(&table.name));
    Ok(())
}

/// Goes on where the last one ended early: tables that have a result keep it.
async fn resume(target: &Session, scope: &mut Scope) -> Result<()> {
    let running: Option<Running<Settings>> = verification::running(target)
        .await
        .doing("reading the last verification")?;
    let Some(running) = running else {
        return Err(EngineError::refused(
            "the last verification ended; there is nothing to resume",
            "run \"transhume verify\" without --resume",
        ));
    };
    if workers::is_alive(target, &running).await? {
        return Err(EngineError::refused(
            "the last verification is still running",
            "help it with \"transhume verify --join\", or wait for its end",
        ));
    }
    let results = verification::table_results(target, running.id)
        .await
        .doing("reading what was compared")?;
    let has_result = |table: &Table| {
        results
            .iter()
            .any(|result| result.name == table.name && result.equal.is_some())
    };
    scope.tables.retain(|table| !has_result(table));
    scope.resumed = Some(running.id);
    Ok(())
}

fn unlogged_table(table: &QualifiedName) -> Finding {
    Finding::warning(
        "not-compared",
        &table.plain(),
        "an unlogged table never reaches the stream: the target holds its rows as they were loaded",
        format!("copy {table} again at the cutover, or empty it there if its rows may be lost"),
    )
}
