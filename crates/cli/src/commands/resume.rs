//! `resume`: ends a pause.

use clap::Args;
use transhume_engine::load::throttle::{Pausing, resume};

use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    show::terminal::style::Style,
};

const EXAMPLES: &str = "\
Examples:
  transhume resume
  transhume resume --json";

/// Let a paused full load go on
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let target = invocation.target()?;
    let pausing = invocation.or_interrupted(resume(&target)).await??;
    invocation.terminal.print_result(arguments.json, &pausing, text)?;
    Ok(Exit::Success)
}

fn text(pausing: &Pausing, _style: Style) -> String {
    if pausing.changed {
        "resumed: loaders go on\n".to_owned()
    } else {
        "it was not paused\n".to_owned()
    }
}
