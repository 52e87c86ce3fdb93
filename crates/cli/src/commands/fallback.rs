//! `fallback`: the switch back.

use clap::Args;
use transhume_engine::fallback::{check, fallback};

use super::cutover::{SwitchArguments, conclude, consequence, show_gate};
use crate::{
    config::Config,
    failure::{Exit, Result},
    invocation::Invocation,
    progress::shown,
    terminal::confirm::confirm,
};

const EXAMPLES: &str = "\
Examples:
  transhume fallback --check
  transhume fallback --rehearse
  transhume fallback
  transhume fallback --yes --json > fallback.json";

/// Move the application back to the old source, with all that it wrote on the target
///
/// The same as the cutover with the sides exchanged: stops writes on the target, lets the old source reach that
/// point, sets its sequences, and opens it again as it was before the cutover. Any failure before that opens
/// the target again, and the application has only waited.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    switch: SwitchArguments,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        self.switch.overlay(settings);
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    let switch = &arguments.switch;
    let mut options = switch.options(&invocation.settings)?;
    if let Some(pgbouncer) = &mut options.application.pgbouncer {
        // What the file says whole is about the way there; back, the entry that it made is pointed to the old source.
        pgbouncer.entry = None;
    }
    if switch.check {
        let gate = shown(&invocation.terminal, async |reporter| {
            check(&endpoints, &options, reporter).await
        });
        return show_gate(switch.json, invocation, &gate.await?);
    }
    confirm(
        &invocation.terminal,
        switch.yes,
        "fallback",
        &consequence(switch.rehearse, &endpoints.target, &endpoints.source),
    )?;
    let report = shown(&invocation.terminal, async |reporter| {
        fallback(&endpoints, &options, reporter, &invocation.cancellation).await
    })
    .await?;
    let next = "point the application to the old source; then `transhume finish` removes what is left";
    conclude(switch, invocation, &report, next)
}
