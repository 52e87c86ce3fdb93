//! `watch`: the status again and again, on the whole terminal or as lines.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
};

use clap::Args;
use futures_util::future::join_all;
use transhume_engine::status::Status;

use super::{group::Group, status};
use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    show::{
        quantity::Span,
        terminal::{Terminal, findings::Shown, together::headed},
    },
    watch,
};

const EXAMPLES: &str = "\
Examples:
  transhume watch
  transhume watch --read-only                   nothing can be paused or suspended from it
  transhume watch --plain --interval 10s        lines, as where there is no terminal
  transhume watch --json                        one line of JSON each time";

/// Show the status live until it is stopped
///
/// On a terminal: what is wrong with the statement to run, curves, tables, findings, verification, cutover checks and
/// history, with keys that ? tells. It can be started and ended at any time, on any machine; the migration continues.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Time between two looks
    #[arg(long, value_name = "DURATION", default_value = "2s")]
    interval: Span,
    /// Print one line of JSON each time
    #[arg(long)]
    json: bool,
    /// Print the status as lines each time instead of drawing it
    #[arg(long)]
    plain: bool,
    /// Leave out the keys that pause the load, suspend tables and run checks
    #[arg(long)]
    read_only: bool,
}

impl Arguments {
    /// It is drawn where there is somebody to look at it and to press keys.
    fn is_drawn(&self) -> bool {
        let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        let is_capable = std::env::var_os("TERM").is_some_and(|term| term != "dumb" && !term.is_empty());
        is_terminal && is_capable && !self.plain && !self.json
    }

    fn options(&self) -> watch::Options {
        watch::Options {
            interval: self.interval.0,
            is_read_only: self.read_only,
        }
    }
}

/// Ends by a signal, when nobody reads its lines any more, or when the status cannot be read the first time. Later a server that is away
/// for a moment is waited for.
pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    invocation.stopping.of_service(one(arguments, invocation).await)
}

async fn one(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    if arguments.is_drawn() {
        return watch::watch(&[invocation], &arguments.options()).await;
    }
    let mut seen = false;
    loop {
        match status::read(invocation).await {
            Ok(status) => show(arguments, invocation, &status)?,
            Err(failure) if !seen || failure.exit == Exit::Interrupted => return Err(failure),
            Err(failure) => invocation.terminal.failure(&failure),
        }
        seen = true;
        if invocation.terminal.is_left() {
            return Ok(Exit::Success);
        }
        invocation
            .or_interrupted(tokio::time::sleep(arguments.interval.0))
            .await?;
    }
}

/// The same for several databases; one that cannot be read is told on stderr and left out of that look.
pub(super) async fn several(arguments: &Arguments, group: &Group) -> Result<Exit> {
    let ended = all(arguments, group).await;
    group.members[0].stopping.of_service(ended)
}

async fn all(arguments: &Arguments, group: &Group) -> Result<Exit> {
    if arguments.is_drawn() {
        let members: Vec<&Invocation> = group.members.iter().collect();
        return watch::watch(&members, &arguments.options()).await;
    }
    loop {
        let reads = join_all(group.members.iter().map(async |member| {
            let read = status::read(member).await;
            (member, read)
        }));
        let mut statuses = Vec::new();
        for (member, read) in reads.await {
            match read {
                Ok(status) => statuses.push((member.name(), status)),
                Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
                Err(failure) => member.terminal.failure(&failure),
            }
        }
        show_several(arguments, &group.terminal, &statuses)?;
        if group.terminal.is_left() {
            return Ok(Exit::Success);
        }
        group.members[0]
            .or_interrupted(tokio::time::sleep(arguments.interval.0))
            .await?;
    }
}

fn show_several(arguments: &Arguments, terminal: &Terminal, statuses: &[(&str, Status)]) -> Result<()> {
    if arguments.json {
        let object: BTreeMap<_, _> = statuses.iter().map(|(name, status)| (*name, status)).collect();
        return terminal.print_json_line(&object);
    }
    let style = terminal.output;
    let texts = statuses
        .iter()
        .map(|(name, status)| headed(name, &status::text(status, style, Shown::Few), style));
    show_text(terminal, &texts.collect::<String>())
}

fn show_text(terminal: &Terminal, text: &str) -> Result<()> {
    if io::stdout().is_terminal() {
        terminal.clear_screen()?;
        terminal.print(text)
    } else {
        terminal.print(&format!("{text}\n"))
    }
}

fn show(arguments: &Arguments, invocation: &Invocation, status: &Status) -> Result<()> {
    if arguments.json {
        return invocation.terminal.print_json_line(status);
    }
    let text = status::text(status, invocation.terminal.output, Shown::Few);
    show_text(&invocation.terminal, &text)
}
