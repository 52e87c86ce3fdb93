//! `abort`: ends a migration without a cutover.

use clap::Args;
use transhume_engine::finish::abort;

use super::removal_text;
use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    progress::shown,
    terminal::confirm::confirm,
};

const EXAMPLES: &str = "\
Examples:
  transhume abort
  transhume abort --yes";

/// Give the migration up and remove everything that it made
///
/// The source is left as it was before: slot, publication and changed replica identities are gone.
/// What was copied to the target stays there unless the engine says otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print what was removed as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    confirm(
        &invocation.terminal,
        arguments.yes,
        "abort",
        "This migration will be given up: what it made on both sides will be removed.",
    )?;
    let work = shown(&invocation.terminal, async |reporter| {
        abort(&endpoints, reporter).await
    });
    let removal = invocation.or_interrupted(work).await??;
    invocation
        .terminal
        .print_result(arguments.json, &removal, removal_text)?;
    Ok(Exit::Success)
}
