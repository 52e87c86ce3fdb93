//! `watch`: the status again and again.

use std::io::{self, IsTerminal};

use clap::Args;
use transhume_engine::status::Status;

use super::status;
use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    quantity::Span,
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

fn show(arguments: &Arguments, invocation: &Invocation, status: &Status) -> Result<()> {
    if arguments.json {
        return invocation.terminal.print_json_line(status);
    }
    let text = status::text(status, invocation.terminal.output);
    if io::stdout().is_terminal() {
        invocation.terminal.clear_screen()?;
        invocation.terminal.print(&text)
    } else {
        invocation.terminal.print(&format!("{text}\n"))
    }
}
