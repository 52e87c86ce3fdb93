//! `finish`: removes what is left of a migration that is done.

use clap::Args;
use transhume_engine::finish::finish;

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
  transhume finish
  transhume finish --yes --json";

/// Remove everything that it made on both sides, after the cutover
///
/// Drops slots, publications and the schema transhume, those of reverse replication included: from then on
/// nothing that the application writes reaches the other side. The data stays where it is. The side that the
/// application left stays closed, and how to open it is said.
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
        Asked::Finish.command(),
        &("Slot, publication and the record of this migration will be removed from both sides; the data stays.".to_owned()
            + &stake(invocation, Asked::Finish, arguments.yes).await?),
    )?;
    let work = shown(&invocation.terminal, async |reporter| {
        finish(&endpoints, reporter).await
    });
    let removal = invocation.or_interrupted(work).await??;
    invocation
        .terminal
        .print_result(arguments.json, &removal, |removal, _| removal::text(removal))?;
    Ok(Exit::Success)
}
