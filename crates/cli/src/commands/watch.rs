//! `watch`: the status again and again.

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
};

const EXAMPLES: &str = "\
Examples:
  transhume watch
  transhume watch --interval 10s
  transhume watch --json                        one line of JSON each time";

/// Show the status live until it is stopped
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Time between two looks
    #[arg(long, value_name = "DURATION", default_value = "2s")]
    interval: Span,
    /// Print one line of JSON each time
    #[arg(long)]
    json: bool,
}

/// Ends by a signal, or when the status cannot be read the first time. Later a server that is away
/// for a moment is waited for.
pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let mut seen = false;
    loop {
        match status::read(invocation).await {
            Ok(status) => show(arguments, invocation, &status)?,
            Err(failure) if !seen || failure.exit == Exit::Interrupted => return Err(failure),
            Err(failure) => invocation.terminal.failure(&failure),
        }
        seen = true;
        invocation
            .or_interrupted(tokio::time::sleep(arguments.interval.0))
            .await?;
    }
}

/// The same for several databases; one that cannot be read is told on stderr and left out of that look.
pub(super) async fn several(arguments: &Arguments, group: &Group) -> Result<Exit> {
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
