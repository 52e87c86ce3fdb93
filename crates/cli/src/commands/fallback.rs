//! `fallback`: the switch back.

use clap::Args;
use transhume_engine::{
    cancel::Cancellation,
    conninfo::ConnectionSettings,
    cutover::{
        Ballot, CutoverFailure, CutoverOptions, CutoverReport, Gate,
        fallback::{check, fallback},
    },
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

impl Switch for Arguments {
    const ASKED: Asked = Asked::Fallback;
    const CLOSED: &str = "targets";

    fn arguments(&self) -> &SwitchArguments {
        &self.switch
    }

    fn options(&self, settings: &Config) -> Result<CutoverOptions> {
        let mut options = self.switch.options(settings)?;
        if let Some(pgbouncer) = &mut options.application.pgbouncer {
            // What the file says whole is about the way there; back, the entry that it made is pointed to the old source.
            pgbouncer.entry = None;
        }
        Ok(options)
    }

    fn sides(endpoints: &Endpoints) -> (&ConnectionSettings, &ConnectionSettings) {
        (&endpoints.target, &endpoints.source)
    }

    fn consequence(names: &str) -> String {
        format!(
            "Writes on the targets of {names} will be stopped, and their old sources will be opened for the application \
             again: all of them, or none."
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
        fallback(endpoints, options, ballot, reporter, cancellation).await
    }

    fn next(report: &CutoverReport) -> String {
        format!(
            "point the application to {}; then `transhume finish` removes what is left",
            report.target
        )
    }
}
