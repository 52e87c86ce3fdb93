//! `fallback`: the switch back.

use clap::Args;
use transhume_engine::cutover::{
    Ballot, CutoverOptions,
    fallback::{check, fallback},
};

use super::{
    cutover::{SwitchArguments, conclude, consequence, reported, show_gate},
    group::Group,
    stake::{Asked, stake, stakes},
};
use crate::{
    failure::{Exit, Result},
    invocation::Invocation,
    settings::Config,
    show::{progress::shown, terminal::confirm::confirm},
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

    fn options(&self, invocation: &Invocation) -> Result<CutoverOptions> {
        let mut options = self.switch.options(&invocation.settings)?;
        if let Some(pgbouncer) = &mut options.application.pgbouncer {
            // What the file says whole is about the way there; back, the entry that it made is pointed to the old source.
            pgbouncer.entry = None;
        }
        Ok(options)
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    let switch = &arguments.switch;
    if switch.check {
        let options = arguments.options(invocation)?;
        let gate = shown(&invocation.terminal, async |reporter| {
            check(&endpoints, &options, reporter).await
        });
        return show_gate(switch.json, invocation, &gate.await?);
    }
    confirm(
        &invocation.terminal,
        switch.yes,
        "fallback",
        &(consequence(switch.rehearse, &endpoints.target, &endpoints.source)
            + &stake(invocation, Asked::Fallback, switch.yes).await?),
    )?;
    move_back(arguments, invocation, Ballot::alone()).await
}

/// All databases of the file under one fence, or none.
pub(super) async fn together(arguments: &Arguments, group: &Group) -> Result<Exit> {
    let switch = &arguments.switch;
    if switch.check {
        return group.at_once(|member| execute(arguments, member)).await;
    }
    let names = group.names().join(", ");
    let consequence = format!(
        "Writes on the targets of {names} will be stopped, and their old sources will be opened for the application \
         again: all of them, or none."
    );
    let consequence = consequence + &stakes(&group.members, Asked::Fallback, switch.yes).await?;
    confirm(&group.terminal, switch.yes, "fallback", &consequence)?;
    let mut ballots = group.ballots();
    let mut ballot = || ballots.next().expect("invariant: there is one for each member");
    group
        .at_once(|member| move_back(arguments, member, ballot()))
        .await
}

async fn move_back(arguments: &Arguments, invocation: &Invocation, ballot: Ballot) -> Result<Exit> {
    let (endpoints, options) = (invocation.endpoints()?, arguments.options(invocation)?);
    let moved = shown(&invocation.terminal, async |reporter| {
        fallback(&endpoints, &options, ballot, reporter, &invocation.cancellation).await
    })
    .await;
    let Some(report) = reported(&arguments.switch, invocation, moved)? else {
        invocation.terminal.note("it was moved before");
        return Ok(Exit::Success);
    };
    let next = format!(
        "point the application to {}; then `transhume finish` removes what is left",
        report.target
    );
    conclude(&arguments.switch, invocation, &report, &next)
}
