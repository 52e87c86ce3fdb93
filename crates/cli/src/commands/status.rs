//! `status`: one snapshot of everything, read from the target.

use clap::Args;

use super::pending;
use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
};

const EXAMPLES: &str = "\
Examples:
  transhume status
  transhume status --json | jq -r '.phase, .lag_bytes'";

/// Say where the migration stands
///
/// Works from any machine that can reach the target, with or without a runner.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Print the status as JSON; its field names are stable
    #[arg(long)]
    json: bool,
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    Err(pending("status"))
}
