//! `cutover`: the switch.

use clap::Args;

use super::pending;
use crate::{
    arguments::replace,
    config::Config,
    failure::{Exit, Result},
    invocation::Invocation,
    quantity::{Size, Span},
    terminal::confirm::confirm,
};

const EXAMPLES: &str = "\
Examples:
  transhume cutover
  transhume cutover --yes --json > cutover.json
  transhume cutover --max-lag 64MB --lock-timeout 2s";

/// Stop writes on the source, drain, and open the target
///
/// Refused while the target is far behind. Any failure before the target opens undoes the fence and
/// goes back to following: the application has only waited. Prints the write pause, step by step.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Refuse while the target is further behind than this
    #[arg(long, value_name = "SIZE", env = "TRANSHUME_MAX_LAG")]
    max_lag: Option<Size>,
    /// How long one try of the fence may wait for running transactions
    #[arg(long, value_name = "DURATION", env = "TRANSHUME_LOCK_TIMEOUT")]
    lock_timeout: Option<Span>,
    /// How often the fence is tried
    #[arg(long, value_name = "NUMBER", env = "TRANSHUME_ATTEMPTS")]
    attempts: Option<u32>,
    /// How long the target may take to reach the fence
    #[arg(long, value_name = "DURATION", env = "TRANSHUME_DRAIN_TIMEOUT")]
    drain_timeout: Option<Span>,
    /// Increments that each sequence is set ahead of the source's value
    #[arg(long, value_name = "NUMBER", env = "TRANSHUME_SEQUENCE_MARGIN")]
    sequence_margin: Option<i64>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        replace(&mut settings.max_lag, self.max_lag.as_ref());
        replace(&mut settings.lock_timeout, self.lock_timeout.as_ref());
        replace(&mut settings.attempts, self.attempts.as_ref());
        replace(&mut settings.drain_timeout, self.drain_timeout.as_ref());
        replace(&mut settings.sequence_margin, self.sequence_margin.as_ref());
    }
}

pub(crate) async fn execute(arguments: &Arguments, invocation: &Invocation) -> Result<Exit> {
    let _endpoints = invocation.endpoints()?;
    confirm(
        &invocation.terminal,
        arguments.yes,
        "cutover",
        "Writes on the source will be stopped for good, and the target will be opened for the application.",
    )?;
    Err(pending("cutover"))
}
