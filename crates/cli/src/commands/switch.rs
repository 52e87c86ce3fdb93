//! What `cutover` and `fallback` have in common: the switch, one way or the other.
//!
//! Owns what both ask of the operator, their order and what they say. Refuses the steps themselves: those are the engine's.

use std::path::PathBuf;

use clap::Args;
use transhume_engine::{
    cancel::Cancellation,
    conninfo::ConnectionSettings,
    cutover::{Ballot, ConditionName, CutoverFailure, CutoverOptions, CutoverReport, Gate, UnknownCondition},
    endpoints::Endpoints,
    error,
    report::Reporter,
};

use super::{
    group::Group,
    stake::{Asked, stake, stakes},
};
use crate::{
    failure::{Exit, Result},
    invocation::{Invocation, cutover_options},
    settings::{
        Config,
        application::{HookArguments, PgBouncerArguments},
        replace,
    },
    show::{
        progress::shown,
        quantity::{Size, Span},
        report,
        terminal::{confirm::confirm, gate, switch},
    },
};

/// One of both ways.
pub(super) trait Switch {
    const ASKED: Asked;
    /// What the sides that are closed are called.
    const CLOSED: &str;

    fn arguments(&self) -> &SwitchArguments;

    fn options(&self, settings: &Config) -> Result<CutoverOptions>;

    /// The side that is closed, and the one that is opened.
    fn sides(endpoints: &Endpoints) -> (&ConnectionSettings, &ConnectionSettings);

    /// What becomes of several databases, whose names are given.
    fn consequence(names: &str) -> String;

    async fn check(
        endpoints: &Endpoints,
        options: &CutoverOptions,
        reporter: &Reporter,
    ) -> error::Result<Gate>;

    async fn perform(
        endpoints: &Endpoints,
        options: &CutoverOptions,
        ballot: Ballot,
        reporter: &Reporter,
        cancellation: &Cancellation,
    ) -> std::result::Result<Option<CutoverReport>, CutoverFailure>;

    /// What to do behind it.
    fn next(report: &CutoverReport) -> String;
}

/// What the switch asks for, in either direction.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct SwitchArguments {
    #[arg(long, value_name = "SIZE")]
    max_lag: Option<Size>,
    #[arg(long, value_name = "DURATION")]
    lock_timeout: Option<Span>,
    #[arg(long, value_name = "NUMBER")]
    attempts: Option<u32>,
    #[arg(long, value_name = "DURATION")]
    drain_timeout: Option<Span>,
    #[arg(long, value_name = "DURATION")]
    max_pause: Option<Span>,
    #[arg(long, value_name = "NUMBER")]
    sequence_margin: Option<i64>,
    #[arg(long, value_name = "DURATION")]
    verified_within: Option<Span>,
    /// Pass over these checks where they fail; the report names them
    #[arg(long = "override", value_name = "CONDITION", value_delimiter = ',', value_parser = condition)]
    overrides: Vec<ConditionName>,
    /// Only show the checks; exit code 1 where one fails
    #[arg(long)]
    check: bool,
    /// Do all but the last step on the real servers, undo it, and forecast the pause
    #[arg(long, conflicts_with = "check")]
    rehearse: bool,
    /// Write the report as Markdown and HTML into this directory
    #[arg(long, value_name = "DIRECTORY", env = "TRANSHUME_REPORT")]
    report: Option<PathBuf>,
    /// Print only where the application is now, as a keyword string without user and password
    #[arg(long, conflicts_with_all = ["json", "check", "rehearse"])]
    print_dsn: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pgbouncer: PgBouncerArguments,
    #[command(flatten)]
    hooks: HookArguments,
}

impl SwitchArguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        replace(&mut settings.max_lag, self.max_lag.as_ref());
        replace(&mut settings.lock_timeout, self.lock_timeout.as_ref());
        replace(&mut settings.attempts, self.attempts.as_ref());
        replace(&mut settings.drain_timeout, self.drain_timeout.as_ref());
        replace(&mut settings.max_pause, self.max_pause.as_ref());
        replace(&mut settings.sequence_margin, self.sequence_margin.as_ref());
        replace(&mut settings.verified_within, self.verified_within.as_ref());
        self.pgbouncer.overlay(settings);
        self.hooks.overlay(settings);
    }

    pub(super) fn options(&self, settings: &Config) -> Result<CutoverOptions> {
        Ok(CutoverOptions {
            overrides: self.overrides.clone(),
            rehearse: self.rehearse,
            ..cutover_options(settings)?
        })
    }
}

fn condition(word: &str) -> std::result::Result<ConditionName, String> {
    word.parse().map_err(|error: UnknownCondition| error.to_string())
}

pub(super) async fn execute<S: Switch>(way: &S, invocation: &Invocation) -> Result<Exit> {
    let endpoints = invocation.endpoints()?;
    let arguments = way.arguments();
    if arguments.check {
        let options = way.options(&invocation.settings)?;
        let gate = shown(&invocation.terminal, async |reporter| {
            S::check(&endpoints, &options, reporter).await
        });
        return show_gate(arguments.json, invocation, &gate.await?);
    }
    let (closed, opened) = S::sides(&endpoints);
    let consequence =
        consequence(arguments.rehearse, closed, opened) + &stake(invocation, S::ASKED, arguments.yes).await?;
    confirm(
        &invocation.terminal,
        arguments.yes,
        S::ASKED.command(),
        &consequence,
    )?;
    perform(way, invocation, Ballot::alone()).await
}

/// All databases of the file under one fence, or none.
pub(super) async fn together<S: Switch>(way: &S, group: &Group) -> Result<Exit> {
    let arguments = way.arguments();
    if arguments.check {
        return group.at_once(|member| execute(way, member)).await;
    }
    let names = group.names().join(", ");
    let consequence = if arguments.rehearse {
        rehearsal(&format!("the {} of {names}", S::CLOSED))
    } else {
        S::consequence(&names)
    };
    let consequence = consequence + &stakes(&group.members, S::ASKED, arguments.yes).await?;
    confirm(&group.terminal, arguments.yes, S::ASKED.command(), &consequence)?;
    let mut ballots = group.ballots();
    let mut ballot = || ballots.next().expect("invariant: there is one for each member");
    group.at_once(|member| perform(way, member, ballot())).await
}

async fn perform<S: Switch>(way: &S, invocation: &Invocation, ballot: Ballot) -> Result<Exit> {
    let (endpoints, options) = (invocation.endpoints()?, way.options(&invocation.settings)?);
    let moved = shown(&invocation.terminal, async |reporter| {
        S::perform(&endpoints, &options, ballot, reporter, &invocation.cancellation).await
    })
    .await;
    let arguments = way.arguments();
    let Some(report) = reported(arguments, invocation, moved)? else {
        invocation.terminal.note("it was moved before");
        return Ok(Exit::Success);
    };
    conclude(arguments, invocation, &report, &S::next(&report))
}

/// What was done; a report is written of what failed too.
fn reported(
    arguments: &SwitchArguments,
    invocation: &Invocation,
    moved: std::result::Result<Option<CutoverReport>, CutoverFailure>,
) -> Result<Option<CutoverReport>> {
    moved.map_err(|failure| {
        if let Some(report) = &failure.report {
            write_report(arguments, invocation, report);
        }
        failure.into()
    })
}

fn write_report(arguments: &SwitchArguments, invocation: &Invocation, report: &CutoverReport) {
    let Some(directory) = &arguments.report else {
        return;
    };
    let terminal = &invocation.terminal;
    match report::write(directory, report) {
        Ok(paths) => terminal.note(&format!(
            "the report: {} and {}",
            paths[0].display(),
            paths[1].display()
        )),
        // What was asked for is done all the same.
        Err(failure) => terminal.warning(&failure.message),
    }
}

/// Shows and writes what was done, and says what comes next.
fn conclude(
    arguments: &SwitchArguments,
    invocation: &Invocation,
    report: &CutoverReport,
    next: &str,
) -> Result<Exit> {
    let terminal = &invocation.terminal;
    for finding in &report.findings {
        terminal.finding(finding);
    }
    write_report(arguments, invocation, report);
    if arguments.print_dsn {
        terminal.print(&format!("{}\n", report.target_dsn))?;
    } else {
        terminal.print_result(arguments.json, report, switch::text)?;
    }
    if report.rehearsal {
        return Ok(Exit::Success);
    }
    terminal.note(next);
    // They are on the closed side only: somebody must look at them.
    Ok(if report.late_changes == 0 {
        Exit::Success
    } else {
        Exit::OperatorMustAct
    })
}

fn rehearsal(closed: &str) -> String {
    format!("Writers on {closed} will wait for as long as the rehearsal takes, then go on there.")
}

/// What the operator agrees to.
fn consequence(rehearse: bool, from: &ConnectionSettings, to: &ConnectionSettings) -> String {
    if rehearse {
        return rehearsal(&from.to_string());
    }
    format!("Writes on {from} will be stopped for good, and {to} will be opened for the application.")
}

fn show_gate(json: bool, invocation: &Invocation, gate: &Gate) -> Result<Exit> {
    invocation.terminal.print_result(json, gate, gate::text)?;
    Ok(if gate.is_open() {
        Exit::Success
    } else {
        Exit::OperatorMustAct
    })
}
