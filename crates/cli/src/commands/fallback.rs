//! `fallback`: the switch back.

use clap::Args;
use transhume_engine::fallback::{check, fallback};

use super::cutover::{SwitchArguments, show_gate, text};
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
    let options = switch.options(&invocation.settings);
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
        &format!(
            "Writes on {} will be stopped for good, and {} will be opened for the application again.",
            endpoints.target, endpoints.source
        ),
    )?;
    let report = shown(&invocation.terminal, async |reporter| {
        fallback(&endpoints, &options, reporter, &invocation.cancellation).await
    })
    .await?;
    let terminal = &invocation.terminal;
    for finding in &report.findings {
        terminal.finding(finding);
    }
    terminal.print_result(switch.json, &report, text)?;
    terminal.note("point the application to the old source; then `transhume finish` removes what is left");
    Ok(if report.late_changes == 0 {
        Exit::Success
    } else {
        Exit::OperatorMustAct
    })
}
