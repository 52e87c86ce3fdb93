//! `assess`: what stands in the way, on both sides; changes nothing.

use clap::Args;

use super::pending;
use crate::{
    arguments::SelectionArguments,
    config::Config,
    failure::{Exit, Result},
    invocation::Invocation,
};

const EXAMPLES: &str = "\
Examples:
  transhume assess
  transhume assess --include shop --exclude 'shop.audit_*'
  transhume assess --json | jq '.findings[] | select(.severity == \"blocker\")'";

/// Check both servers and say what must be remedied first
///
/// Reads only, or tries in transactions that are rolled back. Each finding has a stable code, the
/// evidence, and a remedy as SQL or as a command. Exits with 1 while there are blockers.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    selection: SelectionArguments,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        self.selection.overlay(settings);
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let _endpoints = invocation.endpoints()?;
    Err(pending("assess"))
}
