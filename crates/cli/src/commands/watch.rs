//! `watch`: the status again and again.

use clap::Args;

use super::pending;
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

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    Err(pending("watch"))
}
