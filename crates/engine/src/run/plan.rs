//! What a run would do, found out by the code that does it, without writing anything on either side.
//!
//! Tables, parts and formats come from the load's own planning, what the target would not get from
//! the decisions over a dump taken now, blockers from the assessment that a run begins with. For a
//! migration that is under way, what is written on the target is the plan.

use serde::Serialize;
use transhume_core::{
    finding::{Finding, Severity},
    phase::Phase,
    selection::{Selection, Selector},
    table::{Persistence, Table},
};
use transhume_pg::{
    catalog::tables::tables,
    connection::session::Session,
    schema::dump::Programs,
    state::{
        archive,
        load::{plan as written, progress},
        migration::Migration,
        runner,
    },
};

use super::{RunOptions, selected::refuse_other_selection};
use crate::{
    assess::{self, Assessment},
    door::{self, Past},
    endpoints::{Endpoints, replica_role},
    error::{Doing, Result},
    load::{self, build_progress, load_progress},
    prepare::publishing::published_tables,
    report::{BuildProgress, LoadProgress, Reporter},
    schema,
    selection::selector,
};

/// The plan. Field names are a stable face for scripts.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Plan {
    pub source: String,
    pub target: String,
    /// What a new migration is assessed by; none for one that goes on.
    pub assessment: Option<Assessment>,
    /// The migration that would be resumed; none: a new one.
    pub resuming: Option<Resuming>,
    pub programs: Option<ClientPrograms>,
    /// Changes are applied with `session_replication_role = replica`. Where not, triggers of the target are
    /// set aside and foreign keys held until the cutover.
    pub replica_role: bool,
    /// Tables of the source whose replica identity will be set to FULL.
    pub full_identities: Vec<String>,
    /// Nothing is made on the source and nothing followed.
    pub offline: bool,
    /// None: the name follows from the id, which is not chosen yet.
    pub publication: Option<String>,
    pub slot: Option<String>,
    pub published_tables: usize,
    pub tables: Vec<TablePlan>,
    pub loaders: u32,
    pub builders: u32,
    /// What the target does not get.
    pub left_out: Vec<LeftOut>,
    /// What the selection leaves without its needs.
    pub findings: Vec<Finding>,
}

/// How far the migration is that would go on.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Resuming {
    pub migration: String,
    pub phase: Phase,
    /// Another process runs it now: a second one would be refused.
    pub has_runner: bool,
    pub load: LoadProgress,
    pub build: BuildProgress,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ClientPrograms {
    pub version: String,
    pub directory: String,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct TablePlan {
    pub table: String,
    pub rows_estimate: i64,
    pub bytes: i64,
    pub parts: usize,
    pub parts_done: usize,
    pub format: String,
    pub format_reason: String,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct LeftOut {
    pub object: String,
    pub reason: String,
}

impl Plan {
    /// Why a run would refuse to begin.
    pub fn blockers(&self) -> Vec<Finding> {
        let assessed = self.assessment.iter().flat_map(Assessment::blockers);
        let others = self.findings.iter().cloned();
        assessed
            .chain(others.filter(|finding| finding.severity == Severity::Blocker))
            .collect()
    }
}

/// What `run` would do with these options now.
pub async fn plan(endpoints: &Endpoints, options: &RunOptions, reporter: &Reporter) -> Result<Plan> {
    let migration = door::look(endpoints, Past::Compared).await?;
    let target = endpoints.target_session("plan", "target").await?;
    let mut source = endpoints.source_session("plan", "source").await?;
    let mut selected = tables(&source).await.doing("reading the source's tables")?;
    let assessment = match &migration {
        Some(migration) => {
            refuse_other_selection(migration, options, &source).await?;
            None
        }
        None => Some(
            assess::assess(
                endpoints,
                &options.selection,
                options.programs.as_deref(),
                (options.depth, options.way()),
                reporter,
            )
            .await?,
        ),
    };
    let assessed = assessment.as_ref().map(|assessment| &assessment.prior.selection);
    let known = migration.as_ref().map(|known| &known.selection);
    let selection = known.or(assessed).unwrap_or(&options.selection).clone();
    let selector = selector(&selection)?;
    selected.retain(|table| table.moves_rows() && selector.selects(&table.name));
    let (counts, _) = load::worker_counts(&options.load, &source, &target).await?;
    let programs = Programs::find(
        options.programs.as_deref(),
        source.server_version().major(),
        target.server_version().major(),
    )
    .ok();
    let published = published_tables(&selected);
    let mut plan = Plan {
        source: endpoints.source.to_string(),
        target: endpoints.target.to_string(),
        assessment,
        resuming: resuming(&target, migration.as_ref()).await?,
        programs: programs.as_ref().map(client_programs),
        replica_role: replica_role(&target).await?,
        full_identities: full_identities(&published),
        offline: is_offline(migration.as_ref(), options),
        publication: migration.as_ref().map(|known| known.publication_name.clone()),
        slot: migration.as_ref().map(|known| known.slot_name.clone()),
        published_tables: published.len(),
        tables: table_plans(options, &source, &target, migration.is_some(), &selected).await?,
        loaders: counts.loaders,
        builders: counts.builders,
        left_out: unlogged(&selected),
        findings: Vec::new(),
    };
    if plan.blockers().is_empty()
        && let Some(programs) = &programs
    {
        let writes = migration.is_some();
        preview_schema(
            &mut plan,
            endpoints,
            programs,
            (&selection, &selector),
            (&mut source, &target),
            writes,
        )
        .await?;
    }
    Ok(plan)
}

fn is_offline(migration: Option<&Migration>, options: &RunOptions) -> bool {
    match migration {
        Some(known) if known.phase > Phase::Prepare => known.is_offline(),
        _ => options.offline,
    }
}

fn client_programs(programs: &Programs) -> ClientPrograms {
    let directory = programs.pg_dump.parent().unwrap_or(&programs.pg_dump);
    ClientPrograms {
        version: programs.version.to_string(),
        directory: directory.display().to_string(),
    }
}

fn full_identities(published: &[&Table]) -> Vec<String> {
    published
        .iter()
        .filter(|table| table.needs_full_identity())
        .map(|table| table.name.plain())
        .collect()
}

fn unlogged(selected: &[Table]) -> Vec<LeftOut> {
    selected
        .iter()
        .filter(|table| table.persistence == Persistence::Unlogged)
        .map(|table| LeftOut {
            object: format!("later changes of {}", table.name.plain()),
            reason: "it is unlogged: its rows are copied once, and no change of it is in the WAL".to_owned(),
        })
        .collect()
}

async fn resuming(target: &Session, migration: Option<&Migration>) -> Result<Option<Resuming>> {
    let Some(migration) = migration else {
        return Ok(None);
    };
    let progress = progress::progress(&**target).await.doing("reading the load")?;
    Ok(Some(Resuming {
        migration: migration.id.clone(),
        phase: migration.phase,
        has_runner: runner::is_locked(target).await.doing("looking for a runner")?,
        load: load_progress(&progress, 0),
        build: build_progress(&progress, Vec::new()),
    }))
}

/// As written on the target, or as the load would write it.
async fn table_plans(
    options: &RunOptions,
    source: &Session,
    target: &Session,
    has_state: bool,
    selected: &[Table],
) -> Result<Vec<TablePlan>> {
    if has_state && written::exists(&**target).await.doing("looking for a plan")? {
        let written = written::written(&**target).await.doing("reading the plan")?;
        return Ok(written.into_iter().map(of_written).collect());
    }
    let mut relations = load::relations(&options.load, source, target, selected).await?;
    relations.sort_by_key(|relation| std::cmp::Reverse(relation.bytes));
    Ok(relations
        .into_iter()
        .map(|relation| TablePlan {
            table: relation.name.plain(),
            rows_estimate: relation.rows_estimate,
            bytes: relation.bytes,
            parts: relation.parts.len(),
            parts_done: 0,
            format: relation.format.format.name().to_owned(),
            format_reason: relation.format.reason,
        })
        .collect())
}

fn of_written(relation: written::WrittenRelation) -> TablePlan {
    let count = |number: i64| usize::try_from(number).unwrap_or_default();
    TablePlan {
        table: relation.name.plain(),
        rows_estimate: relation.rows_estimate,
        bytes: relation.bytes,
        parts: count(relation.parts),
        parts_done: count(relation.parts_done),
        format: relation.format,
        format_reason: relation.format_reason,
    }
}

fn tried(assessment: Option<&Assessment>) -> Option<schema::Preview> {
    assessment.and_then(|assessment| assessment.prior.preview.clone())
}

/// What of the schema would be left out, or was.
async fn preview_schema(
    plan: &mut Plan,
    endpoints: &Endpoints,
    programs: &Programs,
    chosen: (&Selection, &Selector),
    (source, target): (&mut Session, &Session),
    has_state: bool,
) -> Result<()> {
    let is_dumped = has_state
        && archive::is_stored(&**target, archive::FIRST)
            .await
            .doing("looking for the schema archive")?;
    let left_out = if is_dumped {
        archive::left_out(&**target)
            .await
            .doing("reading what was left out")?
    } else if let Some(preview) = tried(plan.assessment.as_ref()) {
        // Its findings are among those of the assessment.
        preview.left_out
    } else {
        let preview = schema::preview(endpoints, programs, chosen, source, target).await?;
        plan.findings = preview.findings;
        preview.left_out
    };
    // The dump of a migration under way knows of its own publication too, which is no news.
    let own = plan.publication.clone();
    let objects = left_out
        .into_iter()
        .filter(|(object, _)| !own.as_ref().is_some_and(|name| object.contains(name)))
        .map(|(object, reason)| LeftOut { object, reason });
    plan.left_out.extend(objects);
    Ok(())
}
