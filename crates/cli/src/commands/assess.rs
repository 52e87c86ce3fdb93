//! `assess`: what stands in the way, on both sides; changes nothing.

use std::path::PathBuf;

use clap::Args;
use transhume_engine::assess::{Assessment, Depth, EndSummary, Estimate, assess};

use transhume_engine::count::counted;

use crate::{
    arguments::SelectionArguments,
    failure::{Exit, Result},
    invocation::Invocation,
    settings::{Config, replace},
    show::{
        progress::shown,
        quantity::Size,
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
  transhume assess --include shop --exclude 'shop.audit_*'
  transhume assess --json | jq '.findings[] | select(.severity == \"blocker\")'";

/// Check both servers and say what must be remedied first
///
/// Reads only, or tries in transactions that are rolled back: among it the whole schema, which is made on
/// the target and taken back. Each finding has a stable code, the evidence, and a remedy as SQL or as a
/// command. Exits with 1 while there are blockers.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[arg(long, value_name = "DIRECTORY")]
    programs: Option<PathBuf>,
    /// Leave out the trial of the schema on the target
    #[arg(long)]
    quick: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// Show every finding, not only the first five of each code
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
    let endpoints = invocation.endpoints()?;
    let (selection, programs) = (invocation.selection(), invocation.settings.programs.as_deref());
    let work = shown(&invocation.terminal, async |reporter| {
        assess(&endpoints, &selection, programs, depth(arguments.quick), reporter).await
    });
    let assessment = invocation.or_interrupted(work).await??;
    let terminal = &invocation.terminal;
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
        "{}{}{}{}{resuming}",
        end("source", &assessment.source, style),
        end("target", &assessment.target, style),
        estimate(&assessment.estimate, style),
        write_pause(assessment, style),
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
        "{side}   {}\n         PostgreSQL {}{standby}, {}, {}, {}, as role {}\n",
        end.endpoint,
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
        "{}  {}, {}, about {}, {}{largest}\n",
        style.paint(Tone::Label, "to move"),
        counted(estimate.tables, "table"),
        size(estimate.bytes),
        counted(estimate.rows, "row"),
        counted(estimate.sequences, "sequence"),
    )
}

/// Catalogs have signed sizes.
fn size(bytes: i64) -> Size {
    Size(u64::try_from(bytes).unwrap_or(0))
}
