//! `status`: one snapshot of everything, read from the target.

use clap::Args;
use futures_util::future::join_all;
use transhume_engine::status::{self, Status};

use super::group::Group;
use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    show::{
        document::TablesDocument,
        metrics::{self, Read},
        terminal::{
            Terminal,
            figures::{self, latency, rate},
            findings::{self, Shown},
            standing,
            style::{Style, Tone},
        },
    },
};

const EXAMPLES: &str = "\
Examples:
  transhume status
  transhume status --check || page someone       for monitoring: 0 in order, 1 somebody must act, 2 not known
  transhume status --tables                      every table: state, load, changes, last verified
  transhume status --prometheus > transhume.prom  for a textfile collector
  transhume status --json | jq -r '.phase, .lag_bytes'";

/// Say where the migration stands
///
/// Works from any machine that can reach the target, with or without a runner.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Arguments {
    /// Print the status as JSON; its field names are stable
    #[arg(long)]
    json: bool,
    /// Show every finding, not only the first five of each code
    #[arg(long)]
    all: bool,
    /// Exit with 1 where somebody must act: a blocker, a stop, changes that were not applied, no runner while one is needed
    #[arg(long)]
    check: bool,
    /// Show every table instead: state, size, load, changes, last verified; with --json as JSON
    #[arg(long, conflicts_with_all = ["all", "check"])]
    tables: bool,
    /// Print the figures in Prometheus' text form
    #[arg(long, conflicts_with_all = ["json", "all", "check", "tables"])]
    pub(super) prometheus: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    if arguments.prometheus {
        return expose(&[invocation], &invocation.terminal).await;
    }
    if arguments.tables {
        return show_tables(arguments, invocation).await;
    }
    let status = read(invocation).await?;
    let shown = Shown::all(arguments.all);
    invocation
        .terminal
        .print_result(arguments.json, &status, |status, style| {
            text(status, style, shown)
        })?;
    Ok(if arguments.check && status.needs_attention() {
        Exit::OperatorMustAct
    } else {
        Exit::Success
    })
}

async fn show_tables(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let target = invocation.target()?;
    let reading = Box::pin(status::tables(&target));
    let tables = invocation.or_interrupted(reading).await??;
    let document = TablesDocument { tables: &tables };
    let text = |document: &TablesDocument<'_>, _: Style| figures::tables(document.tables);
    invocation
        .terminal
        .print_result(arguments.json, &document, text)?;
    Ok(Exit::Success)
}

/// The metrics of several databases are one text.
pub(super) async fn expose_together(group: &Group) -> Result<Exit> {
    let members: Vec<&Invocation> = group.members.iter().collect();
    expose(&members, &group.terminal).await
}

/// A database that cannot be read is told as such, and on stderr.
async fn expose(members: &[&Invocation], terminal: &Terminal) -> Result<Exit> {
    let statuses = join_all(members.iter().map(|member| Box::pin(read(member)))).await;
    let mut exit = Exit::Success;
    let mut found = Vec::new();
    for (member, status) in members.iter().zip(statuses) {
        let status = match status {
            Ok(status) => Some(status),
            Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
            Err(failure) => {
                member.terminal.failure(&failure);
                exit = Exit::NotDone;
                None
            }
        };
        found.push((member.label()?, status));
    }
    let reads: Vec<Read<'_>> = found
        .iter()
        .map(|(database, status)| Read {
            database,
            status: status.as_ref(),
        })
        .collect();
    terminal.print(&metrics::exposition(&reads))?;
    Ok(exit)
}

pub(crate) async fn read(invocation: &Invocation) -> Result<Status> {
    let target = invocation.target()?;
    let source = invocation.endpoints().ok().map(|endpoints| endpoints.source);
    let reading = Box::pin(status::read(&target, source.as_ref()));
    let mut status = invocation.or_interrupted(reading).await??;
    if status.way_back.is_some() {
        // The target alone knows that there is one; the old source knows how it stands.
        let adding = Box::pin(status::add_way_back(&mut status, source.as_ref(), Some(&target)));
        invocation.or_interrupted(adding).await?;
    }
    Ok(status)
}

/// A block of labelled lines; what does not apply yet is left out.
pub(super) fn text(status: &Status, style: Style, shown: Shown) -> String {
    let migration = style.paint(Tone::Label, &status.migration);
    let phase = style.paint(Tone::Good, status.phase.name());
    let mut lines = vec![format!(
        "migration {migration} is in phase {phase} since {}",
        status.phase_since
    )];
    let mut labelled = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!("  {label:<12}{value}"));
        }
    };
    labelled("source", Some(status.source.clone()));
    labelled("target", Some(status.target.clone()));
    labelled("runner", Some(standing::runner(status)));
    labelled("load", standing::load(status));
    labelled("paused", standing::paused(status));
    labelled("snapshot", standing::snapshot(status));
    labelled("builds", standing::build(status));
    labelled("lag", standing::lag(status));
    labelled("latency", latency(status));
    labelled("rate", rate(status));
    labelled("applied LSN", standing::frontier(status));
    labelled("changes", standing::applied(status));
    labelled("slot", Some(standing::slot(status)));
    labelled("verified", standing::verified(status));
    labelled("pause", standing::pause(status));
    if let Some(way_back) = &status.way_back {
        labelled("fallback", Some(standing::way_back(status, way_back)));
        if let Some(stream) = &way_back.stream {
            labelled("  runner", Some(standing::runner(stream)));
            labelled("  lag", standing::lag(stream));
            labelled("  applied LSN", standing::frontier(stream));
            labelled("  changes", standing::applied(stream));
            labelled("  slot", Some(standing::slot(stream)));
            labelled("  verified", standing::verified(stream));
            labelled("  pause", standing::pause(stream));
        }
    }
    for deviation in &status.deviations {
        labelled("changed", Some(deviation.clone()));
    }
    for table in &status.not_loaded {
        labelled("not kept up", Some(table.to_string()));
    }
    for stored in &status.exceptions {
        labelled("not applied", Some(stored.to_string()));
    }
    for held in &status.held_until_cutover {
        labelled("held back", Some(held.clone()));
    }
    let mut text = lines.join("\n") + "\n";
    let back = status
        .way_back
        .iter()
        .filter_map(|way_back| way_back.stream.as_ref());
    for findings in std::iter::once(&status.findings).chain(back.map(|stream| &stream.findings)) {
        if !findings.is_empty() {
            text.push('\n');
            text.push_str(&findings::report(findings, style, shown));
        }
    }
    text
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
