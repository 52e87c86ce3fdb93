//! `table add`: tables of the source that join the migration while the rest is followed.

use transhume_core::{
    command::Command,
    load::RelationState,
    schema::addition::AdditionStep,
    selection::Selection,
    shell,
    table::{Placement, Table, TableKind},
};
use transhume_pg::{
    catalog::tables::{existing, tables, with_partitions},
    connection::session::Session,
    state::{
        addition::{self, Addition},
        command,
    },
};

use super::{LOOK_EVERY, TableStanding, all, await_taken_up, check_phase, require_runner};
use crate::{
    cancel::Cancellation,
    door::{self, Past},
    endpoints::Endpoints,
    error::{Doing, EngineError, Result},
    report::Reporter,
};

/// Tables that are to join.
#[derive(Debug, Clone)]
pub struct NewTables(Vec<Table>);

impl NewTables {
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|table| table.name.plain()).collect()
    }

    fn oids(&self) -> Vec<u32> {
        self.0.iter().map(|table| table.oid).collect()
    }
}

/// The tables of the source that these patterns name and that the migration has not, partitioned ones with all
/// their partitions.
pub async fn choose_new(endpoints: &Endpoints, patterns: &[String]) -> Result<NewTables> {
    let migration = door::enter(endpoints, Past::Compared).await?;
    let target = endpoints.target_session("table", "table").await?;
    check_phase(&target).await?;
    let source = endpoints.source_session(&migration.id, "table").await?;
    let selection = Selection {
        include: patterns.to_vec(),
        ..Selection::default()
    };
    let selector = selection
        .selector()
        .map_err(|error| EngineError::refused(error.to_string(), "correct the name"))?;
    let present = tables(&source).await.doing("reading the source's tables")?;
    let is_table = |table: &&Table| matches!(table.kind, TableKind::Ordinary | TableKind::Partitioned);
    let all_names: Vec<_> = present
        .iter()
        .filter(is_table)
        .map(|table| table.name.clone())
        .collect();
    if let Some(pattern) = selector.unmatched(&all_names).first() {
        return Err(EngineError::refused(
            format!("the source has no table \"{}\"", pattern.escape_debug()),
            "name tables as schema.table; * and ? stand for any letters",
        ));
    }
    let named: Vec<u32> = present
        .iter()
        .filter(is_table)
        .filter(|table| selector.selects(&table.name))
        .map(|table| table.oid)
        .collect();
    let chosen = with_partitions(&source, &named)
        .await
        .doing("reading the partitions")?;
    missing(&target, present, &chosen).await
}

/// Those of the chosen that the migration has not.
async fn missing(target: &Session, present: Vec<Table>, chosen: &[u32]) -> Result<NewTables> {
    let members: Vec<u32> = all(target)
        .await?
        .iter()
        .map(|relation| relation.source_oid)
        .collect();
    let joined: Vec<u32> = additions(target)
        .await?
        .iter()
        .filter(|addition| addition.step != AdditionStep::Refused)
        .flat_map(|addition| addition.tables.iter().map(|table| table.oid))
        .collect();
    let is_new = |table: &Table| {
        chosen.contains(&table.oid) && !members.contains(&table.oid) && !joined.contains(&table.oid)
    };
    let in_tree = |table: &&Table| match table.placement {
        Placement::Partition { tree, .. } => chosen.contains(&table.oid) && !chosen.contains(&tree),
        _ => false,
    };
    if let Some(partition) = present.iter().find(in_tree) {
        return Err(part_of_tree(&present, partition));
    }
    let mut missing: Vec<Table> = present.into_iter().filter(is_new).collect();
    // A partitioned table that the target has came with the migration's schema; new partitions join it.
    let roots = missing.iter().filter(|table| !table.holds_rows());
    let roots: Vec<_> = roots.map(|table| table.name.clone()).collect();
    let there = existing(target, &roots)
        .await
        .doing("looking for partitioned tables on the target")?;
    let is_moved = |table: &Table| match table.placement {
        Placement::Partition { tree, .. } => !members.contains(&tree),
        _ => true,
    };
    missing.retain(is_moved);
    missing.retain(|table| table.holds_rows() || !there.contains(&table.name));
    if missing.is_empty() {
        return Err(EngineError::refused(
            "the migration has these tables already",
            "see \"transhume status\"; \"transhume table reload\" loads a table anew",
        ));
    }
    Ok(NewTables(missing))
}

fn part_of_tree(present: &[Table], partition: &Table) -> EngineError {
    let tree = match partition.placement {
        Placement::Partition { tree, .. } => present.iter().find(|table| table.oid == tree),
        _ => None,
    };
    let tree = tree.unwrap_or(partition).name.plain();
    EngineError::refused(
        format!(
            "{} is a partition of {tree}, whose rows lie in other partitions on the target: it is moved as a whole",
            partition.name.plain()
        ),
        format!(
            "add {tree}; where the migration has it, make the partition on the target, then \"transhume table reload {}\"",
            shell::word(&tree)
        ),
    )
}

async fn additions(target: &Session) -> Result<Vec<Addition>> {
    addition::all(&**target).await.doing("reading the additions")
}

/// Asks the runner to take them in, and waits until they are followed.
pub async fn add(
    endpoints: &Endpoints,
    new: &NewTables,
    reporter: &Reporter,
    cancellation: &Cancellation,
) -> Result<Vec<TableStanding>> {
    let mut target = endpoints.target_session("table", "table").await?;
    check_phase(&target).await?;
    require_runner(&target).await?;
    let id = command::request(&target, Command::Add(new.oids()), None)
        .await
        .doing("asking the runner")?;
    let answer = await_taken_up(&mut target, id, reporter, cancellation).await?;
    reporter.step("the runner has taken the request up");
    loop {
        if let Some(standing) = standing(&target, &answer).await? {
            return Ok(standing);
        }
        require_runner(&target).await?;
        // The request stands; only nobody waits for it any more.
        cancellation.rest(LOOK_EVERY).await?;
    }
}

/// The tables once they are followed; none while that lasts.
async fn standing(target: &Session, number: &str) -> Result<Option<Vec<TableStanding>>> {
    let additions = additions(target).await?;
    let Some(addition) = additions
        .iter()
        .find(|addition| addition.number.to_string() == number)
    else {
        return Err(EngineError::stopped(
            "the addition is gone",
            "",
            "see \"transhume status\"",
        ));
    };
    if addition.step == AdditionStep::Refused {
        return Err(EngineError::stopped(
            format!("not added: {}", addition.message),
            "Nothing of these tables is left on the target; the rest of the migration continues.",
            "remedy the cause (see the finding in \"transhume status\"), then add them again",
        ));
    }
    let oids = addition.oids();
    let relations = all(target).await?;
    let relations = relations
        .into_iter()
        .filter(|relation| oids.contains(&relation.source_oid));
    let standing: Vec<_> = relations
        .map(|relation| TableStanding {
            table: relation.name,
            state: relation.state,
        })
        .collect();
    if let Some(failed) = standing
        .iter()
        .find(|table| table.state == RelationState::Suspended)
    {
        return Err(EngineError::stopped(
            format!("{} could not be loaded and is suspended", failed.table.plain()),
            "The rest of the migration continues.",
            "see the finding in \"transhume status\"",
        ));
    }
    Ok((addition.step == AdditionStep::Done).then_some(standing))
}
