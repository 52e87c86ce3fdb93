//! Taking up a request to add tables: whether they can join, and the first record of them.

use std::collections::HashSet;

use transhume_core::{
    count::counted,
    load::RelationState,
    schema::addition::{AddedTable, AdditionStep},
    table::{Placement, TableKind},
};
use transhume_pg::{
    catalog::tables::{existing, tables},
    state::{
        addition::{self, Addition},
        command::{self, Answer, Pending},
        finding, history,
        load::relations,
    },
};
use transhume_wire::ident::QualifiedName;

use super::{ORIGIN, REFUSED, all};
use crate::{
    error::{Doing, EngineError, Result},
    run::Run,
};

/// Writes down that these tables join the migration, or answers why not. Nothing may be applying.
pub(in crate::run) async fn take_up(run: &mut Run<'_>, request: &Pending, oids: &[u32]) -> Result<()> {
    let (added, reason) = asked_for(run, oids).await?;
    if let Some(reason) = reason {
        return command::answer(&run.target, request.id, &Answer::Failed(reason))
            .await
            .doing("answering a request");
    }
    let names: Vec<QualifiedName> = added.iter().map(|table| table.name.clone()).collect();
    let selection = run
        .migration
        .selection
        .with(&names)
        .map_err(|error| EngineError::refused(error.to_string(), "correct the selection"))?;
    let beginning = async {
        let transaction = run.target.transaction().await?;
        let number = addition::begin(&transaction, &added, &selection).await?;
        let plain: Vec<_> = names.iter().map(QualifiedName::plain).collect();
        history::add(
            &transaction,
            "tables join the migration",
            &serde_json::json!({ "tables": plain }),
        )
        .await?;
        finding::clear_object(&transaction, ORIGIN, REFUSED, &plain.join(", ")).await?;
        command::answer_within(&transaction, request.id, &Answer::Done(number.to_string())).await?;
        Ok(transaction.commit().await?)
    };
    beginning.await.doing("taking tables into the migration")?;
    run.reporter.step(format!(
        "{} taken into the migration",
        counted(names.len(), "table")
    ));
    Ok(())
}

/// The tables as the source has them, and a reason not to add them.
async fn asked_for(run: &Run<'_>, oids: &[u32]) -> Result<(Vec<AddedTable>, Option<String>)> {
    let mut wanted = tables(&run.source).await.doing("reading the source's tables")?;
    wanted.retain(|table| {
        oids.contains(&table.oid) && matches!(table.kind, TableKind::Ordinary | TableKind::Partitioned)
    });
    let added: Vec<AddedTable> = wanted
        .iter()
        .map(|table| AddedTable {
            oid: table.oid,
            name: table.name.clone(),
            holds_rows: table.moves_rows(),
            tree: match table.placement {
                Placement::Partition { tree, .. } if table.holds_rows() => Some(tree),
                _ => None,
            },
        })
        .collect();
    if added.len() < oids.len() {
        return Ok((
            added,
            Some("the source has one of these tables no more".to_owned()),
        ));
    }
    let reason = match member(run, oids).await? {
        Some(name) => Some(format!("{} is in the migration already", name.plain())),
        None => occupied(run, &added).await?.map(|name| {
            format!(
                "the target has a relation {} already: drop or rename it there",
                name.plain()
            )
        }),
    };
    Ok((added, reason))
}

/// One of these that the migration has, but for those that were set aside when an addition failed.
async fn member(run: &Run<'_>, oids: &[u32]) -> Result<Option<QualifiedName>> {
    let refused: HashSet<u32> = all(run)
        .await?
        .iter()
        .filter(|addition| addition.step == AdditionStep::Refused)
        .flat_map(Addition::oids)
        .collect();
    let relations = relations::all(&*run.target)
        .await
        .doing("reading the tables of the migration")?;
    let is_withdrawn = |relation: &relations::Relation| {
        relation.state == RelationState::Suspended && refused.contains(&relation.source_oid)
    };
    Ok(relations
        .into_iter()
        .find(|relation| oids.contains(&relation.source_oid) && !is_withdrawn(relation))
        .map(|relation| relation.name))
}

async fn occupied(run: &Run<'_>, added: &[AddedTable]) -> Result<Option<QualifiedName>> {
    let names: Vec<_> = added.iter().map(|table| table.name.clone()).collect();
    let found = existing(&run.target, &names)
        .await
        .doing("looking for these tables on the target")?;
    Ok(found.into_iter().next())
}
