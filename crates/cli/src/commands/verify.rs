//! `verify`: compares both sides while traffic runs.

use clap::Args;

use super::pending;
use crate::{
    arguments::{count, replace},
    config::Config,
    failure::{Exit, Result},
    invocation::Invocation,
};

const EXAMPLES: &str = "\
Examples:
  transhume verify && transhume cutover
  transhume verify --json | jq '.tables[] | select(.equal | not)'

Exits with 0 where both sides are equal, 1 where they differ, 2 where they could not be compared.";

/// Compare both sides, exactly, while traffic runs
///
/// Every table is counted and digested on both sides at the same commit of the source. Nothing has
/// to be stopped, and every difference that is found is real.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Tables compared at once
    #[arg(long, value_name = "NUMBER", env = "TRANSHUME_COMPARERS", value_parser = count::<usize>)]
    comparers: Option<usize>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        replace(&mut settings.comparers, self.comparers.as_ref());
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let _endpoints = invocation.endpoints()?;
    Err(pending("verify"))
}
