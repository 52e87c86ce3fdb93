//! `worker`: more hands for a full load that a runner has begun.

use clap::Args;
use transhume_engine::load::join::join;

use crate::{
    arguments::LoadArguments,
    failure::{Exit, Result},
    invocation::Invocation,
    settings::Config,
    show::progress::shown,
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

pub(crate) async fn execute(_arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    invocation.stopping.of_service(work(invocation).await)
}

async fn work(invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    let options = invocation.load_options();
    shown(&invocation.terminal, async |reporter| {
        join(&endpoints, &options, reporter, &invocation.cancellation).await
    })
    .await?;
    invocation.terminal.note("nothing is left to load or to build");
    Ok(Exit::Success)
}
