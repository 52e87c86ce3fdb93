//! `cutover`: the switch.

use clap::Args;
use transhume_engine::{
    cancel::Cancellation,
    conninfo::ConnectionSettings,
    cutover::{Ballot, CutoverFailure, CutoverOptions, CutoverReport, Gate, check, cutover},
    endpoints::Endpoints,
    error,
    report::Reporter,
};

use super::{
    stake::Asked,
    switch::{Switch, SwitchArguments},
};
use crate::{failure::Result, settings::Config};

const EXAMPLES: &str = "\
Examples:
  transhume cutover --check
  transhume cutover
  transhume cutover --rehearse
  transhume cutover --report /srv/tickets
  transhume cutover --override verification,long-transactions
  transhume cutover --yes --json > cutover.json
  transhume cutover --max-lag 64MB --lock-timeout 2s";

/// Stop writes on the source, drain, and open the target
///
/// Refused while a check fails: --check shows them all. Any failure before the target opens undoes the fence and
/// goes back to following: the application has only waited. Prints the write pause, step by step.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    switch: SwitchArguments,
    /// Open the target without reverse replication: nothing that it writes reaches the old source
    #[arg(long)]
    without_fallback: bool,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        self.switch.overlay(settings);
    }
}

impl Switch for Arguments {
    const ASKED: Asked = Asked::Cutover;
    const CLOSED: &str = "sources";

    fn arguments(&self) -> &SwitchArguments {
        &self.switch
    }

    fn options(&self, settings: &Config) -> Result<CutoverOptions> {
        Ok(CutoverOptions {
            without_fallback: self.without_fallback,
            ..self.switch.options(settings)?
        })
    }

    fn sides(endpoints: &Endpoints) -> (&ConnectionSettings, &ConnectionSettings) {
        (&endpoints.source, &endpoints.target)
    }

    fn consequence(names: &str) -> String {
        format!(
            "Writes on the sources of {names} will be stopped for good, and their targets will be opened for the \
             application: all of them, or none."
        )
    }

    async fn check(
        endpoints: &Endpoints,
        options: &CutoverOptions,
        reporter: &Reporter,
    ) -> error::Result<Gate> {
        check(endpoints, options, reporter).await
    }

    async fn perform(
        endpoints: &Endpoints,
        options: &CutoverOptions,
        ballot: Ballot,
        reporter: &Reporter,
        cancellation: &Cancellation,
    ) -> std::result::Result<Option<CutoverReport>, CutoverFailure> {
        cutover(endpoints, options, ballot, reporter, cancellation).await
    }

    fn next(report: &CutoverReport) -> String {
        match report.way_back {
            Some(_) => format!(
                "point the application to {} and keep `transhume run` going: {} follows it, and `transhume fallback` \
                 moves back; `transhume finish` ends that and removes what is left",
                report.target, report.source
            ),
            None => format!(
                "point the application to {}; then `transhume finish` removes what is left",
                report.target
            ),
        }
    }
}
