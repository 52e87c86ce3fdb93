//! `pause`: the full load reads nothing more from the source until it is resumed.

use clap::Args;
use transhume_engine::load::throttle::{Pausing, pause};

use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    show::terminal::style::Style,
};

const EXAMPLES: &str = "\
Examples:
  transhume pause                               from any machine that reaches the target
  transhume pause --json";

/// Let the source rest: the full load copies nothing more until `resume`
///
/// Every loader of the runner and of all workers finishes the part that it copies, and waits. It
/// stands until `transhume resume`, whoever is started or ends meanwhile. Indexes are built on, and
/// slot and snapshot stay on the source: `transhume status` shows what they keep there.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let target = invocation.target()?;
    let pausing = invocation.or_interrupted(pause(&target)).await??;
    invocation.terminal.print_result(arguments.json, &pausing, text)?;
    Ok(Exit::Success)
}

fn text(pausing: &Pausing, _style: Style) -> String {
    if pausing.changed {
        "paused: loaders finish what they copy and wait for `transhume resume`\n".to_owned()
    } else {
        "it was paused already\n".to_owned()
    }
}
