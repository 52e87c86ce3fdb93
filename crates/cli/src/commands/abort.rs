//! `abort`: ends a migration without a cutover.

use std::path::PathBuf;

use clap::Args;
use transhume_engine::finish::{AbortOptions, abort};

use super::{
    removal,
    stake::{Asked, stake},
};
use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    show::{progress::shown, terminal::confirm::confirm},
};

const EXAMPLES: &str = "\
Examples:
  transhume abort
  transhume abort --yes
  transhume abort --keep-target                 leave tables and rows on the target";

/// Give the migration up and remove everything that it made
///
/// The source is left as it was before: slot, publication and changed replica identities are gone.
/// So is the target: what the migration created there is dropped with its rows, never anything else.
/// Refused after a cutover, and while something that the migration did not make depends on what it made.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Leave what was created and copied on the target
    #[arg(long)]
    keep_target: bool,
    #[arg(long, value_name = "DIRECTORY")]
    programs: Option<PathBuf>,
    /// Print what was removed as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    let options = AbortOptions {
        keep_target: arguments.keep_target,
        programs: arguments
            .programs
            .clone()
            .or_else(|| invocation.settings.programs.clone()),
    };
    confirm(
        &invocation.terminal,
        arguments.yes,
        Asked::Abort.command(),
        &(question(arguments.keep_target).to_owned()
            + &stake(invocation, Asked::Abort, arguments.yes).await?),
    )?;
    let work = shown(&invocation.terminal, async |reporter| {
        Box::pin(abort(&endpoints, &options, reporter, &invocation.cancellation)).await
    });
    let removal = invocation.or_interrupted(work).await??;
    invocation
        .terminal
        .print_result(arguments.json, &removal, |removal, _| removal::text(removal))?;
    Ok(Exit::Success)
}

fn question(keep_target: bool) -> &'static str {
    if keep_target {
        "This migration will be given up: slot, publication and state are removed; the target keeps its tables and rows."
    } else {
        "This migration will be given up: what it made on both sides is removed, on the target all tables with their rows."
    }
}
