//! `assess`: what stands in the way, on both sides; changes nothing.

use std::path::{Path, PathBuf};

use clap::Args;
use transhume_engine::{
    assess::{Assessment, Depth, EndSummary, Estimate, Way, assess, assess_recorded, assess_source, script},
    endpoints::Endpoints,
};

use transhume_engine::count::counted;

use crate::{
    arguments::SelectionArguments,
    failure::{Exit, Failure, Result},
    invocation::Invocation,
    settings::{Config, replace},
    show::{
        forecast as in_words,
        progress::shown,
        quantity::Size,
        report,
        terminal::{
            findings::{self, Shown},
            style::{Style, Tone},
            write_pause::forecast,
        },
    },
};

const EXAMPLES: &str = "\
Examples:
  transhume assess
  transhume assess --quick                      catalogs and rights alone
  transhume assess --source-only                before there is a target
  transhume assess --offline-sql > assess.sql   for whoever alone reaches the source: psql -X -f assess.sql -o shop.json
  transhume assess --offline shop.json          what that wrote, on any machine
  transhume assess --report .                   files that one can hand on
  transhume assess --include shop --exclude 'shop.audit_*'
  transhume assess --json | jq '.findings[] | select(.severity == \"blocker\")'";

/// Check both servers and say what must be remedied first
///
/// Reads only, or tries in transactions that are rolled back: among it the whole schema, which is made on
/// the target and taken back. Each finding has a stable code, the evidence, and a remedy as SQL or as a
/// command. Exits with 1 while there are blockers.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[arg(long, value_name = "DIRECTORY")]
    programs: Option<PathBuf>,
    /// Look at the source alone, before there is a target
    #[arg(long, conflicts_with = "quick")]
    source_only: bool,
    /// Assess a source that cannot be reached from here, from what psql wrote with the file of --offline-sql
    ///
    /// Tells what --source-only tells, but for what only a connection can show.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "source_only"])]
    offline: Option<PathBuf>,
    /// Print the file for psql whose output --offline reads
    ///
    /// It reads catalogs alone, in a transaction that reads only.
    #[arg(long, conflicts_with_all = ["quick", "source_only", "offline", "json", "report"])]
    offline_sql: bool,
    /// Leave out the trial of the schema on the target
    #[arg(long)]
    quick: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// Write the assessment as a Markdown and an HTML file into this directory
    ///
    /// Verdict, both servers side by side, findings with their remedies, parameters, every table, what the target does not get.
    #[arg(long, value_name = "DIRECTORY")]
    report: Option<PathBuf>,
    /// Show every finding, not only the first five of each code, and what each check in order found
    #[arg(long)]
    all: bool,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        self.selection.overlay(settings);
        replace(&mut settings.programs, self.programs.as_ref());
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    if arguments.offline_sql {
        invocation.terminal.print(&script())?;
        return Ok(Exit::Success);
    }
    let assessment = match &arguments.offline {
        Some(file) => recorded(file, invocation)?,
        None => looked_at(arguments, invocation).await?,
    };
    let terminal = &invocation.terminal;
    if let Some(directory) = &arguments.report {
        for path in report::assessment::write(directory, &assessment)? {
            terminal.note(&format!("written: {}", path.display()));
        }
    }
    let shown = Shown::all(arguments.all);
    terminal.print_result(arguments.json, &assessment, |assessment, style| {
        text(assessment, style, shown)
    })?;
    Ok(if assessment.has_blockers() {
        Exit::OperatorMustAct
    } else {
        Exit::Success
    })
}

async fn looked_at(arguments: &Arguments, invocation: &Invocation) -> Result<Assessment> {
    let (selection, programs) = (invocation.selection(), invocation.settings.programs.as_deref());
    let (source, target) = if arguments.source_only {
        (invocation.source()?, None)
    } else {
        (invocation.source()?, Some(invocation.target()?))
    };
    let work = shown(&invocation.terminal, async |reporter| {
        let Some(target) = target.clone() else {
            return assess_source(&source, &selection, reporter).await;
        };
        let endpoints = Endpoints {
            source: source.clone(),
            target,
        };
        let thoroughly = (depth(arguments.quick), Way::Following);
        assess(&endpoints, &selection, programs, thoroughly, reporter).await
    });
    Ok(invocation.or_interrupted(work).await??)
}

fn recorded(file: &Path, invocation: &Invocation) -> Result<Assessment> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(format!("cannot read {}: {error}", file.display()))
            .with_hint("let psql write it: transhume assess --offline-sql > assess.sql, and psql -X -f assess.sql -o FILE")
    })?;
    Ok(assess_recorded(
        &text,
        &file.display().to_string(),
        &invocation.selection(),
    )?)
}

pub(super) fn depth(quick: bool) -> Depth {
    if quick { Depth::Quick } else { Depth::Trial }
}

fn text(assessment: &Assessment, style: Style, shown: Shown) -> String {
    format!(
        "{}\n{}",
        facts(assessment, style),
        findings::report(&assessment.findings, style, shown)
    )
}

/// Both ends and what there is to move.
pub(super) fn facts(assessment: &Assessment, style: Style) -> String {
    let resuming = if assessment.resuming {
        "the target already holds this migration; `transhume run` continues it\n"
    } else {
        ""
    };
    format!(
        "{}{}{}{}{}{resuming}",
        end("source", &assessment.source, style),
        assessment
            .target
            .as_ref()
            .map_or_else(String::new, |target| end("target", target, style)),
        estimate(&assessment.estimate, style),
        move_forecast(assessment, style),
        if assessment.target.is_some() {
            write_pause(assessment, style)
        } else {
            String::new()
        },
    )
}

/// From a sample, where there is much to move.
fn move_forecast(assessment: &Assessment, style: Style) -> String {
    let Some(forecast) = &assessment.forecast else {
        return String::new();
    };
    format!(
        "{}     {}\n         {}\n",
        style.paint(Tone::Label, "move"),
        in_words::duration(forecast),
        in_words::needs(forecast)
    )
}

/// Of the cutover that all of it is for.
fn write_pause(assessment: &Assessment, style: Style) -> String {
    format!(
        "{}    {}\n",
        style.paint(Tone::Label, "pause"),
        forecast(&assessment.write_pause)
    )
}

fn end(side: &str, end: &EndSummary, style: Style) -> String {
    let side = style.paint(Tone::Label, side);
    let standby = if end.standby { ", a standby" } else { "" };
    format!(
        "{side}   {}\n         {}\n         PostgreSQL {}{standby}, {}, {}, {}, as role {}\n",
        end.endpoint,
        end.platform_name,
        end.server_version,
        end.encoding,
        counted(end.tables, "table"),
        size(end.bytes),
        end.role,
    )
}

fn estimate(estimate: &Estimate, style: Style) -> String {
    let largest: Vec<String> = estimate
        .largest
        .iter()
        .map(|table| format!("{} ({})", table.table, size(table.bytes)))
        .collect();
    let largest = match largest.as_slice() {
        [] => String::new(),
        names => format!("\n         largest: {}", names.join(", ")),
    };
    format!(
        "{}  {}, {}, {}, {}{largest}\n",
        style.paint(Tone::Label, "to move"),
        counted(estimate.tables, "table"),
        size(estimate.bytes),
        rows(estimate),
        counted(estimate.sequences, "sequence"),
    )
}

/// Nobody is told "0 rows" because nobody has looked.
fn rows(estimate: &Estimate) -> String {
    match (estimate.rows, estimate.tables_never_analysed) {
        (rows, 0) => format!("about {}", counted(rows, "row")),
        (0, _) => "rows unknown (never analysed)".to_owned(),
        (rows, unknown) => format!(
            "about {} (without {} never analysed)",
            counted(rows, "row"),
            counted(unknown, "table")
        ),
    }
}

/// Catalogs have signed sizes.
fn size(bytes: i64) -> Size {
    Size(u64::try_from(bytes).unwrap_or(0))
}
