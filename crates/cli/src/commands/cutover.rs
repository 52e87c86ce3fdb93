//! `cutover`: the switch.

use std::path::PathBuf;
use transhume_engine::count::counted;

use clap::Args;
use transhume_engine::conninfo::ConnectionSettings;
use transhume_engine::cutover::{
    Ballot, ConditionName, ConditionState, CutoverFailure, CutoverOptions, CutoverReport, Gate,
    UnknownCondition, check, cutover,
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
        terminal::{
            confirm::confirm,
            style::{Style, Tone},
            table::table,
            write_pause,
        },
    },
};

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
    pub(super) check: bool,
    /// Do all but the last step on the real servers, undo it, and forecast the pause
    #[arg(long, conflicts_with = "check")]
    pub(super) rehearse: bool,
    /// Write the report as Markdown and HTML into this directory
    #[arg(long, value_name = "DIRECTORY", env = "TRANSHUME_REPORT")]
    report: Option<PathBuf>,
    /// Print only where the application is now, as a keyword string without user and password
    #[arg(long, conflicts_with_all = ["json", "check", "rehearse"])]
    print_dsn: bool,
    /// Do not ask
    #[arg(long)]
    pub(super) yes: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pgbouncer: PgBouncerArguments,
    #[command(flatten)]
    hooks: HookArguments,
}

impl Arguments {
    pub(super) fn overlay(&self, settings: &mut Config) {
        self.switch.overlay(settings);
    }

    fn options(&self, invocation: &Invocation) -> Result<CutoverOptions> {
        Ok(CutoverOptions {
            without_fallback: self.without_fallback,
            ..self.switch.options(&invocation.settings)?
        })
    }
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
        "cutover",
        &(consequence(switch.rehearse, &endpoints.source, &endpoints.target)
            + &stake(invocation, Asked::Cutover, switch.yes).await?),
    )?;
    move_over(arguments, invocation, Ballot::alone()).await
}

/// All databases of the file under one fence, or none.
pub(super) async fn together(arguments: &Arguments, group: &Group) -> Result<Exit> {
    let switch = &arguments.switch;
    if switch.check {
        return group.at_once(|member| execute(arguments, member)).await;
    }
    let names = group.names().join(", ");
    let consequence = if switch.rehearse {
        format!(
            "Writers on the sources of {names} will wait for as long as the rehearsal takes, then go on there."
        )
    } else {
        format!(
            "Writes on the sources of {names} will be stopped for good, and their targets will be opened for the \
             application: all of them, or none."
        )
    };
    let consequence = consequence + &stakes(&group.members, Asked::Cutover, switch.yes).await?;
    confirm(&group.terminal, switch.yes, "cutover", &consequence)?;
    let mut ballots = group.ballots();
    let mut ballot = || ballots.next().expect("invariant: there is one for each member");
    group
        .at_once(|member| move_over(arguments, member, ballot()))
        .await
}

async fn move_over(arguments: &Arguments, invocation: &Invocation, ballot: Ballot) -> Result<Exit> {
    let (endpoints, options) = (invocation.endpoints()?, arguments.options(invocation)?);
    let moved = shown(&invocation.terminal, async |reporter| {
        cutover(&endpoints, &options, ballot, reporter, &invocation.cancellation).await
    })
    .await;
    let Some(report) = reported(&arguments.switch, invocation, moved)? else {
        invocation.terminal.note("it was moved before");
        return Ok(Exit::Success);
    };
    let next = match report.way_back {
        Some(_) => format!(
            "point the application to {} and keep `transhume run` going: {} follows it, and `transhume fallback` moves \
             back; `transhume finish` ends that and removes what is left",
            report.target, report.source
        ),
        None => format!(
            "point the application to {}; then `transhume finish` removes what is left",
            report.target
        ),
    };
    conclude(&arguments.switch, invocation, &report, &next)
}

/// What was done; a report is written of what failed too.
pub(super) fn reported(
    switch: &SwitchArguments,
    invocation: &Invocation,
    moved: std::result::Result<Option<CutoverReport>, CutoverFailure>,
) -> Result<Option<CutoverReport>> {
    moved.map_err(|failure| {
        if let Some(report) = &failure.report {
            write_report(switch, invocation, report);
        }
        failure.into()
    })
}

fn write_report(switch: &SwitchArguments, invocation: &Invocation, report: &CutoverReport) {
    let Some(directory) = &switch.report else { return };
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
pub(super) fn conclude(
    switch: &SwitchArguments,
    invocation: &Invocation,
    report: &CutoverReport,
    next: &str,
) -> Result<Exit> {
    let terminal = &invocation.terminal;
    for finding in &report.findings {
        terminal.finding(finding);
    }
    write_report(switch, invocation, report);
    if switch.print_dsn {
        terminal.print(&format!("{}\n", report.target_dsn))?;
    } else {
        terminal.print_result(switch.json, report, text)?;
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

/// What the operator agrees to.
pub(super) fn consequence(rehearse: bool, from: &ConnectionSettings, to: &ConnectionSettings) -> String {
    if rehearse {
        return format!("Writers on {from} will wait for as long as the rehearsal takes, then go on there.");
    }
    format!("Writes on {from} will be stopped for good, and {to} will be opened for the application.")
}

pub(super) fn show_gate(json: bool, invocation: &Invocation, gate: &Gate) -> Result<Exit> {
    invocation.terminal.print_result(json, gate, gate_text)?;
    Ok(if gate.is_open() {
        Exit::Success
    } else {
        Exit::OperatorMustAct
    })
}

fn gate_text(gate: &Gate, style: Style) -> String {
    let mut lines: Vec<String> = Vec::new();
    for condition in &gate.conditions {
        let tone = match condition.state {
            ConditionState::Met => Tone::Good,
            ConditionState::Degraded | ConditionState::Overridden => Tone::Warning,
            ConditionState::Unmet => Tone::Bad,
        };
        let state = style.paint(tone, &format!("{:<10}", condition.state.name()));
        let name = style.paint(Tone::Label, &format!("{:<21}", condition.name.name()));
        lines.push(format!("{state}  {name}  {}", condition.evidence));
        if !condition.remedy.is_empty() {
            lines.push(format!("{:35}remedy: {}", "", condition.remedy));
        }
    }
    lines.push(match gate.unmet().count() {
        0 => "\nall checks passed".to_owned(),
        failed => format!("\n{} failed", counted(failed, "check")),
    });
    lines.join("\n") + "\n"
}

/// Also a part of the report of `demo`.
pub(super) fn text(report: &CutoverReport, _style: Style) -> String {
    let rows = report
        .steps
        .iter()
        .map(|step| vec![step.name.to_string(), format!("{:.1}", step.milliseconds)]);
    let steps = table(&["step", "milliseconds"], &[1], rows);
    let way_back = match report.way_back {
        Some(start) => format!("open, from {start} of {} on", report.target),
        None => "none".to_owned(),
    };
    let late = match report.late_changes {
        0 => "none".to_owned(),
        number => format!(
            "{} COMMITTED AFTER THE FENCE: on {} only",
            counted(number, "change").to_uppercase(),
            report.source
        ),
    };
    if let Some(forecast) = report.forecast_milliseconds {
        return format!(
            "{steps}\nrehearsed       {:.0} ms, all undone\nforecast        a write pause of about {forecast:.0} ms: {}\n",
            report.write_pause_milliseconds,
            write_pause::parts(&report.forecast_parts),
        );
    }
    format!(
        "{steps}\nwrite pause     {:.0} ms{}\nclosed          {}, at {}\nopen            {}\n\
         fence           taken at try {}, {} ended\nsequences set   {}\nfallback        {way_back}\nlate changes    {late}\n",
        report.write_pause_milliseconds,
        report::eased_before(report),
        report.source,
        report.fence_lsn,
        report.target,
        report.fence_attempts,
        counted(report.sessions_ended, "session"),
        report.sequences_set,
    )
}
