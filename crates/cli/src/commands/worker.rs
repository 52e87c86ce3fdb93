//! `worker`: more hands for a full load that a runner has begun.

use clap::Args;

use super::pending;
use crate::{
    arguments::LoadArguments,
    config::Config,
    failure::{Exit, Result},
    invocation::Invocation,
};

const EXAMPLES: &str = "\
Examples:
  transhume worker --loaders 8                  on another machine, while `transhume run` loads";

/// Help a running full load from another process or machine
///
/// Copies rows and builds indexes together with the runner, and ends when nothing is left to do.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    load: LoadArguments,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        self.load.overlay(settings);
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let _endpoints = invocation.endpoints()?;
    Err(pending("worker"))
}
