//! `assess`: looks at both ends at once and says what stands in the way. Changes nothing.
//!
//! Reads catalogs, and tries what rights are for in transactions that are rolled back. What a
//! finding means is decided in core. A target that already holds this migration is no obstacle to itself.

mod observe;
mod recorded;
mod sample;
mod summary;
mod trial;

use std::path::Path;

use serde::Serialize;
use transhume_core::{
    assess::{
        capability::{Capabilities, SystemIdentity},
        concerns_the_stream, findings, is_of_the_source,
        observation::{AssessContext, Observed, SourceObservation, TargetObservation, Tools},
        parameter::ParameterDifference,
        platform::Platform,
    },
    finding::{Finding, Severity},
    selection::{Selection, Selector, Torn},
    sides::Sides,
    table::Table,
};
use transhume_pg::{
    catalog::tables::partitions_with_ancestors,
    connection::{conninfo::ConnectionSettings, error::PgError},
    schema::dump::Programs,
};

pub use self::recorded::{assess_recorded, script};
use self::summary::summarise;
use crate::{
    cutover::write_pause::Forecast,
    door,
    endpoints::Endpoints,
    error::{Doing, Result},
    report::Reporter,
    roles,
    schema::Preview,
    selection::{bad_pattern, selector},
};
pub use transhume_core::assess::forecast::{ForecastOutcome, MoveForecast};

/// What was found. Field names are a stable face for scripts.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Assessment {
    pub source: EndSummary,
    /// None where the source alone was looked at.
    pub target: Option<EndSummary>,
    pub estimate: Estimate,
    /// How long writers would wait at a cutover, once the target has caught up.
    pub write_pause: Forecast,
    /// How long load and builds will take, from a sample; null where there is little to move, or none was taken.
    pub forecast: Option<MoveForecast>,
    /// The target already holds this migration.
    pub resuming: bool,
    /// What the two servers differ in of what was set, by name.
    pub parameters: Vec<ParameterDifference>,
    /// Blockers, then warnings, then passes.
    pub findings: Vec<Finding>,
    /// All that hold rows, the largest first.
    #[serde(skip)]
    pub tables: Vec<AssessedTable>,
    #[serde(skip)]
    pub(crate) prior: Prior,
}

/// A table of the source, for whoever plans the move.
#[derive(Debug, Clone)]
pub struct AssessedTable {
    pub table: String,
    pub rows_estimate: i64,
    pub bytes: i64,
    /// What its rows are told apart by.
    pub key: String,
    pub is_selected: bool,
}

/// What was found out anyway, so that a run which begins now need not ask again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prior {
    /// All that the source has.
    pub(crate) tables: Vec<Table>,
    pub(crate) programs: Option<Programs>,
    /// What the target would not get, where the schema was tried.
    pub(crate) preview: Option<Preview>,
    /// As it was asked for, with what belongs to it.
    pub(crate) selection: Selection,
    /// What the target refuses and is left out for that.
    pub(crate) left_out: Vec<String>,
}

/// What the migration will ask of the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Way {
    /// A slot, a publication and a stream of changes.
    #[default]
    Following,
    /// The rows alone, while nobody writes.
    Offline,
}

/// How thoroughly both ends are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// With a trial restore of the schema.
    #[default]
    Trial,
    /// Catalogs and rights alone.
    Quick,
}

/// One end in a few words.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct EndSummary {
    /// Where it is; holds no password.
    pub endpoint: String,
    pub database: String,
    pub role: String,
    pub platform: Platform,
    /// As its makers call it.
    pub platform_name: &'static str,
    pub server_version: String,
    pub standby: bool,
    pub encoding: String,
    pub collate: String,
    pub identity: Option<SystemIdentity>,
    pub free_connections: i64,
    /// All user tables with rows of their own, selected or not.
    pub tables: usize,
    pub bytes: i64,
}

/// What there is to move.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Estimate {
    pub tables: usize,
    /// From the source's statistics, without the tables never analysed.
    pub rows: i64,
    /// Tables with pages whose rows nobody has counted.
    pub tables_never_analysed: usize,
    pub bytes: i64,
    pub sequences: usize,
    pub largest: Vec<LargeTable>,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct LargeTable {
    pub table: String,
    pub bytes: i64,
}

impl Assessment {
    pub fn has_blockers(&self) -> bool {
        transhume_core::assess::has_blockers(&self.findings)
    }

    pub fn blockers(&self) -> Vec<Finding> {
        self.of(Severity::Blocker)
    }

    pub fn warnings(&self) -> Vec<Finding> {
        self.of(Severity::Warning)
    }

    /// What the target would not get, and why, where the schema was tried.
    pub fn left_out(&self) -> Vec<(String, String)> {
        let preview = self.prior.preview.iter().flat_map(|preview| &preview.left_out);
        preview.cloned().collect()
    }

    fn of(&self, severity: Severity) -> Vec<Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .cloned()
            .collect()
    }
}

/// Looks at both ends. `programs` is the directory of pg_dump and pg_restore, where one was set.
pub async fn assess(
    endpoints: &Endpoints,
    selection: &Selection,
    programs: Option<&Path>,
    (depth, way): (Depth, Way),
    reporter: &Reporter,
) -> Result<Assessment> {
    let (selection, torn) = closed(endpoints, selection).await?;
    let selection = &selection;
    let selector = selector(selection)?;
    door::look_before_assessing(endpoints).await?;
    let (source, (target, migration)) = tokio::try_join!(
        Box::pin(observe::source(endpoints, &selector, reporter)),
        observe::target(endpoints, reporter)
    )?;
    let resuming = migration.is_some_and(|identity| is_same_source(&source.capabilities, &identity));
    let (tools, programs) = tools(programs, &source, &target).await;
    let observed = Observed {
        source,
        target,
        selector,
        context: AssessContext {
            resuming,
            tools: Some(tools),
            loaders: 0,
            left_out_extensions: selection.left_out_extensions().map(str::to_owned).collect(),
            roles: selection.roles.clone(),
        },
    };
    let mut findings = findings(&observed);
    if way == Way::Offline {
        findings.retain(|finding| !concerns_the_stream(&finding.code));
    }
    findings.splice(0..0, torn.iter().map(Torn::finding));
    if let Some(warning) = programs.as_ref().and_then(Programs::finding) {
        let place = findings.partition_point(|finding| finding.severity >= Severity::Warning);
        findings.insert(place, warning);
    }
    let tried = match (&programs, depth) {
        (Some(programs), Depth::Trial) => {
            trial::add(
                endpoints,
                programs,
                (&observed, selection),
                &mut findings,
                reporter,
            )
            .await?
        }
        _ => None,
    };
    // What bars the trial bars a sample too.
    let forecast = match &tried {
        Some(_) => sample::forecast(endpoints, &observed, reporter).await,
        None => None,
    };
    let logins = roles::findings(endpoints, &selection.roles).await?;
    add_logins(&mut findings, logins);
    let places = Sides {
        source: endpoints.source.to_string(),
        target: endpoints.target.to_string(),
    };
    let mut assessment = summarise(places, &observed, findings);
    assessment.forecast = forecast;
    assessment.prior = Prior {
        tables: observed.source.tables,
        programs,
        selection: selection.clone(),
        left_out: tried
            .as_ref()
            .map(|(_, left_out)| left_out.clone())
            .unwrap_or_default(),
        preview: tried.map(|(preview, _)| preview),
    };
    Ok(assessment)
}

/// Looks at the source alone, where there is no target yet: what a move would ask of it, and what there is to move.
pub async fn assess_source(
    source: &ConnectionSettings,
    selection: &Selection,
    reporter: &Reporter,
) -> Result<Assessment> {
    // Nothing is asked of the other end.
    let endpoints = &Endpoints {
        source: source.clone(),
        target: source.clone(),
    };
    let (selection, torn) = closed(endpoints, selection).await?;
    let selector = selector(&selection)?;
    let source = Box::pin(observe::source(endpoints, &selector, reporter)).await?;
    Ok(of_source_alone(
        endpoints.source.to_string(),
        source,
        (&selection, torn.as_slice()),
        selector,
    ))
}

/// What can be told before there is a target.
fn of_source_alone(
    endpoint: String,
    source: SourceObservation,
    (selection, torn): (&Selection, &[Torn]),
    selector: Selector,
) -> Assessment {
    let observed = Observed {
        target: observe::none_yet(&source),
        source,
        selector,
        context: AssessContext {
            left_out_extensions: selection.left_out_extensions().map(str::to_owned).collect(),
            roles: selection.roles.clone(),
            ..AssessContext::default()
        },
    };
    let mut findings = findings(&observed);
    findings.retain(is_of_the_source);
    findings.splice(0..0, torn.iter().map(Torn::finding));
    let places = Sides {
        source: endpoint,
        target: String::new(),
    };
    let mut assessment = summarise(places, &observed, findings);
    assessment.target = None;
    assessment.parameters.clear();
    assessment
}

/// With the partitions of all trees that it takes. Without patterns it takes everything anyway.
async fn closed(endpoints: &Endpoints, selection: &Selection) -> Result<(Selection, Vec<Torn>)> {
    if selection.has_no_patterns() {
        return Ok((selection.clone(), Vec::new()));
    }
    let source = endpoints.source_session("assess", "selection").await?;
    let partitions = partitions_with_ancestors(&source)
        .await
        .doing("reading the source's partitions")?;
    selection
        .with_partitions(&partitions)
        .map_err(|error| bad_pattern(&error))
}

/// A role that is missing is told once.
fn add_logins(findings: &mut Vec<Finding>, mut logins: Vec<Finding>) {
    logins.retain(|login| {
        let mut missing = findings.iter().filter(|finding| finding.code == "roles-missing");
        !missing.any(|finding| finding.object == login.object && finding.severity != Severity::Pass)
    });
    findings.extend(logins);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
}

fn is_same_source(source: &Capabilities, recorded: &transhume_pg::state::migration::SourceIdentity) -> bool {
    let system = source
        .identity
        .as_ref()
        .map(|identity| identity.system_identifier.as_str());
    system == Some(recorded.system.as_str()) && source.database_oid == recorded.database_oid
}

/// The programs that a run would use, for the checks and as they are.
async fn tools(
    setting: Option<&Path>,
    source: &SourceObservation,
    target: &TargetObservation,
) -> (Tools, Option<Programs>) {
    let setting = setting.map(Path::to_owned);
    let source = source.capabilities.server_version.major();
    let target = target.capabilities.server_version.major();
    // Asks programs for their versions, which blocks for some milliseconds each.
    let found = tokio::task::spawn_blocking(move || Programs::find(setting.as_deref(), source, target))
        .await
        .expect("looking for programs does not panic");
    match found {
        Ok(programs) => {
            let found = Tools::Found {
                version: programs.version,
            };
            (found, Some(programs))
        }
        Err(error) => (
            Tools::Missing {
                reason: reason(&error),
            },
            None,
        ),
    }
}

fn reason(error: &PgError) -> String {
    match error.detail() {
        Some(detail) => format!("{error} ({})", detail.trim_end_matches('.')),
        None => error.to_string(),
    }
}
