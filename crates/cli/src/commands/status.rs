//! `status`: one snapshot of everything, read from the target.

use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;
use transhume_engine::{
    count::{counted, grouped},
    phase::Phase,
    status::{self, Known, SourceFigures, Status, TableState, WayBackState, WayBackStatus},
};

use super::group::Group;
use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    show::{
        metrics::{self, Read},
        quantity::{Size, Span},
        terminal::{
            Terminal,
            figures::{self, latency, load_pace, rate},
            findings::{self, Shown},
            style::{Style, Tone},
            write_pause,
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

/// Both are one document: a member of several is told with the others.
#[derive(serde::Serialize)]
struct Tables {
    version: u32,
    tables: Vec<TableState>,
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
    let tables = Tables {
        version: status::VERSION,
        tables: invocation.or_interrupted(reading).await??,
    };
    let text = |tables: &Tables, _: Style| figures::tables(&tables.tables);
    invocation.terminal.print_result(arguments.json, &tables, text)?;
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
    labelled("runner", Some(runner(status)));
    labelled("load", load(status));
    labelled("paused", paused(status));
    labelled("snapshot", snapshot(status));
    labelled("builds", build(status));
    labelled("lag", lag(status));
    labelled("latency", latency(status));
    labelled("rate", rate(status));
    labelled("applied LSN", frontier(status));
    labelled("changes", applied(status));
    labelled("slot", Some(slot(status)));
    labelled("verified", verified(status));
    labelled("pause", pause(status));
    if let Some(way_back) = &status.way_back {
        labelled("fallback", Some(way_back_line(way_back)));
        if let Some(stream) = &way_back.stream {
            labelled("  runner", Some(runner(stream)));
            labelled("  lag", lag(stream));
            labelled("  applied LSN", frontier(stream));
            labelled("  changes", applied(stream));
            labelled("  slot", Some(slot(stream)));
            labelled("  verified", verified(stream));
            labelled("  pause", pause(stream));
        }
    }
    for deviation in &status.deviations {
        labelled("changed", Some(deviation.clone()));
    }
    for table in &status.not_loaded {
        labelled("not kept up", Some(table.clone()));
    }
    for stored in &status.exceptions {
        labelled("not applied", Some(stored.clone()));
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

fn way_back_line(way_back: &WayBackStatus) -> String {
    match way_back.state {
        WayBackState::Open => {
            "open: the old source follows the target; `transhume fallback` moves the application back"
        }
        WayBackState::FallingBack => "a fallback is under way",
        WayBackState::FallenBack => {
            "the application is back on the old source; `transhume finish` removes what is left"
        }
        WayBackState::Removed => "taken away; `transhume finish` removes the rest",
        WayBackState::Unknown => return format!("not known: {}", way_back.problem),
    }
    .to_owned()
}

fn runner(status: &Status) -> String {
    let Some(runner) = &status.runner else {
        let next = match status.phase {
            Phase::Done if status.way_back.is_some() => "the forward stream has ended",
            Phase::Done => "`transhume finish` removes what is left",
            _ => "`transhume run` continues",
        };
        return format!("none; {next}");
    };
    let waiting = match runner.waiting_for.as_str() {
        "" => String::new(),
        reason => format!(", waiting for {reason}"),
    };
    format!(
        "{}, process {}, since {}{waiting}",
        runner.host, runner.pid, runner.since
    )
}

fn load(status: &Status) -> Option<String> {
    let load = &status.load;
    let large_objects = match load.large_objects {
        0 => String::new(),
        all => format!(
            ", {} of {}",
            grouped(load.large_objects_done),
            counted(all, "large object")
        ),
    };
    (load.tables + load.large_objects > 0).then(|| {
        format!(
            "{} of {}, {} of {}, {}, {}{large_objects}",
            load.tables_done,
            counted(load.tables, "table"),
            load.parts_done,
            counted(load.parts, "part"),
            counted(load.rows, "row"),
            Size(load.bytes)
        ) + &load_pace(status).map_or_else(String::new, |pace| format!("; {pace}"))
    })
}

fn paused(status: &Status) -> Option<String> {
    let pause = status.pause.as_ref()?;
    Some(format!(
        "since {} by {}; `transhume resume` continues it",
        pause.since, pause.by
    ))
}

fn snapshot(status: &Status) -> Option<String> {
    let snapshot = status.snapshot.as_ref()?;
    let age = Duration::try_from_secs_f64(snapshot.age_seconds).unwrap_or_default();
    let holder = match snapshot.holder.as_str() {
        "" => "nobody now",
        holder => holder,
    };
    Some(format!("{} old, held on the source by {holder}", Span(age)))
}

fn build(status: &Status) -> Option<String> {
    (status.build.all > 0).then(|| {
        format!(
            "{} of {}",
            status.build.done,
            counted(status.build.all, "index or constraint")
        )
    })
}

fn lag(status: &Status) -> Option<String> {
    status.frontier?;
    let Some(bytes) = status.lag_bytes.map(Size) else {
        return Some(unknown(&status.source_figures));
    };
    let seconds = status
        .lag_seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let age = age(&status.source_figures);
    Some(match seconds {
        Some(seconds) if !seconds.is_zero() => format!("{bytes}, {}{age}", Span(seconds)),
        _ => format!("{bytes}{age}"),
    })
}

/// Behind a figure that was not measured just now.
fn age(figures: &SourceFigures) -> String {
    let age = figures
        .age_seconds
        .filter(|_| figures.known == Known::Reported)
        .and_then(|age| Duration::try_from_secs_f64(age).ok());
    age.map_or_else(String::new, |age| {
        format!(" ({} ago; the source: {})", Span(age), figures.problem)
    })
}

fn unknown(figures: &SourceFigures) -> String {
    let since = figures.last_known.as_ref();
    let since = since.map_or_else(String::new, |since| format!(" since {since}"));
    format!("unknown{since}; the source: {}", figures.problem)
}

fn frontier(status: &Status) -> Option<String> {
    let frontier = status.frontier?;
    Some(match status.source_wal_end {
        Some(end) => format!("{frontier}, the source's WAL ends at {end}"),
        None => frontier.to_string(),
    })
}

fn applied(status: &Status) -> Option<String> {
    (status.transactions > 0).then(|| {
        format!(
            "{}, {}",
            counted(status.transactions, "transaction"),
            counted(status.changes, "change")
        )
    })
}

/// What it keeps, of what it may keep, and how long that lasts.
fn slot(status: &Status) -> String {
    let slot = &status.slot;
    let Some(retained) = slot.retained_bytes else {
        return match status.source_figures.known {
            Known::Unknown => format!("{}, keeps an unknown amount of WAL on the source", slot.name),
            _ => slot.name.clone(),
        };
    };
    let limit = slot.limit_bytes.map_or_else(String::new, |limit| {
        format!(" of {} ({})", Size(limit), slot.limited_by)
    });
    let growth = match slot.bytes_per_second {
        None | Some(0) => String::new(),
        Some(growth) => format!(", growing by {}/s", Size(growth)),
    };
    let full = slot.seconds_to_full.map_or_else(String::new, |seconds| {
        format!(": full in {}", Span(Duration::from_secs(seconds)))
    });
    let name = &slot.name;
    format!(
        "{name}, keeps {} of WAL on the source{limit}{growth}{full}",
        Size(retained)
    )
}

fn verified(status: &Status) -> Option<String> {
    let verification = status.verification.as_ref()?;
    Some(format!("{}; at {}", verification.summary, verification.lsn))
}

/// What moving the application would cost it now.
fn pause(status: &Status) -> Option<String> {
    status.write_pause.as_ref().map(write_pause::estimate)
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
